// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller writes and reads of models. Money is US dollars, times are milliseconds, amounts are tokens.

import type { Duration } from './duration.js'
import type { SchemaOutput } from './schema.js'

/** The providers of models, and budgets. */
export interface ModelsConfig {
  /**
   * The providers by name. One that has the name of its kind (`openai`, `openai-responses`, `anthropic`,
   * `gemini` or `google`, `azure`, `mistral`, `groq`, `deepseek`, `xai`, `together`, `openrouter`, `cohere`, `ollama`) needs no `kind`. Default: every kind whose key
   * is in the environment.
   */
  providers?: Readonly<Record<string, ProviderConfig>> | undefined
  /** Models to try, in this order, when the first cannot serve a request: `provider/model` or `model`. Default: none. */
  fallback?: readonly string[] | undefined
  /** The budget of all calls of this orchestrator together: in each day or month with `per`, else since it was created. Default: no limit. */
  budget?: RecurringBudget | undefined
  /** The budget of all executions of a tenant together, by its name. Default: no limit. */
  tenantBudgets?: Readonly<Record<string, RecurringBudget>> | undefined
  /** The budget of all executions of a workflow together, by its id; `budget` of the workflow itself is that of one execution. Default: no limit. */
  workflowBudgets?: Readonly<Record<string, RecurringBudget>> | undefined
  /** The budget of all tasks of an agent together, by the name that tasks call it by. Default: no limit. */
  agentBudgets?: Readonly<Record<string, RecurringBudget>> | undefined
  /** Accepts cut, withheld or empty answers for `llm` and `hybrid` tasks, where neither the task nor its agent has `accept`. Default: none. */
  accept?: readonly AcceptedEnding[] | undefined
}

/** Why an answer is incomplete: it was cut (`'length'`), withheld (`'content'`), or is empty (`'empty'`). */
export type AcceptedEnding = 'length' | 'content' | 'empty'

/** One provider. */
export interface ProviderConfig {
  /** The API it speaks. `'compatible'`: OpenAI's Chat Completions at `endpoint`. Default: its name. */
  kind?: string | undefined
  /** Default: the usual environment variable of its kind, such as `OPENAI_API_KEY`. If it is missing, `ready()` and the first call reject. */
  apiKey?: string | undefined
  /** The base URL. Default: that of its kind. A version, the path of a call or a slash at the end make no difference. */
  endpoint?: string | undefined
  /** Whether `endpoint` may be in a private network, or without TLS. Default false. */
  allowPrivate?: boolean | undefined
  /** Further headers of each request. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Azure: the name of the deployment (default: the model's), and the version of the API. */
  deployment?: string | undefined
  apiVersion?: string | undefined
  /** The model of requests that name only the provider. Default: the one that `selectModel` would choose. */
  model?: string | undefined
  /** Its rate limits, besides those that its answers report. Default: no limit. */
  rateLimit?: ModelRateLimit | undefined
  /**
   * How long one attempt may take. A single duration sets `firstToken` and `betweenTokens` of a stream, and `whole` of an answer without streaming.
   */
  timeout?: Duration | AttemptTimeouts | undefined
}

/**
 * How long one attempt may take. One that takes longer counts as paid. It goes to a fallback, or is retried by `maxAttempts` or `retryPolicy`: at most
 * twice, if the model has answered other requests in the last minute.
 */
export interface AttemptTimeouts {
  /** Until the first token of a stream, thoughts included. Default 300000 (5 min). */
  firstToken?: Duration | undefined
  /** From one token of a stream to the next. Default 120000 (2 min). */
  betweenTokens?: Duration | undefined
  /** Until the end. Default 600000 (10 min) of an answer that comes at once, 3600000 (1 h) of a stream. */
  whole?: Duration | undefined
}

/** The rate limits of each model of a provider. */
export interface ModelRateLimit {
  requestsPerMinute?: number | undefined
  /** Input and output together, in any 60 s. */
  tokensPerMinute?: number | undefined
  requestsPerDay?: number | undefined
  /** Requests under way at once. */
  concurrentRequests?: number | undefined
}

