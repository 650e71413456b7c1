// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures of workflows: from the facts of a store, or of what this process remembers.

import type { ErrorFigures, Performance, TaskPerformance, WorkflowAnalytics } from '../api/analytics.js'
import type { Recommendation } from '../api/insight.js'
import { dateOf, type Clock } from '../base/clock.js'
import type { Engine } from '../boundary/native.js'
import type { EndedExecutions } from '../executions/ended-executions.js'
import { summaryOf, type SummaryRow } from '../executions/summaries.js'
import { resourceUsageOf } from '../models/account.js'
import type { Advice } from './advice.js'
import { provenanceInsights } from './insights.js'
import type { Period } from './period.js'
import type { Promises } from './promises.js'
import { SUMMARIES_MAX, type ErrorText, type FigureText, type Gathered } from './gathered.js'
import { rememberedFigures } from './remembered.js'
import { anomalyInsights } from './unusual.js'

/** What it needs of the orchestrator. */
interface FiguresHost {
  readonly dispatcher: { readonly engine: Engine; readonly clock: Clock; readonly failure: Error | undefined }
  /** Without a store, those that are remembered. */
  readonly ended: EndedExecutions | undefined
  ready(): Promise<void>
  readonly advice: Advice
  readonly promises: Promises
  /** Refuses `call` once the orchestrator has been shut down. */
  assertNotClosed(call: string): void
}

/** As `runtime::facts::periods` writes it. */
interface StoredText extends Omit<Gathered, 'executions' | 'since'> {
  readonly executions: readonly SummaryRow[]
  readonly rollupsSince: number
}

const HOUR_MS = 3_600_000

export class Figures {
  readonly #host: FiguresHost
  readonly #enableMetrics: boolean
  /** While one answer waits for facts, later calls wait for it: each holds a thread of Node's pool. */
  #asking: Promise<unknown> = Promise.resolve()

  constructor(host: FiguresHost, enableMetrics: boolean) {
    this.#host = host
    this.#enableMetrics = enableMetrics
  }

  /** `most`: how many summaries it has at most. */
  async of(period: Period, most: number = SUMMARIES_MAX): Promise<WorkflowAnalytics> {
    const figures = await this.alone(period, most)
    return { ...figures, insights: [...figures.insights, ...(await this.#advised(period))] }
  }

  /** The same without what executions recommend. */
  async alone(period: Period, most: number = SUMMARIES_MAX): Promise<WorkflowAnalytics> {
    const { dispatcher, ended } = this.#host
    await this.#host.ready()
    this.#host.assertNotClosed('getWorkflowAnalytics')
    const now = dateOf(dispatcher.clock.now())
    const gathered = ended === undefined ? await this.#stored(period, most) : await rememberedFigures(ended, period)
    return analyticsOf(period, gathered, { now, isStored: ended === undefined, enableMetrics: this.#enableMetrics })
  }

  /** What the executions of that time advise, and what came of what was followed before. */
  async #advised({ workflowId, start, end }: Period): Promise<readonly Recommendation[]> {
    const found = await this.#host.advice.of({ workflowId, since: start, until: end })
    const known = new Set(found.map(({ id }) => id))
    return [...found, ...this.#host.promises.measured(workflowId).filter(({ id }) => !known.has(id))]
  }

  async #stored({ workflowId, version, start, end }: Period, limit: number): Promise<Gathered> {
    const { dispatcher } = this.#host
    const question = JSON.stringify({ workflowId, version, start: microsOf(start), end: microsOf(end), limit })
    const answered = this.#asking.then(() => dispatcher.engine.stored('analytics', question))
    this.#asking = answered.catch(() => {})
    const text = (await answered) ?? ''
    const { executions, rollupsSince, ...stored } = JSON.parse(text) as StoredText
    return { ...stored, executions: executions.map(summaryOf), since: rollupsSince }
  }
}

/** Instants before the epoch are nobody's. */
function microsOf(date: Date): number {
  return Math.max(date.getTime(), 0) * 1000
}

function analyticsOf(
  period: Period,
  { figures, executions, workflows, deleted, anomalies, errors, since }: Gathered,
  made: { readonly now: Date; readonly isStored: boolean; readonly enableMetrics: boolean },
): WorkflowAnalytics {
  const { workflowId, start, end } = period
  const until = end < made.now ? end : made.now
  const from = start.getTime() * 1000 < since ? dateOf(since) : start
  // A time that is yet to come, or that nothing is known of, is covered by nothing.
  const covers = { start: from < until ? from : until < start ? start : until, end: until < start ? start : until }
  const { tasks, ended: executionCount } = figures
  const hours = (covers.end.getTime() - covers.start.getTime()) / HOUR_MS
  const throughput = hours > 0 ? executionCount / hours : 0
  const performance = {
    ...performanceOf(figures),
    throughput,
    errors: errors.map(errorFiguresOf),
    tasks: Object.fromEntries(Object.entries(tasks).map(([id, task]) => [id, taskPerformanceOf(task)])),
  }
  const insights = [...provenanceInsights(period, { ...made, executionCount, covers, workflows, deleted }), ...anomalyInsights(anomalies)]
  return { workflowId, period: { start, end }, covers, executionCount, executions, performance, insights }
}

function errorFiguresOf({ code, message, count, tasks, first, last, execution }: ErrorText): ErrorFigures {
  const seen = { firstSeen: dateOf(first), lastSeen: dateOf(last) }
  return { code: code ?? '', message: message ?? '', count, tasks, ...seen, executionId: execution ?? '' }
}

function performanceOf(figures: FigureText): Performance {
  const { completed, failed, cancelled, attempts, duration, usage, cost, unpriced, calls } = figures
  const [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens] = usage
  const tokens = { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens }
  const used = resourceUsageOf({ ...tokens, costNanos: cost, calls, unpriced })
  return {
    completed,
    failed,
    cancelled,
    averageDuration: millis(duration.average) ?? 0,
    p50Duration: millis(duration.p50),
    p95Duration: millis(duration.p95),
    p99Duration: millis(duration.p99),
    errorRate: failed === 0 ? 0 : (100 * failed) / (completed + failed),
    attempts,
    cost: used.cost,
    costComplete: used.costComplete,
    costPerCompleted: costOfOne(figures.completedCost, completed),
    costPerFailed: costOfOne(figures.failedCost, failed),
    tokens: used.tokenUsage,
    modelCalls: used.modelCalls,
  }
}

/** A price that is not known makes an average that is not known: it is never 0. */
function costOfOne([nanos, unpriced]: FigureText['completedCost'], count: number): number | null {
  return count === 0 || unpriced > 0 ? null : nanos / count / 1e9
}

function taskPerformanceOf(figures: FigureText): TaskPerformance {
  const { skipped, wait } = figures
  return { ...performanceOf(figures), skipped, averageWait: millis(wait.average), p95Wait: millis(wait.p95) }
}

function millis(micros: number | null): number | null {
  return micros === null ? null : micros / 1000
}
