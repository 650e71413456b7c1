// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// On whose account a call is made: an attempt of a task, whose execution records what was chosen and what it cost.

import type { Json } from '../json.js'
import type { RetryPolicy } from '../workflow.js'
import type { ModelBudget, TokenUsage } from './types.js'

/** Something that pays, and what it may pay and has paid. */
export interface PayingScope {
  readonly scope: string
  readonly budget: ModelBudget
  /** What was spent from it before this process knew it. */
  readonly spent: { readonly usd: number; readonly tokens: number; readonly calls: number }
}

/** What one call came to, as it is recorded. */
export interface CallNote {
  readonly provider: string
  readonly model: string
  readonly usage: TokenUsage
  /** US dollars. */
  readonly cost: number
  /** Requests that were sent. */
  readonly requests: number
}

/** The account of an attempt. */
export interface Account {
  readonly signal: AbortSignal
  readonly priority: number
  readonly retryPolicy: RetryPolicy | undefined
  /** Everything that pays: the execution, those it is a child of, its workflow, its tenant. */
  scopes(): readonly PayingScope[]
  /** The choice that this attempt made before its process died, if it was recorded: each is given once, in their order. */
  nextChoice(): Json | undefined
  /** Records a choice; resolves once it is on record. */
  choose(choice: Json): Promise<void>
  /** Records what a call came to. */
  called(note: CallNote): void
}