/** Limits the use of calls. `ERR_BUDGET_EXCEEDED`. */
export interface ModelBudget {
  /** US dollars. */
  usd?: number | undefined
  /** Input and output together. */
  tokens?: number | undefined
  /** Calls. Retries of a call count once with it; a round of repair is another call. */
  calls?: number | undefined
}

/** A budget that may begin anew. */
export interface RecurringBudget extends ModelBudget {
  /**
   * When it begins anew: at midnight or on the first of a month, UTC. What was spent in the window under way is kept beside the store over restarts. Default:
   * never, and it counts from when the orchestrator was created.
   */
  per?: 'day' | 'month' | undefined
}

/** Requirements that choose a model. */
export interface ModelRequirements {
  capabilities?: readonly { type: ModelCapability; quality?: 'basic' | 'good' | 'excellent' | (string & {}) | undefined }[] | undefined
  /** The context length needed for input and output together, in tokens. */
  contextLength?: number | undefined
  /** The most that one request may cost, in US dollars. */
  maxCost?: number | undefined
  /** The longest that one request may take, in milliseconds. */
  maxLatency?: number | undefined
  /** Its models come first if one of them fits; `reason` says when none does. */
  preferredProvider?: string | undefined
  structuredOutput?: boolean | undefined
  /** What weighs most among the models that fit. Default `'balanced'`. */
  mode?: 'quality' | 'balanced' | 'cost' | 'latency' | (string & {}) | undefined
  /** The expected use of a request, in tokens. Default: a share of `contextLength`; see docs/models.md. */
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
  /** The provider's own record of its turn, from `GenerateResult.message`. Send it back unchanged. */
  continuation?: unknown
}

/**
 * A part of a turn. Pictures and files belong to the user's turns: `url` begins with `https:` or `data:`, `data` is base64. A file is a PDF or text. A
 * `url` is fetched if the provider wants bytes, and a part that the model cannot read is refused before the request. Pictures in the `result` of a tool, as
 * MCP servers return them (`[{ type: 'image', data, mimeType }]`), are sent as pictures to models that read them.
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

/** A request to a model. It needs `prompt` or `messages`. */
export interface GenerateRequest {
  /** The provider, by its name. With neither this nor `model`, `requirements` decide. */
  provider?: string | undefined
  /** The model, as `model` or `provider/model`. */
  model?: string | undefined
  /** Requirements that choose the model, if none is named. Default: `text-generation`, and the needs of the request itself. */
  requirements?: ModelRequirements | undefined
  /** Instructions for the model. */
  system?: string | undefined
  prompt?: string | undefined
  messages?: readonly ModelMessage[] | undefined
  /** The schema of `output`, in the forms of a tool's `parameters`. It guides the model and validates the answer, with one round of repair. */
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
  /** Limits of this call, including its retries. */
  budget?: ModelBudget | undefined
  /**
   * For `stream`: lets the call start again after a failure in the middle of an answer. The first part of the new answer has `restart: true`, and voids the
   * parts before it. Default false: the call fails.
   */
  restart?: boolean | undefined
  /** The longest that the whole call may take, waiting included. */
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
 * Why an answer ended. `'length'`: it was cut; `'content-filter'`: it was withheld or refused; `'empty'`: it ended normally without content; `'pause'`: the
 * provider continues when it is sent `message`; `'other'`: any other reason.
 */
export type FinishReason = 'stop' | 'length' | 'tool-calls' | 'content-filter' | 'empty' | 'pause' | 'other'

/** The answer of a model. */
export interface GenerateResult<Output = unknown> {
  readonly text: string
  /** The answer as `schema` parsed it; absent if the model called tools instead. */
  readonly output?: Output
  readonly toolCalls: readonly ModelToolCall[]
  /** The answer as a message, to continue the conversation. */
  readonly message: ModelMessage
  /** Tokens, including those of failed requests before it that reported theirs. */
  readonly usage: TokenUsage
  /** US dollars. */
  readonly cost: number
  /** False if a price is unknown, so that `cost` is too low, or if the provider reports no usage, so that `usage` and `cost` are estimates. */
  readonly costComplete: boolean
  readonly model: string
  readonly provider: string
  readonly finishReason: FinishReason
  /** The provider's own word, where it says more, or its explanation of a refusal. */
  readonly finishDetail?: string
  /** Every request that was sent for it, in order. */
  readonly attempts: readonly ModelAttempt[]
  /** Fallbacks that were not called, because they cannot read part of the request, such as a picture. Absent: none. */
  readonly skipped?: readonly SkippedModel[]
}

/** A model that was not called. */
export interface SkippedModel {
  readonly provider: string
  readonly model: string
  readonly reason: string
}

/** The result of a request. With a `schema` it has `output`, unless the model may call tools instead. */
export type Generated<S, T> = S extends undefined
  ? GenerateResult
  : T extends undefined
    ? GenerateResult<SchemaOutput<S>> & { readonly output: SchemaOutput<S> }
    : GenerateResult<SchemaOutput<S>>

/** One request to a model, and its outcome. */
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
  /** Fields of the request that the model does not accept, such as `temperature`, and that were left out. */
  readonly omitted?: readonly string[]
  /** The next step. */
  readonly next: 'done' | 'retry' | 'fallback' | 'give-up'
}

