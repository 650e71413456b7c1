// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller writes and reads of models. Money is US dollars, times are milliseconds, amounts are tokens.

import type { Duration } from './duration.js'
import type { SchemaOutput } from './schema.js'

/** How models are reached, and what they may cost. */
export interface ModelsConfig {
  /**
   * The providers, by the name that requests and results call each by. One that goes by the name of its kind (`openai`, `openai-responses`, `anthropic`,
   * `gemini` or `google`, `azure`, `mistral`, `groq`, `deepseek`, `xai`, `together`, `openrouter`, `cohere`, `ollama`) needs no `kind`. Default: every kind whose key
   * is in the environment.
   */
  providers?: Readonly<Record<string, ProviderConfig>> | undefined
  /** Where a request goes on that its own model could not serve, as `provider/model` or `model`, in this order. Default: nowhere. */
  fallback?: readonly string[] | undefined
  /** What all calls of this orchestrator may use together, from its making on. Default: no limit. */
  budget?: ModelBudget | undefined
  /** What the executions of a tenant may use together, by its name, from the making of the orchestrator on. Default: no limit. */
  tenantBudgets?: Readonly<Record<string, ModelBudget>> | undefined
  /** Which answers the tasks of `llm` and `hybrid` agents take as they are, where neither the task nor its agent says. Default: none. */
  accept?: readonly AcceptedEnding[] | undefined
}

/** An answer that is not all of one: it was cut (`'length'`), withheld (`'content'`), or there is nothing in it (`'empty'`). */
export type AcceptedEnding = 'length' | 'content' | 'empty'

/** One provider. */
export interface ProviderConfig {
  /** Which wire it speaks; `'compatible'`: OpenAI's Chat Completions, and `endpoint` says where. Default: its name. */
  kind?: string | undefined
  /** Default: the usual environment variable of its kind, such as `OPENAI_API_KEY`. Where there is none, `ready()` and the first call say so. */
  apiKey?: string | undefined
  /** Where it is, if not where its kind is by itself. With its version or without, with the path of a call or a slash at its end: it means the same. */
  endpoint?: string | undefined
  /** Whether `endpoint` may be in a private network, or without TLS. Default false. */
  allowPrivate?: boolean | undefined
  /** Sent with each request, beside what its wire wants. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Azure: the name of the deployment (default: the model's), and the version of the API. */
  deployment?: string | undefined
  apiVersion?: string | undefined
  /** The model of requests that name the provider alone. Default: the one that `selectModel` would take of it. */
  model?: string | undefined
  /** What it lets through. What its answers say of their limits is heeded besides. Default: no limit. */
  rateLimit?: ModelRateLimit | undefined
  /**
   * How long one attempt may take. A duration alone is how long nothing may come: for `firstToken` and `betweenTokens` of a stream, and for `whole` of
   * an answer that comes at once.
   */
  timeout?: Duration | AttemptTimeouts | undefined
}

/**
 * How long one attempt may take. One that takes longer counts as paid; it goes to a fallback, and is made again as `maxAttempts` or a `retryPolicy` says,
 * or twice at most where the model has answered others in the last minute.
 */
export interface AttemptTimeouts {
  /** Until the first token of a stream, thoughts included. Default 300000 (5 min). */
  firstToken?: Duration | undefined
  /** From one token of a stream to the next. Default 120000 (2 min). */
  betweenTokens?: Duration | undefined
  /** Until the end. Default 600000 (10 min) of an answer that comes at once, 3600000 (1 h) of a stream. */
  whole?: Duration | undefined
}

/** How much of a model may be asked, for each of its models alike. */
export interface ModelRateLimit {
  requestsPerMinute?: number | undefined
  /** Input and output together, in any 60 s. */
  tokensPerMinute?: number | undefined
  requestsPerDay?: number | undefined
  /** Requests under way at once. */
  concurrentRequests?: number | undefined
}

/** What calls may use. `ERR_BUDGET_EXCEEDED`. */
export interface ModelBudget {
  /** US dollars. */
  usd?: number | undefined
  /** Input and output together. */
  tokens?: number | undefined
  /** Calls that are made, each counted once however often it is sent; a round of repair is another. */
  calls?: number | undefined
}

