// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What watches an orchestrator: it announces its alerts, and is asked for its figures.

import { EventEmitter } from 'node:events'
import type { Alert, MonitorEvents } from '../api/alert.js'
import type { WorkflowAnalytics } from '../api/analytics.js'
import type { Explanation } from '../api/explanation.js'
import type { ExecutionMonitor } from '../api/monitor.js'
import type { Change } from '../api/change.js'
import type { ComparedSpan, PeriodComparison } from '../api/comparison.js'
import type { AppliedInsight } from '../api/insight.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { ExecutionComparison, Prediction, PredictOptions } from '../api/prediction.js'
import type { PerformanceProfile } from '../api/profile.js'
import { refuseAbsent } from '../base/absent.js'
import { methodsOf, placeErrors } from '../base/placed.js'
import type { ThresholdStanding } from '../api/threshold.js'
import type { CpuProfile } from '../api/cpu-profile.js'
import type { CpuProfiles } from '../profiling/cpu-profiles.js'
import type { BudgetStanding } from '../api/budget-window.js'
import type { Budgets } from './budgets.js'
import type { Figures } from './figures.js'
import type { Advice } from './advice.js'
import { exportedTraces, type ExportHost } from '../telemetry/export.js'
import type { TraceFilter } from '../api/traces.js'
import { reportOf } from './report.js'
import { readPeriod } from './period.js'
import { comparedPeriods } from './period-comparison.js'
import { compared } from './comparison.js'
import { predicted, type PlacesEach } from './prediction.js'
import { metricsText, type MetricsHost } from './metrics.js'
import { performanceProfile, timelineOf, type ProfilesHost } from './profiles.js'
import { readExecutionId, readId } from '../executions/arguments.js'

/** What it answers from. */
interface Knows extends MetricsHost, ExportHost {
  readonly figures: Figures
  readonly budgets: Budgets
  readonly advice: Advice
  readonly cpuProfiles: CpuProfiles
  readonly rules: { standing(): readonly ThresholdStanding[] }
  readonly placesEach: PlacesEach
  readonly lookUp: Pick<ExportHost['lookUp'], 'summaries'> & {
    readonly profiles: ProfilesHost
    explain(executionId: string): Promise<Explanation>
  }
  readonly alerts: MetricsHost['alerts'] & { readonly recent: readonly Alert[] }
  readonly dispatcher: MetricsHost['dispatcher'] & ExportHost['dispatcher']
}

export class Monitor extends EventEmitter<MonitorEvents> implements ExecutionMonitor {
  readonly #knows: () => Knows

  static {
    placeErrors(this.prototype, methodsOf(this.prototype))
    refuseAbsent(this.prototype, 'executionMonitor')
  }

  /** `knows`: asked when it is wanted, since alerts may be announced before there is any of it. */
  constructor(knows: () => Knows) {
    super()
    this.#knows = knows
  }

  async getWorkflowAnalytics(workflowId: string, start: Date, end: Date): Promise<WorkflowAnalytics> {
    return this.#knows().figures.of(readPeriod(workflowId, start, end))
  }

  exportTraces(filter?: TraceFilter): AsyncIterable<string> {
    return exportedTraces(this.#knows(), filter)
  }

  async renderReport(workflowId: string, period: { start: Date; end: Date }): Promise<string> {
    const { figures, alerts } = this.#knows()
    return reportOf(figures, alerts.recent, workflowId, period)
  }

  metrics(): string {
    return metricsText(this.#knows())
  }

  // oxlint-disable-next-line typescript/require-await -- a promise, as every other question is answered by
  async getBudgets(): Promise<readonly BudgetStanding[]> {
    return this.#knows().budgets.standing()
  }

  // oxlint-disable-next-line typescript/require-await -- a promise, as every other question is answered by
  async getThresholds(): Promise<readonly ThresholdStanding[]> {
    return this.#knows().rules.standing()
  }

  async getCpuProfiles(): Promise<readonly CpuProfile[]> {
    return this.#knows().cpuProfiles.list()
  }

  async getPerformanceProfile(executionId: string): Promise<PerformanceProfile> {
    return performanceProfile(this.#knows().lookUp.profiles, readExecutionId(executionId))
  }

  async explain(executionId: string): Promise<Explanation> {
    return this.#knows().lookUp.explain(readExecutionId(executionId))
  }

  async renderTimeline(executionId: string): Promise<string> {
    return timelineOf(this.#knows().lookUp.profiles, readExecutionId(executionId))
  }

  async compareExecutions(a: string, b: string): Promise<ExecutionComparison> {
    return compared(this.#knows().lookUp.profiles, readExecutionId(a), readExecutionId(b))
  }

  async comparePeriods(workflowId: string, a: ComparedSpan, b: ComparedSpan): Promise<PeriodComparison> {
    return comparedPeriods(this.#knows().figures, workflowId, a, b)
  }

  async predict(executionId: string, change: Change | readonly Change[], options?: PredictOptions): Promise<Prediction> {
    const { lookUp, placesEach } = this.#knows()
    return predicted(lookUp.profiles, placesEach, readExecutionId(executionId), change, options)
  }

  async applyInsight(insightId: string, workflow?: AgentWorkflow): Promise<AppliedInsight> {
    return this.#knows().advice.apply(readId(insightId, 'insightId', 'an insight'), workflow)
  }
}
