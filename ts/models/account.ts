// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an attempt's calls of models are put on: whose budgets pay, what it had chosen and paid before a crash, and where it tells what it does.

import type { Json } from '../json/json.js'
import { dollarsOf } from './result.js'
import type { FinishReason, ModelBudget, ModelFailureClass, TokenUsage } from '../api/models.js'
import type { ResourceUsage, TaskExecution, TaskModelCall } from '../api/execution.js'

/** The account of one attempt. */
export interface ModelAccount {
  readonly executionId: string
  readonly workflowId: string
  readonly tenant: string | undefined
  /** The agent, or the type of agents, that its task names. */
  readonly agent: string
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
  /** Whether steps on record were given to the attempt, so that what led to them is not asked again. */
  readonly goesOn?: boolean
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

/** What sums say of resources. */
export function resourceUsageOf(sums: ModelSums): ResourceUsage {
  const { calls = 0, unpriced = 0 } = sums
  return { tokenUsage: tokensOf(sums), cost: dollarsOf(sums.costNanos), costComplete: unpriced === 0, modelCalls: calls }
}

/** A call of a model as `runtime::spent` writes it in brief. */
export interface ModelBrief {
  readonly provider?: string
  readonly model?: string
  readonly failure?: ModelFailureClass | null
  readonly tried?: TaskModelCall['tried']
  readonly spent: ModelSums
}

/** A call of a task, with the attempt that made it. */
export function modelCallOf(attempt: number, { provider, model, failure, tried, spent }: ModelBrief): TaskModelCall {
  const { costNanos, finishReason, unpriced = 0 } = spent
  return {
    attempt,
    ...(provider !== undefined && { provider }),
    ...(model !== undefined && { model }),
    ...(tried !== undefined && { tried }),
    ...(typeof failure === 'string' && { failure }),
    ...(finishReason !== undefined && { finishReason }),
    usage: tokensOf(spent),
    cost: dollarsOf(costNanos),
    costComplete: unpriced === 0,
  }
}

/** What the sums of a task say of it. */
export function spentBy(sums: ModelSums): Pick<TaskExecution, 'usage' | 'cost' | 'finishReason'> {
  const { costNanos, finishReason } = sums
  return { usage: tokensOf(sums), cost: dollarsOf(costNanos), ...(finishReason !== undefined && { finishReason }) }
}

/** The tokens of sums. */
function tokensOf(sums: ModelSums): TokenUsage {
  const { inputTokens = 0, outputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0 } = sums
  return { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens, totalTokens: inputTokens + outputTokens }
}
