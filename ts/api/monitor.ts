// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What watches an orchestrator.

import type { EventEmitter } from 'node:events'
import type { MonitorEvents } from './alert.js'
import type { ThresholdStanding } from './threshold.js'
import type { CpuProfile } from './cpu-profile.js'
import type { BudgetStanding } from './budget-window.js'
import type { WorkflowAnalytics } from './analytics.js'
import type { Explanation } from './explanation.js'
import type { Change } from './change.js'
import type { ComparedSpan, PeriodComparison } from './comparison.js'
import type { AppliedInsight } from './insight.js'
import type { ExecutionComparison, Prediction, PredictOptions } from './prediction.js'
import type { PerformanceProfile } from './profile.js'
import type { TraceFilter } from './traces.js'
import type { AgentWorkflow } from './workflow.js'

/** Watches the executions of an orchestrator, announces its alerts, and knows its figures. */
export interface ExecutionMonitor extends EventEmitter<MonitorEvents> {
  /**
   * Resolves with figures of the executions of a workflow that ended from `start` until before `end`, whichever process ran them: of everything that was on
   * record when it was called. Without `storage` they are of the executions that are remembered, and `covers` says since when. A time without executions, or
   * a workflow that has never run, has zeros, `null` for what is not known, and an insight that says so.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if `workflowId` is not a name, `start` or `end` is not a valid Date, or `start` is after `end`.
   * @throws {StoreError} `ERR_STORE_BUSY` if the figures have not got that far within 2 s; `retryable` is true.
   */
  getWorkflowAnalytics(workflowId: string, start: Date, end: Date): Promise<WorkflowAnalytics>
  /** Resolves with the budgets of `models` that begin anew each day or month (`per`), as they stand, and when each will be used up. */
  getBudgets(): Promise<readonly BudgetStanding[]>
  /**
   * Returns counters, gauges and histograms as text that Prometheus reads (`text/plain; version=0.0.4`): of this process, since the orchestrator was made. Each
   * name begins with `mao_`, and labels have workflows, agent types and models, never an execution. It never throws: before `ready()` and after `shutdown()`
   * `mao_up` is 0 and there are the figures of the process alone. With `enableMetrics: false` nothing is counted, and a comment in the text says so.
   */
  metrics(): string
  /**
   * Yields the spans of executions that have ended, newest first: each text is one line of OTLP JSON (`ExportTraceServiceRequest`), as files of traces have
   * them. It reads as it is read, so it holds little at once however many there are. Ids follow from what is on record: the same execution has the same spans each
   * time, and the same as a collector was sent. With `storage` they are of all that is on record, whether it was
   * traced or not; without, of the executions that are remembered.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if `filter` is none.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND` if there is none with that `executionId`.
   */
  exportTraces(filter?: TraceFilter): AsyncIterable<string>
  /**
   * Resolves with what the time of an execution went into: its critical path, whose parts sum to its duration to the microsecond, and what each task is to
   * that. Of one that runs it is of the time until its latest record, with an estimate of when it will have ended. Child workflows are part of it, up to 1,000 of them.
   *
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
   */
  getPerformanceProfile(executionId: string): Promise<PerformanceProfile>
  /** Resolves with the thresholds of `monitoring.alertThresholds` as they stand; `noData` is a state of its own. */
  getThresholds(): Promise<readonly ThresholdStanding[]>
  /**
   * Resolves with the CPU profiles that are kept, newest first. With `enableProfiling` one is taken, for five seconds and at most once a minute, when an alert begins
   * that an agent blocks the event loop, that the process needs much processor time, or of an anomaly.
   */
  getCpuProfiles(): Promise<readonly CpuProfile[]>
  /**
   * Resolves with what each task of an execution that has not ended waits for, since when, until when, and the call that would move it; of one that has ended,
   * with how and why it did. It works with `enableMetrics: false` and without `storage`, and reads no facts.
   *
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  explain(executionId: string): Promise<Explanation>
  /**
   * Resolves with a page that shows an execution over time, as HTML text: a row for each task, by what its time went into, the critical path, and the same as
   * a table. The page needs no other file and asks for nothing: write it somewhere, and open it.
   *
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
   */
  renderTimeline(executionId: string): Promise<string>
  /**
   * Resolves with a page about a workflow over a time, as HTML text: its figures, their trends by hour (up to two days) or by day, the slowest tasks, errors,
   * cost, insights, and the alerts of this process. The page needs no other file and asks for nothing.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT`, as `getWorkflowAnalytics`.
   * @throws {StoreError} `ERR_STORE_BUSY`, as `getWorkflowAnalytics`.
   */
  renderReport(workflowId: string, period: { start: Date; end: Date }): Promise<string>
  /**
   * Resolves with what differs between two executions: by what their time went into, and by task.
   *
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
   */
  compareExecutions(a: string, b: string): Promise<ExecutionComparison>
  /**
   * Resolves with the figures of a workflow in two times, or of two versions, beside each other, and what differs. Each side is as `getWorkflowAnalytics` has
   * it, without summaries and recommendations.
   *
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if a side is no time.
   * @throws {StoreError} `ERR_STORE_BUSY` as there.
   */
  comparePeriods(workflowId: string, a: ComparedSpan, b: ComparedSpan): Promise<PeriodComparison>
  /**
   * Resolves with how long an execution would have taken under a changed definition, or with a changed pool: what is recorded happens again, and when each
   * attempt begins follows anew from what it waits for and from the places of its agent. What of the change nothing on record can foresee is in `unknown`.
   *
   * @param change - One change or a list of them, which count together; `[]` with `options.assuming`.
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if `change` cannot be made, or makes a definition that cannot run.
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`; without `storage` also once the execution is not remembered any more (`memory.remember`).
   */
  predict(executionId: string, change: Change | readonly Change[], options?: PredictOptions): Promise<Prediction>
  /**
   * Resolves with the workflow that an insight recommends: what it changes is changed, under a new version, and nothing is registered. From now on the insight
   * is measured: once 20 executions have ended that have the change, it has an `outcome`, and `'insight:outcome'` is announced.
   *
   * @param insightId - `id` of a recommendation in `insights` of `getWorkflowAnalytics`, or of the event `'insight'`.
   * @param workflow - What is changed, with its functions and schemas. Default: the definition on record, where those are known by name.
   * @throws {NotFoundError} `ERR_INSIGHT_NOT_FOUND` if there is none, or it holds no longer.
   * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if it does not fit `workflow`.
   */
  applyInsight(insightId: string, workflow?: AgentWorkflow): Promise<AppliedInsight>
}
