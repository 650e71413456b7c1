// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an attempt's calls of models are put on: whose budgets pay, what it had chosen and paid before a crash, and where it tells what it does.

import type { Json } from '../json/json.js'
import { dollarsOf } from './result.js'
import type { FinishReason, ModelBudget, TokenUsage } from '../api/models.js'
import type { Engine } from '../boundary/native.js'
import type { Run } from '../run/run.js'
import type { LiveAttempt } from '../run/attempt.js'
import type { TaskExecution, ResourceUsage } from '../api/execution.js'

/** The account of one attempt. */
export interface ModelAccount {
  readonly executionId: string
  readonly workflowId: string
  readonly tenant: string | undefined
  /** The path of its task. */
  readonly path: string
  /** From 1. */
  readonly attempt: number
  /** What may be spent: of its execution first, then of those above it; those that are not bounded are not among them. */
  readonly budgets: readonly AccountBudget[]
  /** What this same attempt had chosen, in order, before a crash or a shutdown interrupted it. */
  readonly choices: readonly Json[]
  /** Its calls that had ended then. A choice that is there without its call was interrupted in the middle of it. */
  readonly calls: readonly Json[]
  /** Whether what it puts on record outlives this process. */
  readonly lasts: boolean
  /**
   * That the attempt is under way: nothing may be sent otherwise.
   *
   * @throws {OrchestratorError} why it is over.
   */
  assertUnderWay(): void
  /**
   * Puts a choice on record; resolves once it is. Nothing may be sent before.
   *
   * @throws {OrchestratorError} why the attempt is told to stop, or over.
   */
  choose(choice: Json): Promise<void>
  /** Puts a call that has ended on record, also if the attempt is over. False if its execution has ended, and nobody is charged any more. */
  called(call: ModelCall): boolean
}

/** What one of those who pay may spend. */
export interface AccountBudget {
  /** Whose it is: equal for all who share it. */
  readonly scope: string
  readonly budget: ModelBudget
  /** What is on record as spent, by this process and those before it. */
  readonly spent: () => ModelSums
}

/** A call that has ended. These fields of it are summed; any other is kept as it is. */
export interface ModelCall {
  readonly usage?: Partial<Omit<TokenUsage, 'totalTokens'>> | undefined
  /** Nano-dollars. */
  readonly costNanos?: number | undefined
  /** Whether every price is known. Default true. */
  readonly costComplete?: boolean | undefined
  /** How often it was sent. Default 1. */
  readonly requests?: number | undefined
  /** Why its answer ended, if there was one. */
  readonly finishReason?: FinishReason | undefined
  readonly [field: string]: unknown
}

/** Sums over calls, as `runtime::spent` writes them: what is absent is 0. */
export interface ModelSums {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cacheReadTokens?: number
  readonly cacheWriteTokens?: number
  readonly reasoningTokens?: number
  readonly costNanos?: number
  readonly calls?: number
  readonly requests?: number
  /** Calls whose cost is not known, or not all of it. */
  readonly unpriced?: number
  /** Of one task: why its last answer ended. */
  readonly finishReason?: FinishReason
}

/** What an account needs of the dispatcher. */
export interface Bookkeeper {
  readonly engine: Pick<Engine, 'note' | 'notes' | 'spent'>
  /** Whether what is recorded outlives this process. */
  readonly lasts: boolean
  /** Whether something can still be recorded for a run. */
  keeps(run: Run): boolean
  /** Whether an attempt has not answered, and was not given up. */
  isUnderWay(run: Run, instance: number, attempt: LiveAttempt): boolean
  /** The run whose task it is. */
  above(run: Run): Run | undefined
  /** Hands what the engine was told to the store, soon. */
  schedule(): void
}

const accounts = new WeakMap<LiveAttempt, ModelAccount>()

/** The account of an attempt, the same each time: what it finds from before is what was there when it was opened. */
export function openAccount(keeper: Bookkeeper, run: Run, instance: number, live: LiveAttempt): ModelAccount {
  let account = accounts.get(live)
  if (account === undefined) {
    account = new Account(keeper, run, instance, live)
    accounts.set(live, account)
  }
  return account
}