/** What a model must be able to do. */
export interface ModelRequirements {
  capabilities?: readonly { type: ModelCapability; quality?: 'basic' | 'good' | 'excellent' | (string & {}) | undefined }[] | undefined
  /** Tokens that input and output together must have room for. */
  contextLength?: number | undefined
  /** The most that one request may cost, in US dollars. */
  maxCost?: number | undefined
  /** The longest that one request may take, in milliseconds. */
  maxLatency?: number | undefined
  /** Its models come first if one of them fits; `reason` says when none does. */
  preferredProvider?: string | undefined
  structuredOutput?: boolean | undefined
  /** What is weighed most among those that fit. Default `'balanced'`. */
  mode?: 'quality' | 'balanced' | 'cost' | 'latency' | (string & {}) | undefined
  /** What a request is taken to use. Default: a share of `contextLength`; see docs/models.md. */
  estimatedInputTokens?: number | undefined
  maxOutputTokens?: number | undefined
  providers?: { allow?: readonly string[] | undefined; deny?: readonly string[] | undefined } | undefined
}

export type ModelCapability = 'text-generation' | 'code-generation' | 'reasoning' | 'tool-use' | 'vision' | 'audio' | (string & {})

/** The model that fits best, and why. */
export interface ModelSelection {
  readonly modelId: string
  readonly provider: string
  /** A sentence for people. */
  readonly reason: string
  /** US dollars for one request. */
  readonly estimatedCost: number
  /** Milliseconds for one request. */
  readonly estimatedLatency: number
  /** The next best, best first. */
  readonly alternatives: readonly { modelId: string; provider: string; estimatedCost: number; estimatedLatency: number }[]
}

/** One turn of a conversation. */
export interface ModelMessage {
  role: 'user' | 'assistant' | 'tool' | (string & {})
  content: string | readonly ModelPart[]
  /** What `GenerateResult.message` has: the provider's own record of its turn, which it wants back. */
  continuation?: unknown
}

/**
 * A part of a turn. Pictures and files are in the user's turns: `url` begins with `https:` or `data:`, `data` is base64. A file is a PDF or a text. What a
 * model's provider wants as bytes is fetched, and what a model cannot see is refused before it is sent. Pictures in the `result` of a tool, as MCP servers
 * give them (`[{ type: 'image', data, mimeType }]`), go as pictures where a model reads them.
 */
export type ModelPart =
  | { type: 'text'; text: string }
  | { type: 'image'; url: string }
  | { type: 'image'; data: string; mediaType: string }
  | { type: 'file'; url: string; mediaType?: string | undefined }
  | { type: 'file'; data: string; mediaType: string }
  | { type: 'tool-call'; id: string; name: string; arguments: unknown }
  | { type: 'tool-result'; id: string; result: unknown; isError?: boolean | undefined }

/** A tool as a model sees it. */
export interface ModelTool {
  name: string
  description: string
  /** A zod schema, any Standard Schema that can be a JSON Schema, or a JSON Schema of an object. */
  parameters: unknown
}

/** What a model is asked. One of `prompt` and `messages` is needed. */
export interface GenerateRequest {
  /** The provider, by its name. With neither this nor `model`, `requirements` decide. */
  provider?: string | undefined
  /** The model, as `model` or `provider/model`. */
  model?: string | undefined
  /** What the model must be able to do, if none is named. Default: `text-generation`, and what the request itself needs. */
  requirements?: ModelRequirements | undefined
  /** Instructions for the model. */
  system?: string | undefined
  prompt?: string | undefined
  messages?: readonly ModelMessage[] | undefined
  /** What `output` must be: the model is steered by it, and it judges. One round of repair. As `parameters` of a tool. */
  schema?: unknown
  tools?: readonly ModelTool[] | undefined
  toolChoice?: 'auto' | 'none' | 'required' | { tool: string } | undefined
  temperature?: number | undefined
  topP?: number | undefined
  /** Tokens of the answer, at most. */
  maxTokens?: number | undefined
  stop?: readonly string[] | undefined
  /** Further fields of the provider's own body. */
  extra?: Readonly<Record<string, unknown>> | undefined
  /** Instead of `models.fallback`. */
  fallback?: readonly string[] | undefined
  /** Requests to one model before it is given up, from 1 to 100. Default 5; see `AttemptTimeouts` for those that come too late. */
  maxAttempts?: number | undefined
  /** What this call may use, its retries included. */
  budget?: ModelBudget | undefined
  /**
   * Of `stream`: whether you can take back what has come. After a failure the answer is then asked for anew, by the same rules as before its first part, and
   * the first part of the new one says `restart: true`. Default false: what was delivered stays, and the call fails.
   */
  restart?: boolean | undefined
  /** The longest that all of it may take, waiting included. */
  timeout?: Duration | undefined
  signal?: AbortSignal | undefined
}

