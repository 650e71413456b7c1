// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a scrape reads: counts since the orchestrator was made, and what is now. Labels are workflows, agent types and models, of which no more than 200 are
// told apart; never an execution or a task.

import { readFileSync, statSync } from 'node:fs'
import { usableCores } from '../boundary/analytics.js'
import type { Watching } from '../boundary/watching.js'
import type { Engine } from '../boundary/native.js'
import type { EventLoopDelayFigures } from '../api/execution.js'
import type { ModelCount } from '../models/counts.js'
import { Exposition, type TimesText } from './exposition.js'

/** What it needs of the orchestrator. */
export interface MetricsHost {
  readonly dispatcher: {
    readonly engine: Pick<Engine, 'statistics' | 'poolStatistics'> & { readonly watching: Pick<Watching, 'counts' | 'factsBehind'> }
    readonly delay: { figures(): EventLoopDelayFigures }
    readonly failure: Error | undefined
  }
  readonly alerts: { readonly firing: number }
  readonly models: { counted(): Iterable<ModelCount> }
  /** The file of the store, if there is one. */
  readonly path: string | undefined
  readonly tracing: { readonly sampledAway: number; readonly dropped: number } | undefined
}

/** What is now. */
interface Now extends ReturnType<Engine['statistics']> {
  readonly pool: PoolText
}

/** As `Driver::counts` writes it. */
interface CountsText {
  readonly bounds: readonly number[]
  readonly commits: number
  readonly records: number
  readonly workflows: readonly {
    readonly workflow: string | null
    readonly executions: readonly number[]
    readonly tasks: readonly number[]
    readonly retries: number
    readonly executionTimes: TimesText
    readonly taskTimes: TimesText
    readonly waits: TimesText
  }[]
}

/** Of a type of agents, as `poolStatistics` of the engine writes them. */
interface PoolText {
  readonly types: readonly (readonly [
    string,
    { readonly total: number; readonly running: number; readonly queued: number; readonly leaked: number },
  ])[]
}

/** Those beyond the bound are counted together, under a name that no workflow can have. */
const OTHERS = '(others)'
/** Types of agents that are told apart. */
const TYPES_MAX = 200

/** The text for Prometheus. It never fails: of an orchestrator that is not open it has the process alone, and `mao_up` is 0. */
export function metricsText(host: MetricsHost): string {
  const out = new Exposition()
  const statistics = statisticsOf(host)
  out.gauge('mao_up', 'Whether the orchestrator is open.', [[{}, statistics === undefined ? 0 : 1]])
  if (statistics !== undefined) {
    const counts = host.dispatcher.engine.watching.counts()
    if (counts === undefined) out.comment('monitoring.enableMetrics is false: nothing is counted, and these are gauges alone')
    else counted(out, JSON.parse(counts) as CountsText, statistics)
    if (counts !== undefined) models(out, [...host.models.counted()])
    live(out, host, statistics)
    store(out, host)
  }
  processNow(out, host)
  return out.text()
}

function statisticsOf({ dispatcher: { engine, failure } }: MetricsHost): Now | undefined {
  try {
    return failure === undefined ? { ...engine.statistics(), pool: JSON.parse(engine.poolStatistics()) as PoolText } : undefined
  } catch {
    // It is not open yet, or not any more.
    return undefined
  }
}

const EXECUTION_ENDS = ['completed', 'failed', 'cancelled']
const TASK_ENDS = ['completed', 'failed', 'skipped', 'cancelled']

function counted(out: Exposition, { bounds, commits, records, workflows }: CountsText, { lateAnswers }: Now): void {
  const named = workflows.map((one) => ({ ...one, labels: { workflow: one.workflow ?? OTHERS } }))
  const byEnd = (ends: readonly string[], what: 'executions' | 'tasks') =>
    named.flatMap(({ labels, ...one }) => ends.map((end, place) => [{ ...labels, end }, one[what][place] ?? 0] as const))
  out.counter('mao_executions_total', 'Executions that ended, by how they did.', byEnd(EXECUTION_ENDS, 'executions'))
  out.counter('mao_tasks_total', 'Tasks that ended, by how they did.', byEnd(TASK_ENDS, 'tasks'))
  out.counter(
    'mao_task_retries_total',
    'Attempts that failed and were to be followed by another.',
    named.map(({ labels, retries }) => [labels, retries]),
  )
  const times = (what: 'executionTimes' | 'taskTimes' | 'waits') => named.map(({ labels, ...one }) => [labels, one[what]] as const)
  out.times('mao_execution_duration_seconds', 'From the start of an execution to its end.', bounds, times('executionTimes'))
  out.times('mao_task_duration_seconds', 'From the call of an agent to its answer, of the last attempt.', bounds, times('taskTimes'))
  out.times('mao_task_wait_seconds', 'From when an attempt could run to when it began.', bounds, times('waits'))
  out.counter('mao_late_answers_total', 'Answers of agents whose attempt had been given up.', [[{}, lateAnswers]])
  out.counter('mao_store_commits_total', 'Batches of records that were given to the store.', [[{}, commits]])
  out.counter('mao_store_records_total', 'Records in them.', [[{}, records]])
}

const TOKENS = {
  input: 'inputTokens',
  output: 'outputTokens',
  cache_read: 'cacheReadTokens',
  cache_write: 'cacheWriteTokens',
  reasoning: 'reasoningTokens',
} as const

