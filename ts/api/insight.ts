// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of recommendations: changes that executions on record advise, with what speaks for them and what they would save.

import type { Change } from './change.js'
import type { Prediction } from './prediction.js'
import type { AgentWorkflow } from './workflow.js'

/**
 * The kinds of recommendation:
 *
 * - `false-dependency`: a task waits for another one and never looks at its output;
 * - `repeated-call`: a task is done again with the same input, and gives the same;
 * - `dear-model`: another agent did the task as reliably for half the money or less;
 * - `small-pool`: attempts wait for places of their agent;
 * - `wasteful-retries`: attempts are made again that never end well;
 * - `missing-timeout`: few attempts hang, and all others are many times as fast;
 * - `proposal`: a model has thought of it (`monitoring.insights`).
 */
export type RecommendationKind =
  | 'false-dependency'
  | 'repeated-call'
  | 'dear-model'
  | 'small-pool'
  | 'wasteful-retries'
  | 'missing-timeout'
  | 'proposal'

/** A figure that speaks for a recommendation. */
export interface Evidence {
  /** Its name: a count, milliseconds where it ends in `Ms`, US dollars where in `Usd`. */
  readonly figure: string
  readonly value: number
  /** Executions that show it, at most 20. */
  readonly executions: readonly string[]
}

/** What came of a recommendation that was followed. */
export interface InsightOutcome {
  /** The saving that was promised, as a share. */
  readonly predicted: number
  /** What was saved, by the executions before and after; below 0 if it takes or costs more. */
  readonly measured: number
  /** Executions under the change that this was measured of. */
  readonly runs: number
}

/** A change that would have saved time or money. */
export interface Recommendation {
  readonly kind: RecommendationKind
  /** Its kind, in a few words for people. */
  readonly title: string
  /** What it is and what to do about it. */
  readonly description: string
  /** Names it for `applyInsight`: the same for the same advice about the same version. */
  readonly id: string
  readonly workflowId: string
  readonly version: string
  /** The ids that it is about: tasks, or an agent. */
  readonly about: readonly string[]
  /** What to change. */
  readonly change: readonly Change[]
  /** Whether it saves time or money. */
  readonly saves: 'time' | 'cost'
  /** What it would have saved. */
  readonly prediction: Omit<Prediction, 'executionId'>
  readonly evidence: readonly Evidence[]
  /** What it has saved, once it was applied and at least 20 executions have ended under it. */
  readonly outcome?: InsightOutcome
}

/** A workflow with a recommendation in it. */
export interface AppliedInsight {
  /** The changed definition: under a new version, registered nowhere. */
  readonly workflow: AgentWorkflow
  /** The pools that are to be changed, which no definition has. */
  readonly agents: readonly { readonly agent: string; readonly maxAgents: number }[]
}