/** The tokens of one call, or of several. */
export interface TokenUsage {
  /** All of the request, those of the provider's cache included. */
  readonly inputTokens: number
  /** All of the answer, reasoning included. */
  readonly outputTokens: number
  /** Of `inputTokens`: read from the cache, and written to it. */
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
  /** Of `outputTokens`. */
  readonly reasoningTokens: number
  readonly totalTokens: number
}

export interface ModelToolCall {
  readonly id: string
  readonly name: string
  readonly arguments: unknown
}

/**
 * `'length'`: it was cut; `'content-filter'`: it was withheld, or refused; `'empty'`: it ended in order, and nothing was said; `'pause'`: the provider goes
 * on when it is sent `message`; `'other'`: for a reason that no other word is for.
 */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'empty' | 'pause' | 'other'

/** What a model answered. */
export interface GenerateResult<Output = unknown> {
  readonly text: string
  /** What `schema` made of the answer; absent if the model called tools instead. */
  readonly output?: Output
  readonly toolCalls: readonly ModelToolCall[]
  /** The answer as a turn to go on from. */
  readonly message: ModelMessage
  /** With that of requests before it which failed and said what they used. */
  readonly usage: TokenUsage
  /** US dollars. */
  readonly cost: number
  /** False if a price is not known, so that `cost` is too low, or if the provider does not say what was used, so that `usage` and `cost` are estimates. */
  readonly costComplete: boolean
  readonly model: string
  readonly provider: string
  readonly finishReason: FinishReason
  /** The provider's own word for it, where that says more, or its explanation of a refusal. */
  readonly finishDetail?: string
  /** Every request that was sent for it, in order. */
  readonly attempts: readonly ModelAttempt[]
  /** Fallbacks that were not to be asked, since they could not see all of the request, such as a picture. Absent: none. */
  readonly skipped?: readonly SkippedModel[]
}

/** A model that was not to be asked. */
export interface SkippedModel {
  readonly provider: string
  readonly model: string
  readonly reason: string
}

/** What a request brings: with a `schema` what that makes of the answer, which is there unless the model may call tools instead. */
export type Generated<S, T> = S extends undefined
  ? GenerateResult
  : T extends undefined
    ? GenerateResult<SchemaOutput<S>> & { readonly output: SchemaOutput<S> }
    : GenerateResult<SchemaOutput<S>>

/** One request, and what came of it. */
export interface ModelAttempt {
  readonly provider: string
  readonly model: string
  /** Milliseconds until it was sent: for its limits, or after the failure before it. */
  readonly waited: number
  /** Milliseconds from the request to the end of the answer. */
  readonly duration: number
  /** Why it failed: a class such as `rate` or `overload`. */
  readonly failure?: ModelFailureClass
  readonly message?: string
  /** Milliseconds that the provider asked to wait. */
  readonly retryAfterMs?: number
  /** Fields of the request that its model takes from nobody, such as `temperature`, and that were left out. */
  readonly omitted?: readonly string[]
  /** What came next. */
  readonly next: 'done' | 'retry' | 'fallback' | 'give-up'
}

export type ModelFailureClass = 'rate' | 'quota' | 'auth' | 'overload' | 'context' | 'content' | 'network' | 'invalid'

/** Of which answer a part is. */
export interface PartOrigin {
  /** Which of the requests of its call brought it, from 1. */
  readonly request: number
  /** Whether it is the first of an answer that is asked for anew: what came before it is void. See `GenerateRequest.restart`. */
  readonly restart?: true
}

/** What comes of a stream. */
export type StreamPart<Result = GenerateResult> =
  | ({ readonly type: 'text'; readonly text: string } & PartOrigin)
  | ({ readonly type: 'reasoning'; readonly text: string } & PartOrigin)
  | ({ readonly type: 'tool-call'; readonly toolCall: ModelToolCall } & PartOrigin)
  | { readonly type: 'usage'; readonly usage: TokenUsage; readonly cost: number }
  | { readonly type: 'done'; readonly result: Result }

/**
 * An answer as it comes. It begins when it is made; whoever does not read it can still await `result()`. Leaving a `for await` over it before its end, by
 * `break`, `return` or a throw, ends the request: `result()` then rejects with `ERR_CANCELLED`.
 */
export interface ModelStream<Result = GenerateResult> extends AsyncIterable<StreamPart<Result>> {
  /** The whole answer. */
  result(): Promise<Result>
}

