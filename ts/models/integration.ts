// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Models, as the orchestrator offers them.
//
//   request ─▶ judged ─▶ who may answer (recorded) ─▶ call ─▶ answer ─▶ judged by the schema (output.ts) ─▶ result

import { abortedOf } from '../base/abort.js'
import { looking } from '../json/entry.js'
import { ClosedError, ConflictError, ValidationError } from '../api/errors.js'
import { describe, memberPath, type Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import { pushRefusal } from '../base/names.js'
import type { ModelAccount } from './account.js'
import { ModelCallsUnderWay, type CallsHost, type CallWait, type Delta, type Ended } from './calls.js'
import { providersOfEnvironment, readProvider, type ResolvedModels, type ResolvedProvider } from '../config/models.js'
import { comparisonOf, listed, readModelFilter, registrationOf, type Known, type ModelFilter } from './known.js'
import { structured } from './output.js'
import { CallOfAttempt } from './past.js'
import { readRequest, type ReadRequest } from './request.js'
import { readRegistration, readRequirements } from './requirements.js'
import { readCustomProvider } from './custom-provider.js'
import { assertWanted, dollarsOf, errorOfCall, resultOf } from './result.js'
import { retryOf } from './retry.js'
import { AnswerStream } from './stream.js'
import { placeErrors } from '../base/placed.js'
import type { KnownModels } from './stand-ins.js'
import type {
  AcceptedEnding,
  CustomProvider,
  Generated,
  GenerateRequest,
  GenerateResult,
  ModelBudget,
  ModelCalls,
  ModelComparison,
  ModelInfo,
  ModelIntegration,
  ModelRegistration,
  ModelRequirements,
  ModelSelection,
  ModelStream,
  ProviderConfig,
  SkippedModel,
  StreamPart,
} from '../api/models.js'
import type { ModelCount } from './counts.js'
import type { RetryPolicy } from '../api/task.js'
import { ATTEMPT_TIMES } from '../config/times.js'
import { budgetsOf, budgetText, scopesOf } from './budgets.js'

/** Who reads an answer as it comes. */
interface Reader {
  readonly tell: (part: StreamPart) => void
  /** Aborts when it reads no more. */
  readonly left: AbortSignal
}
/** Two names of one provider. */
const OTHER_NAMES: Readonly<Record<string, string>> = { google: 'gemini', gemini: 'google' }

/** Who asks: an attempt of a task. */
export interface Caller {
  readonly account: ModelAccount
  readonly signal: AbortSignal
  readonly priority: number
  readonly retryPolicy: RetryPolicy | undefined
  /** The models it may ask, by `provider/model` or `model`; `undefined`: every one. */
  readonly allow: readonly string[] | undefined
  /** In which trace it asks. */
  readonly traceparent?: string | undefined
}

/** The models of one orchestrator. The addon is told of them when they are first needed. */
export class ModelGateway implements ModelIntegration, KnownModels {
  static {
    placeErrors(this.prototype, ['generate', 'selectModel', 'getModelComparison', 'listModels', 'registerProvider', 'registerModel'])
  }

  readonly #config: ResolvedModels
  readonly #host: CallsHost
  readonly #custom = new Map<string, CustomProvider>()
  readonly #added = new Map<string, ResolvedProvider>()
  /** Configured providers that cannot be used, for want of a key as a rule, and why. */
  readonly #unusable = new Map<string, Issue>()
  readonly #scopes = new Set<string>()
  #calls: ModelCallsUnderWay | undefined
  readonly #providerAdded: () => void
  #ownScopes = 0
  #paid: (() => void) | undefined
  #closed = false

  /** `added` is told when a provider was registered. */
  constructor(config: ResolvedModels, host: CallsHost, added: () => void) {
    this.#config = config
    this.#host = host
    this.#providerAdded = added
  }

  /** Attempts whose calls all wait for time to pass. */
  waiting(): number {
    return this.#calls?.waiting() ?? 0
  }

  /** What calls have come to, by model. */
  counted(): Iterable<ModelCount> {
    return this.#calls?.counts.values() ?? []
  }

  /** What the calls on an account wait for. */
  waitsOf(account: object): readonly CallWait[] {
    return this.#calls?.waitsOf(account) ?? []
  }

  /** Which answers tasks take as they are, where nothing else is said. */
  get accept(): readonly AcceptedEnding[] {
    return this.#config.accept
  }

  /** Whether there is anybody to ask. */
  isConfigured(): boolean {
    return this.#names().length > 0
  }

  /** Whether nobody has said whom to ask: a key in the environment does. */
  areOfEnvironment(): boolean {
    return this.#config.providers === null && this.#added.size === 0
  }

  /** The model that a request is sent to that says nothing of it, as `provider/model`; `undefined` if none can be told. */
  firstName(): string | undefined {
    try {
      const chat = { messages: [{ role: 'user', content: [{ type: 'text', text: '' }] }] }
      const choice = JSON.parse(this.#open().native.choose('{}', JSON.stringify(chat))) as {
        targets: { provider: string; model: string }[]
      }
      const [first] = choice.targets
      return first && `${first.provider}/${first.model}`
    } catch {
      // Whoever asks it hears why.
      return undefined
    }
  }

  // oxlint-disable-next-line typescript/require-await -- what is wrong with the requirements rejects
  async selectModel(requirements: ModelRequirements): Promise<ModelSelection> {
    const issues: Issue[] = []
    const given = looking(requirements, 'requirements', 'the requirements cannot be used', () =>
      readRequirements(requirements, 'requirements', issues),
    )
    refuse(issues, 'the requirements cannot be used')
    const calls = this.#open()
    this.#assertUsable({ fallback: [] })
    const { modelId, provider, reason, estimatedCost, estimatedLatency, alternatives } = JSON.parse(
      calls.native.select(JSON.stringify(given)),
    ) as Selected
    return {
      modelId,
      provider,
      reason,
      estimatedCost: dollarsOf(estimatedCost.nanos),
      estimatedLatency,
      alternatives: alternatives.map((other) => ({
        modelId: other.modelId,
        provider: other.provider,
        estimatedCost: dollarsOf(other.estimatedCost.nanos),
        estimatedLatency: other.estimatedLatency,
      })),
    }
  }

  getModelComparison(): ModelComparison[] {
    return this.#known(false).map(comparisonOf)
  }

  listModels(filter?: ModelFilter): ModelInfo[] {
    const asked = readModelFilter(filter)
    return listed(this.#known(asked.configured !== true), asked)
  }

  registerProvider(name: string, provider: CustomProvider | ProviderConfig): void {
    looking(provider, 'provider', 'the provider cannot be used', () => this.#registerProvider(name, provider))
  }

  #registerProvider(name: string, provider: CustomProvider | ProviderConfig): void {
    const issues: Issue[] = []
    if (typeof name !== 'string' || name === '' || name.includes('/'))
      issues.push({ path: 'name', message: 'must be a non-empty string without `/`' })
    else pushRefusal(name, 'name', issues)
    if (typeof provider !== 'object' || provider === null)
      issues.push({ path: 'provider', message: `must be an object such as { generate }, not ${describe(provider)}` })
    if (issues.length === 0 && this.#names().includes(name))
      throw new ConflictError('ERR_PROVIDER_EXISTS', `provider \`${name}\` is already configured; choose another name`)
    if (issues.length === 0 && 'generate' in provider) {
      const { models, rateLimit } = readCustomProvider(name, provider, issues)
      refuse(issues, 'the provider cannot be used')
      // What is wrong with one of them must not leave a provider without them behind.
      for (const model of models) this.#register(model)
      this.#custom.set(name, provider)
      this.#add(name, { connection: null, rateLimit, timeouts: ATTEMPT_TIMES })
      return
    }
    const resolved = issues.length === 0 ? readProvider(name, provider, 'provider', issues) : undefined
    refuse(issues, 'the provider cannot be used')
    if (resolved !== undefined) this.#add(name, resolved)
  }

  registerModel(model: ModelRegistration): void {
    const issues: Issue[] = []
    const read = looking(model, 'model', 'the model cannot be registered', () => readRegistration(model, 'model', issues))
    refuse(issues, 'the model cannot be registered')
    this.#register(read)
  }

  #register(model: ModelRegistration): void {
    this.#open().native.register(JSON.stringify(registrationOf(model)))
  }

  generate<S, T>(request: GenerateRequest): Promise<Generated<S, T>> {
    return this.#generate(request, undefined) as Promise<Generated<S, T>>
  }

  stream<S, T>(request: GenerateRequest): ModelStream<Generated<S, T>> {
    return this.#stream(request, undefined) as ModelStream<Generated<S, T>>
  }

  /** The same calls on the account of an attempt: recorded, paid from its budgets, and aborted with it. */
  callsOf(caller: Caller): ModelCalls {
    return {
      generate: (request) => this.#generate(request, caller),
      stream: (request) => this.#stream(request, caller),
    } as ModelCalls
  }

  async #generate(request: GenerateRequest, caller: Caller | undefined): Promise<GenerateResult> {
    return await this.#ask(readRequest(request), caller, undefined)
  }

  #stream(request: GenerateRequest, caller: Caller | undefined): ModelStream {
    return new AnswerStream(async (tell, left) => await this.#ask(readRequest(request), caller, { tell, left }))
  }

  /** Nothing is asked any more. */
  close(): void {
    this.#closed = true
    this.#calls?.close()
  }

  async #ask(request: ReadRequest, caller: Caller | undefined, reader: Reader | undefined): Promise<GenerateResult> {
    const own = request.budget === undefined ? [] : [this.#ownScope(request.budget)]
    const call = (chat: ReadRequest['chat']): Promise<GenerateResult> => this.#call(request, chat, caller, own, reader)
    try {
      const { chat, schema } = request
      return schema === undefined ? await call(chat) : await structured(chat, schema, call, reader !== undefined)
    } finally {
      for (const scope of own) this.#calls?.native.forgetBudget(scope)
    }
  }

  /** One call, its retries and fallbacks included, which ends when the caller's own signal or that of its attempt aborts, or its reader leaves. */
  async #call(
    request: ReadRequest,
    chat: ReadRequest['chat'],
    caller: Caller | undefined,
    paying: readonly string[],
    reader: Reader | undefined,
  ): Promise<GenerateResult> {
    const signals = [request.signal, caller?.signal, reader?.left].filter((one) => one !== undefined)
    const begun = await this.#begin(request, chat, caller, paying, reader?.tell, signals)
    if ('before' in begun) return repeated(begun.before, reader?.tell)
    const { own, skipped } = begun
    const end = await begun.ended
    this.#paid?.()
    // A call that was never sent has cost nothing.
    if (end.attempts.length > 0) own?.ended(end)
    if (end.type === 'failed') throw errorOfCall(end, abortedOf(signals), skipped)
    return { ...resultOf(end), ...(skipped.length > 0 && { skipped }) }
  }

  /** Apart from what waits for the end: prompts may be long, and what was written of them is not held for as long as an answer takes. */
  async #begin(
    request: ReadRequest,
    chat: ReadRequest['chat'],
    caller: Caller | undefined,
    paying: readonly string[],
    tell: ((part: StreamPart) => void) | undefined,
    signals: readonly AbortSignal[],
  ): Promise<Begun> {
    const calls = this.#open()
    assertWanted(signals)
    this.#assertUsable(request.wanted as Named)
    const allowed = caller?.allow === undefined ? {} : { allow: caller.allow }
    const [wanted, asks] = [JSON.stringify({ ...(request.wanted as object), ...allowed }), JSON.stringify(chat)]
    const call = calls.number()
    const own = caller && new CallOfAttempt(caller.account, wanted, asks)
    // Each is written once, for the choice and for the call.
    const asked = own === undefined ? `"chat":${asks},"wanted":${wanted}` : await this.#chosen(calls, call, own, wanted, asks, signals)
    if (typeof asked !== 'string') return { before: asked }
    const budgets = [...paying, ...this.#scopesOf(calls, caller)]
    const { maxAttempts } = request
    const retry = { ...retryOf(caller?.retryPolicy), ...(maxAttempts !== undefined && { maxAttempts }) }
    const { timeoutMs } = request
    const terms = {
      stream: tell !== undefined,
      restart: request.restart,
      budgets,
      retry,
      priority: caller?.priority ?? 0,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(caller?.traceparent !== undefined && { traceparent: caller.traceparent }),
    }
    const text = `{${asked},${JSON.stringify(terms).slice(1)}`
    return { ...calls.begin(call, text, { account: caller?.account, signals, delta: tell && partsTo(tell) }), own }
  }

  /** What a call of an attempt is begun with: who may answer is put on record first. Or its answer, where that is on record. */
  async #chosen(
    calls: ModelCallsUnderWay,
    call: number,
    own: CallOfAttempt,
    wanted: string,
    asks: string,
    signals: readonly AbortSignal[],
  ): Promise<string | GenerateResult> {
    let isKept = false
    try {
      const choice = await own.choose(() => {
        const chosen = JSON.parse(calls.native.choose(wanted, asks, call)) as Json
        isKept = true
        return chosen
      })
      const before = own.answered()
      if (before !== undefined) return before
      // While that was put on record it may have been given up.
      assertWanted(signals)
      return `${isKept ? '' : `"chat":${asks},`}"choice":${JSON.stringify(choice)}`
    } catch (error) {
      calls.native.cancel(call)
      throw error
    }
  }

  #scopesOf(calls: ModelCallsUnderWay, caller: Caller | undefined): string[] {
    if (caller === undefined) return scopesOf(this.#config, {})
    const { budgets } = caller.account
    const scopes = scopesOf(this.#config, caller.account)
    for (const { scope, budget, spent } of budgets) {
      // Asked before the scope is known: from then on the gateway keeps the account itself.
      const { costNanos: usdNanos = 0, inputTokens = 0, outputTokens = 0, calls: made = 0 } = this.#scopes.has(scope) ? {} : spent()
      scopes.push(this.#pay(calls, scope, budget, { usdNanos, tokens: inputTokens + outputTokens, calls: made }))
    }
    return scopes
  }

  #pay(calls: ModelCallsUnderWay, scope: string, budget: ModelBudget, spent: object): string {
    if (!this.#scopes.has(scope)) {
      this.#scopes.add(scope)
      calls.native.setBudget(scope, budgetText(budget), JSON.stringify(spent))
    }
    return scope
  }

  /** The budgets that begin anew, as `models::BudgetWindow` writes them: JSON text. `paid`: called when a call has been paid for. */
  budgetWindows(paid: () => void): { readonly read: () => string; readonly restore: (windows: string) => void } | undefined {
    if (budgetsOf(this.#config).every(([, { per }]) => per === undefined)) return undefined
    this.#paid = paid
    return { read: () => this.#open().native.budgetWindows(), restore: (windows) => this.#open().native.restoreBudgets(windows) }
  }

  /** Nobody pays from a scope any more. */
  forget(scope: string): void {
    if (this.#scopes.delete(scope)) this.#calls?.native.forgetBudget(scope)
  }

  #ownScope(budget: ModelBudget): string {
    this.#ownScopes += 1
    const scope = `request:${this.#ownScopes}`
    this.#open().native.setBudget(scope, budgetText(budget), '{}')
    return scope
  }

  #names(): string[] {
    return [...Object.keys(this.#config.providers ?? providersOfEnvironment()), ...this.#added.keys()]
  }

  #add(name: string, provider: ResolvedProvider): void {
    if (this.#calls !== undefined) this.#tell(this.#calls, name, provider)
    this.#added.set(name, provider)
    this.#providerAdded()
  }

  /** One that cannot be used, for want of a key as a rule, must not keep the others from being asked; whoever asks it hears why. */
  #tell(calls: ModelCallsUnderWay, name: string, provider: ResolvedProvider): void {
    const problem = calls.native.addProvider(name, JSON.stringify(provider))
    if (problem === undefined) return
    const place = memberPath('models.providers', name)
    this.#unusable.set(name, { path: `${place}.${problem.field}`, message: problem.message, code: 'ERR_INVALID_VALUE' })
  }

  /** Why a provider that a request names cannot be asked, or why there is none at all. */
  #assertUsable({ provider, model, fallback = this.#config.fallback }: Named): void {
    if (this.#unusable.size === 0) return
    for (const meant of [provider ?? prefixOf(model), ...fallback.map(prefixOf)]) {
      const issue = this.#whyUnusable(meant)
      if (issue !== undefined) throw new ValidationError('ERR_INVALID_ARGUMENT', `provider \`${meant}\` cannot be used`, [issue])
    }
    if (this.#unusable.size === this.#names().length)
      throw new ValidationError('ERR_INVALID_ARGUMENT', 'none of the configured model providers can be used', [...this.#unusable.values()])
  }

  #whyUnusable(provider: string | undefined): Issue | undefined {
    if (provider === undefined) return undefined
    return this.#unusable.get(provider) ?? this.#unusable.get(OTHER_NAMES[provider] ?? provider)
  }

  /**
   * That each configured provider can be used, and each fallback is one of them: of a program that never asks one, that is nobody's business.
   *
   * @throws {ValidationError} `ERR_CONFIG` with what is wrong with each.
   */
  assertReady(): void {
    const { fallback } = this.#config
    if (this.#closed || (this.areOfEnvironment() && fallback.length === 0)) return
    const { native } = this.#open()
    const issues = [...this.#unusable.values()]
    for (const { index, message } of native.misnamedFallback()) {
      // What is wrong with a provider is said once.
      if (this.#whyUnusable(prefixOf(fallback[index])) !== undefined) continue
      issues.push({ path: memberPath('models.fallback', index), message, code: 'ERR_INVALID_VALUE' })
    }
    if (issues.length > 0) throw new ValidationError('ERR_CONFIG', 'the configured models cannot be used', issues)
  }

  #known(all: boolean): Known[] {
    return JSON.parse(this.#open().native.known(all)) as Known[]
  }

  #open(): ModelCallsUnderWay {
    if (this.#closed)
      throw new ClosedError('ERR_CLOSED', 'the orchestrator has been shut down; create another with `new MultiAgentOrchestrator(…)`')
    if (this.#calls !== undefined) return this.#calls
    const calls = new ModelCallsUnderWay(this.#config.fallback, this.#custom, this.#host)
    const configured = Object.entries(this.#config.providers ?? providersOfEnvironment())
    for (const [name, provider] of [...configured, ...this.#added]) this.#tell(calls, name, provider)
    for (const [scope, budget] of budgetsOf(this.#config)) calls.native.setBudget(scope, budgetText(budget), '{}')
    this.#calls = calls
    return calls
  }
}

/** A call under way; or its answer, where that is on record. */
type Begun =
  | { readonly ended: Promise<Ended>; readonly own: CallOfAttempt | undefined; readonly skipped: readonly SkippedModel[] }
  | { readonly before: GenerateResult }

/** Whom a request names. */
interface Named {
  readonly provider?: string
  readonly model?: string
  readonly fallback?: readonly string[]
}

/** The provider that stands before a model, if one does. */
function prefixOf(name: string | undefined): string | undefined {
  return name?.includes('/') === true ? name.split('/')[0] : undefined
}

interface Selected extends Omit<ModelSelection, 'estimatedCost' | 'alternatives'> {
  readonly estimatedCost: { readonly nanos: number }
  readonly alternatives: readonly { modelId: string; provider: string; estimatedCost: { nanos: number }; estimatedLatency: number }[]
}

/** Tells each piece, and at the first of another request that all begins anew. */
function partsTo(tell: (part: StreamPart) => void): (delta: Delta, request: number) => void {
  let last: number | undefined
  return (delta, request) => {
    const origin = { request, ...(last !== undefined && last !== request && { restart: true as const }) }
    last = request
    tell(
      delta.type === 'tool-call'
        ? { type: 'tool-call', toolCall: delta.call, ...origin }
        : { type: delta.type, text: delta.text, ...origin },
    )
  }
}

/** An answer that is there already, told as one that comes. */
function repeated(result: GenerateResult, tell: ((part: StreamPart) => void) | undefined): GenerateResult {
  const request = Math.max(1, result.attempts.length)
  if (result.text !== '') tell?.({ type: 'text', text: result.text, request })
  for (const toolCall of result.toolCalls) tell?.({ type: 'tool-call', toolCall, request })
  return result
}

function refuse(issues: readonly Issue[], what: string): void {
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', what, issues)
}