export type ModelFailureClass = 'rate' | 'quota' | 'auth' | 'overload' | 'context' | 'content' | 'network' | 'invalid'

/** The answer that a part belongs to. */
export interface PartOrigin {
  /** The number of the request within the call, from 1. */
  readonly request: number
  /** Present on the first part of an answer that started again: earlier parts are void. See `GenerateRequest.restart`. */
  readonly restart?: true
}

/** One part of a stream. */
export type StreamPart<Result = GenerateResult> =
  | ({ readonly type: 'text'; readonly text: string } & PartOrigin)
  | ({ readonly type: 'reasoning'; readonly text: string } & PartOrigin)
  | ({ readonly type: 'tool-call'; readonly toolCall: ModelToolCall } & PartOrigin)
  | { readonly type: 'usage'; readonly usage: TokenUsage; readonly cost: number }
  | { readonly type: 'done'; readonly result: Result }

/**
 * An answer in parts. The request begins at once; a caller that does not read the parts can still await `result()`. Leaving a `for await` before its end,
 * by `break`, `return` or a throw, cancels the request: `result()` then rejects with `ERR_CANCELLED`.
 */
export interface ModelStream<Result = GenerateResult> extends AsyncIterable<StreamPart<Result>> {
  /** The whole answer. */
  result(): Promise<Result>
}

/** Calls models: as `modelIntegration` of the orchestrator, and as `context.models` on the account of a task. */
export interface ModelCalls {
  /**
   * Calls a model and waits for the whole answer.
   *
   * @throws {ModelError} with the class of the failure and every attempt.
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` with every problem by path.
   */
  generate<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(
    request: GenerateRequest & { schema?: S; tools?: T },
  ): Promise<Generated<S, T>>
  /** Calls a model and streams its answer. After the first part there is no retry and no fallback, unless `restart` is set. */
  stream<S = undefined, T extends readonly ModelTool[] | undefined = undefined>(
    request: GenerateRequest & { schema?: S; tools?: T },
  ): ModelStream<Generated<S, T>>
}

/** The known properties of a model. */
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

/** A model with its known properties and the figures of its calls. */
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
  /** Answers one request. To fail, throw an error with `class` (a `ModelFailureClass`) and `retryAfterMs`; it is retried as for any provider. */
  generate(request: CustomRequest): Promise<CustomReply> | CustomReply
  /** Yields the answer in parts. Default: `generate`, in one part. */
  stream?(request: CustomRequest): AsyncIterable<{ text: string } | CustomReply>
  /** Its models, for `selectModel`. */
  models?: readonly ModelRegistration[] | undefined
  rateLimit?: ModelRateLimit | undefined
}

/** A request to a provider of your own. */
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

/** Properties of a model that the catalogue lacks or has wrong. Absent fields stay as they are; `null` makes one unknown. */
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

/** Chooses and calls models, and knows what they cost. docs/models.md says how one is chosen. */
export interface ModelIntegration extends ModelCalls {
  /**
   * Returns the model that fits best.
   *
   * @throws {ModelError} `ERR_NO_MODEL`, which says which requirement to relax.
   */
  selectModel(requirements: ModelRequirements): Promise<ModelSelection>
  /** Returns each model of the configured providers, with its known properties and the figures of its calls. */
  getModelComparison(): ModelComparison[]
  /** Returns every known model, of configured providers or not. */
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