/** What may be asked of models: by the orchestrator's `modelIntegration`, and within an attempt by `context.models`, where it is put on the task's account. */
export interface ModelCalls {
  /**
   * Asks a model and waits for the whole answer.
   *
   * @throws {ModelError} with the class of the failure and every attempt.
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
   */
  generate<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(
    request: GenerateRequest & { schema?: S; tools?: T },
  ): Promise<Generated<S, T>>
  /** Asks a model and gives the answer as it comes. After the first part neither another attempt nor another model is tried, but with `restart`. */
  stream<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(
    request: GenerateRequest & { schema?: S; tools?: T },
  ): ModelStream<Generated<S, T>>
}

/** A model, as far as it is known. */
export interface ModelInfo {
  readonly modelId: string
  readonly provider: string
  /** Tokens of input and output together. */
  readonly contextLength?: number
  readonly maxOutputTokens?: number
  readonly capabilities: readonly ModelCapability[]
  readonly quality?: 'basic' | 'good' | 'excellent'
  readonly structuredOutput?: boolean
  /** US dollars per million tokens. */
  readonly prices?: { readonly input?: number; readonly output?: number; readonly cacheRead?: number; readonly cacheWrite?: number }
  readonly released?: string
  readonly deprecated?: string
}

/** A model, with what was seen of it beside what is known. */
export interface ModelComparison extends ModelInfo {
  readonly calls: number
  /** 0 to 1; absent before the first call. */
  readonly successRate?: number
  /** Milliseconds. */
  readonly latency?: { readonly p50: number; readonly p95: number }
  readonly timeToFirstToken?: { readonly p50: number; readonly p95: number }
  readonly tokensPerSecond?: number
  /** US dollars in all. */
  readonly cost: number
}

/** A provider of your own. */
export interface CustomProvider {
  /** Answers one request; it is tried again as any other is: throw an error with `class` (a `ModelFailureClass`) to say what failed, and `retryAfterMs`. */
  generate(request: CustomRequest): Promise<CustomReply> | CustomReply
  /** Gives the answer as it comes. Default: `generate`, in one part. */
  stream?(request: CustomRequest): AsyncIterable<{ text: string } | CustomReply>
  /** Its models, for `selectModel`. */
  models?: readonly ModelRegistration[] | undefined
  rateLimit?: ModelRateLimit | undefined
}

/** What a provider of your own is asked. */
export interface CustomRequest {
  readonly model: string
  readonly system?: string
  readonly messages: readonly ModelMessage[]
  readonly tools: readonly { name: string; description: string; parameters: object }[]
  /** A JSON Schema. */
  readonly schema?: object
  readonly temperature?: number
  readonly maxTokens?: number
  readonly signal: AbortSignal
}

export interface CustomReply {
  text?: string | undefined
  toolCalls?: readonly { id: string; name: string; arguments: unknown }[] | undefined
  usage?:
    | { inputTokens: number; outputTokens: number; cacheReadTokens?: number | undefined; reasoningTokens?: number | undefined }
    | undefined
  finishReason?: FinishReason | undefined
}

/** What is known of a model, for one that the catalogue lacks or has wrong. Only what is given changes; `null` makes it unknown. */
export interface ModelRegistration {
  provider?: string | undefined
  id: string
  contextWindow?: number | null | undefined
  maxOutput?: number | null | undefined
  capabilities?: readonly ModelCapability[] | undefined
  quality?: 'basic' | 'good' | 'excellent' | null | undefined
  structuredOutput?: boolean | null | undefined
  /** US dollars per million tokens. */
  prices?:
    | { input?: number | undefined; output?: number | undefined; cacheRead?: number | undefined; cacheWrite?: number | undefined }
    | null
    | undefined
}

/** Models: which one, at what cost, and asking it. docs/models.md says how one is chosen. */
export interface ModelIntegration extends ModelCalls {
  /**
   * The model that fits best.
   *
   * @throws {ModelError} `ERR_NO_MODEL`, which says which requirement to relax.
   */
  selectModel(requirements: ModelRequirements): Promise<ModelSelection>
  /** Each model of the configured providers, with what was seen of it beside what is known. */
  getModelComparison(): ModelComparison[]
  /** Every model that is known, of configured providers or not. */
  listModels(filter?: {
    provider?: string | undefined
    capability?: ModelCapability | undefined
    configured?: boolean | undefined
  }): ModelInfo[]
  /** @throws {ConflictError} `ERR_PROVIDER_EXISTS` */
  registerProvider(name: string, provider: CustomProvider | ProviderConfig): void
  /** @throws {ValidationError} `ERR_INVALID_ARGUMENT` */
  registerModel(model: ModelRegistration): void
}
