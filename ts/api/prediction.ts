// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The shapes of comparisons and predictions. Times are milliseconds.

import type { TimeBucket, TimeBuckets } from './profile.js'

/**
 * What is taken for granted that no definition says: the task takes `factor` times as long, 0.5 is twice as fast. With `bucket`, only what of it is of this
 * kind, such as `model`. Every pass of a loop is meant.
 */
export interface Assumption {
  /** Its id in the definition. */
  readonly task: string
  readonly factor: number
  readonly bucket?: TimeBucket | undefined
}

/** What is foreseen besides a change. */
export interface PredictOptions {
  readonly assuming?: readonly Assumption[] | undefined
}

/** What a change would have done. */
export interface Prediction {
  readonly executionId: string
  /** How long the execution took. */
  readonly duration: number
  /** How long it would have taken. */
  readonly predicted: number
  /** What is saved, as a share of the duration from 0 to 1; below 0 if it would have taken longer. */
  readonly saving: number
  /** Where the average saving over executions like it lies, with a probability of 99 %. Absent where there are not two. */
  readonly interval?: { readonly low: number; readonly high: number }
  /** What models cost that it asked, and what they would have cost, in US dollars. Absent where none was asked whose price is known. */
  readonly cost?: { readonly before: number; readonly predicted: number }
  /** The executions that `interval` is made of: this one, and the latest that completed of the same version, at most 30. */
  readonly executions: number
  /** What of the change nothing on record can foresee, in words. It is left out of the prediction. */
  readonly unknown: readonly string[]
}

/** Two executions beside each other: what took longer in the second has a positive difference. */
export interface ExecutionComparison {
  readonly a: ComparedExecution
  readonly b: ComparedExecution
  /** `b.duration - a.duration`. */
  readonly difference: number
  /** The same by what the time went into: the sum is `difference`. */
  readonly buckets: TimeBuckets
  /** By task, the largest change of its share of the critical path first. */
  readonly tasks: readonly ComparedTask[]
}

export interface ComparedExecution {
  readonly executionId: string
  readonly workflowId: string
  readonly version: string
  readonly duration: number
  readonly buckets: TimeBuckets
}

/** A task of both, all its passes together. */
export interface ComparedTask {
  /** Its id in the definition. */
  readonly task: string
  /** Absent where it never could run. */
  readonly a?: { readonly duration: number; readonly share: number }
  readonly b?: { readonly duration: number; readonly share: number }
  /** How much larger its share of the critical path is in the second. */
  readonly difference: number
}