class Account implements ModelAccount {
  readonly executionId: string
  readonly workflowId: string
  readonly tenant: string | undefined
  readonly path: string
  readonly attempt: number
  readonly budgets: readonly AccountBudget[]
  readonly choices: readonly Json[]
  readonly calls: readonly Json[]
  readonly lasts: boolean
  readonly #keeper: Bookkeeper
  readonly #run: Run
  readonly #instance: number
  readonly #live: LiveAttempt

  constructor(keeper: Bookkeeper, run: Run, instance: number, live: LiveAttempt) {
    this.executionId = run.id
    this.workflowId = run.definition.workflowId
    this.tenant = run.options.tenant
    this.path = run.path(instance)
    this.attempt = live.attempt
    this.lasts = keeper.lasts
    this.#keeper = keeper
    this.#run = run
    this.#instance = instance
    this.#live = live
    this.budgets = budgetsOf(keeper, run)
    // An attempt that is over has nothing to go on from.
    const text = keeper.isUnderWay(run, instance, live) ? keeper.engine.notes(run.slot, instance) : null
    const { choices, calls } = JSON.parse(text ?? '{"choices":[],"calls":[]}') as { choices: Json[]; calls: Json[] }
    this.choices = choices
    this.calls = calls
  }

  assertUnderWay(): void {
    if (!this.#keeper.isUnderWay(this.#run, this.#instance, this.#live)) throw this.#live.whyOver
  }

  async choose(choice: Json): Promise<void> {
    this.assertUnderWay()
    if (!this.#note(false, choice)) throw this.#live.reason ?? this.#live.whyOver
    await this.#run.whenChosen()
  }

  called(call: ModelCall): boolean {
    return this.#note(true, call)
  }

  #note(called: boolean, note: unknown): boolean {
    const { engine } = this.#keeper
    if (!this.#keeper.keeps(this.#run)) return false
    const recorded = engine.note(this.#run.slot, this.#instance, this.attempt, called, JSON.stringify(note))
    if (recorded) this.#keeper.schedule()
    return recorded
  }
}

function budgetsOf(keeper: Bookkeeper, run: Run): AccountBudget[] {
  const budgets: AccountBudget[] = []
  for (let payer: Run | undefined = run; payer !== undefined; payer = keeper.above(payer)) {
    const paying = payer
    const budget = modelBudgetOf(paying)
    const spent = (): ModelSums => JSON.parse(keeper.engine.spent(paying.slot, null)) as ModelSums
    if (Object.keys(budget).length > 0) budgets.push({ scope: `execution:${paying.id}`, budget, spent })
  }
  return budgets
}

/** What models may cost in an execution: of each the least that its workflow and its options say. */
export function modelBudgetOf({ definition, options }: Pick<Run, 'definition' | 'options'>): ModelBudget {
  const written = (definition.source as { budget?: unknown }).budget ?? {}
  const budget: ModelBudget = {}
  for (const field of ['usd', 'tokens', 'calls'] as const) {
    const bounds = [written, options['budget'] ?? {}].map((given) => (given as Record<string, unknown>)[field])
    const least = Math.min(...bounds.filter((bound) => typeof bound === 'number'))
    if (least < Infinity) budget[field] = least
  }
  return budget
}

/** What sums say of resources. */
export function resourceUsageOf(sums: ModelSums): ResourceUsage {
  const { calls = 0, unpriced = 0 } = sums
  return { tokenUsage: tokensOf(sums), cost: dollarsOf(sums.costNanos), costComplete: unpriced === 0, modelCalls: calls }
}

/** What the sums of a task say of it. */
export function spentBy(sums: ModelSums): Pick<TaskExecution, 'usage' | 'cost' | 'finishReason'> {
  const { costNanos, finishReason } = sums
  return { usage: tokensOf(sums), cost: dollarsOf(costNanos), ...(finishReason !== undefined && { finishReason }) }
}

/** The tokens of sums. */
export function tokensOf(sums: ModelSums): TokenUsage {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0 } = sums
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, totalTokens: inputTokens + outputTokens }
}