function models(out: Exposition, counts: readonly ModelCount[]): void {
  const named = counts.map((count) => ({ count, labels: { provider: count.provider || OTHERS, model: count.model || OTHERS } }))
  const sum = (of: (count: ModelCount) => number) => named.map(({ count, labels }) => [labels, of(count)] as const)
  out.counter(
    'mao_model_calls_total',
    'Calls of models that ended, by how they did; retries are one call.',
    named.flatMap(({ count: { done, failed }, labels }) => [
      [{ ...labels, end: 'done' }, done] as const,
      [{ ...labels, end: 'failed' }, failed] as const,
    ]),
  )
  out.counter(
    'mao_model_requests_total',
    'Requests that were sent to models.',
    sum(({ requests }) => requests),
  )
  out.counter(
    'mao_model_request_duration_seconds_total',
    'Time that they took.',
    sum(({ duration }) => duration / 1000),
  )
  out.counter(
    'mao_model_tokens_total',
    'Tokens, by kind. Those of caches are part of the input, those of reasoning part of the output.',
    named.flatMap(({ count: { usage }, labels }) =>
      Object.entries(TOKENS).map(([kind, field]) => [{ ...labels, kind }, usage[field]] as const),
    ),
  )
  out.counter(
    'mao_model_cost_dollars_total',
    'What models cost, as far as prices are known.',
    sum(({ costNanos }) => costNanos / 1e9),
  )
  out.counter(
    'mao_model_unpriced_calls_total',
    'Calls whose price is not known, or not all of it.',
    sum(({ unpriced }) => unpriced),
  )
}

function live(out: Exposition, { alerts, tracing }: MetricsHost, now: Now): void {
  const states = { running: now.active - now.waiting - now.parked, parked: now.parked, queued: now.waiting }
  out.gauge(
    'mao_executions_active',
    'Executions that have not ended: those that run, those that only wait and were put away, and those that may not begin yet.',
    Object.entries(states).map(([state, count]) => [{ state }, count]),
  )
  out.gauge('mao_tasks_active', 'Tasks of executions that run: those with an attempt under way, and all others that have not ended.', [
    [{ state: 'running' }, now.running],
    [{ state: 'queued' }, now.queued],
  ])
  const shown = now.pool.types.slice(0, TYPES_MAX)
  const gauge = (name: `mao_${string}`, help: string, of: 'total' | 'running' | 'queued' | 'leaked'): void =>
    out.gauge(
      name,
      help,
      shown.map(([type, figures]) => [{ type }, figures[of]]),
    )
  gauge('mao_agents', 'Instances of a type of agents.', 'total')
  gauge('mao_agent_attempts_running', 'Attempts that have a place at an agent of the type.', 'running')
  gauge('mao_agent_attempts_queued', 'Attempts that wait for one.', 'queued')
  gauge('mao_agent_attempts_leaked', 'Attempts that were given up, whose agent has not returned.', 'leaked')
  out.gauge('mao_alerts_firing', 'Alerts that have begun and are not over.', [[{}, alerts.firing]])
  if (tracing === undefined) return
  out.counter('mao_traces_sampled_away_total', 'Executions that were not traced since `sample` left them out.', [[{}, tracing.sampledAway]])
  out.counter('mao_spans_dropped_total', 'Spans that were dropped, since the collector did not answer for too long.', [
    [{}, tracing.dropped],
  ])
}

function store(out: Exposition, { path, dispatcher }: MetricsHost): void {
  if (path === undefined) return
  const bytes = Object.entries({ file: path, log: `${path}-wal`, facts: `${path}-facts` })
  out.gauge(
    'mao_store_bytes',
    'Size of the files of the store.',
    bytes.map(([file, at]) => [{ file }, statSync(at, { throwIfNoEntry: false })?.size ?? 0]),
  )
  const behind = dispatcher.engine.watching.factsBehind()
  if (behind !== undefined)
    out.gauge('mao_store_facts_behind_records', 'Records that summaries and figures do not have yet.', [[{}, behind]])
}

// CPU and memory belong to the process: of agents that share its event loop nobody can say which used them.
function processNow(out: Exposition, { dispatcher }: MetricsHost): void {
  const { user, system } = process.cpuUsage()
  const memory = process.memoryUsage()
  const { p50, p99, max } = dispatcher.delay.figures()
  out.counter('mao_process_cpu_seconds_total', 'Processor time of the process.', [[{}, (user + system) / 1e6]])
  out.gauge('mao_process_cpu_cores', 'Cores that the process may use.', [[{}, usableCores()]])
  out.gauge('mao_process_resident_memory_bytes', 'Memory of the process.', [[{}, memory.rss]])
  const limit = memoryLimit()
  if (limit !== undefined) out.gauge('mao_process_memory_limit_bytes', 'What its control group allows.', [[{}, limit]])
  out.gauge('mao_process_heap_bytes', 'The heap of JavaScript.', [
    [{ state: 'used' }, memory.heapUsed],
    [{ state: 'total' }, memory.heapTotal],
  ])
  out.gauge('mao_process_external_memory_bytes', 'Memory of buffers outside of the heap.', [[{}, memory.external]])
  out.gauge(
    'mao_event_loop_delay_seconds',
    'How late the event loop was, while agents were at work last, in this share of the looks at it; 1 is the most.',
    Object.entries({ '0.5': p50, '0.99': p99, '1': max }).map(([share, ms]) => [{ share }, Number.isFinite(ms) ? ms / 1000 : 0]),
  )
}

/** The least that its control group, or one above it, allows; `undefined`: all there is. */
function memoryLimit(): number | undefined {
  try {
    const limit = Number(readFileSync('/sys/fs/cgroup/memory.max', 'utf8'))
    return Number.isFinite(limit) ? limit : undefined
  } catch {
    // There are none here, or older ones.
    return undefined
  }
}
