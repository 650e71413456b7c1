// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Summaries of executions: from the facts of a store, or of what this process remembers.

import { dateOf } from '../base/clock.js'
import { nextTurn } from '../base/real-time.js'
import type { ExecutionStatus, WorkflowExecution } from '../api/execution.js'
import type { ExecutionSummary, ExecutionSummaryFilter, ExecutionSummaryList, ExecutionWaits } from '../api/summary.js'
import type { Engine } from '../boundary/native.js'
import type { Definition } from '../definition/definition.js'
import type { Past } from './ended-executions.js'
import { resourceUsageOf } from '../models/account.js'

type Asked = ExecutionSummaryFilter & { limit: number }

/** A row as `runtime::facts::summaries` writes it. */
export interface SummaryRow {
  id: string
  workflowId: string
  version: string
  status: ExecutionStatus
  startedAt: number | null
  endedAt: number | null
  error: string | null
  failedTask: string | null
  tasks: [number, number, number, number, number]
  attempts: number
  usage: [number, number, number, number, number]
  cost: number
  unpriced: number
  calls: number
  tenant: string | null
  parent: { execution: string; path: string } | null
  forkedFrom: string | null
  schedule: { id: string; at: number } | null
  waitsFor: Waits | null
  bytes: number
}

interface Waits {
  signals: string[]
  agents: string[]
  timer: number | null
}

/** A page as facts give it. */
interface SummaryPage extends ExecutionSummaryList {
  /** The instant of the last record that facts have, in microseconds; 0 if there is none. */
  readonly asOf: number
}

/** A filter as facts read it. */
export function summaryQuestion(asked: Asked): string {
  const micros = (date: Date | undefined): number | null => (date === undefined ? null : date.getTime() * 1000)
  return JSON.stringify({ ...asked, since: micros(asked.since), until: micros(asked.until), waitingFor: waitOf(asked.waitingFor) })
}

/** Reads a page of facts. */
export function summaryPage(text: string): SummaryPage {
  const { executions, cursor, asOf } = JSON.parse(text) as { executions: SummaryRow[]; cursor: string | null; asOf: number }
  return { executions: executions.map(summaryOf), ...(cursor !== null && { cursor }), asOf }
}

function waitOf(waitingFor: Asked['waitingFor']): { kind: string; name?: string } | null {
  if (waitingFor === undefined) return null
  if (typeof waitingFor === 'string') return { kind: waitingFor }
  return 'signal' in waitingFor ? { kind: 'signal', name: waitingFor.signal } : { kind: 'agent', name: waitingFor.agent }
}

export function summaryOf(row: SummaryRow): ExecutionSummary {
  const { startedAt, endedAt, schedule, parent } = row
  const [total, completed, failed, skipped, cancelled] = row.tasks
  const [inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens] = row.usage
  const tokens = { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, reasoningTokens }
  return {
    id: row.id,
    workflowId: row.workflowId,
    version: row.version,
    status: row.status,
    ...(startedAt !== null && { startTime: dateOf(startedAt) }),
    ...(endedAt !== null && { endTime: dateOf(endedAt) }),
    ...(startedAt !== null && endedAt !== null && { duration: (endedAt - startedAt) / 1000 }),
    tasks: { total, completed, failed, skipped, cancelled },
    attempts: row.attempts,
    resourceUsage: resourceUsageOf({ ...tokens, costNanos: row.cost, calls: row.calls, unpriced: row.unpriced }),
    ...(row.error !== null && { error: { code: row.error, taskId: row.failedTask ?? '' } }),
    ...waitsIn(row.waitsFor),
    bytes: row.bytes,
    ...(row.forkedFrom !== null && { forkedFrom: row.forkedFrom }),
    ...(parent !== null && { parent }),
    ...(schedule !== null && { schedule: { id: schedule.id, at: new Date(schedule.at) } }),
    ...(row.tenant !== null && { tenant: row.tenant }),
  }
}

function waitsIn(waits: Waits | null): { waitsFor?: ExecutionWaits } {
  if (waits === null) return {}
  const { signals, agents, timer } = waits
  return { waitsFor: { signals, agents, ...(timer !== null && { timer: dateOf(timer) }) } }
}

/** Pages of the facts of a store. While one page waits for them, later calls wait for it: each holds a thread of Node's pool. */
export class StoredSummaries {
  readonly #engine: Engine
  #asking: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async page(asked: Asked): Promise<ExecutionSummaryList> {
    const before = this.#asking
    const answered = before.then(() => this.#engine.stored('summaries', summaryQuestion(asked)))
    this.#asking = answered.catch(() => {})
    const { asOf: _, ...page } = summaryPage((await answered) ?? '')
    return page
  }
}

/** An execution that this process has, without its values. */
interface Remembered {
  readonly id: string
  readonly definition: Definition
  readonly tenant?: string | undefined
  look(): WorkflowExecution
  /** What it waits for, as JSON text, while it is live. */
  waits(): string
}

/** Looks between two turns of the event loop: some milliseconds. */
const LOOKS_MAX = 50

/** A page of what this process has, newest first; a cursor is the id that the page before ended with. */
export async function rememberedSummaries(all: Iterable<Remembered>, asked: Asked): Promise<ExecutionSummaryList> {
  const { workflowId, version, tenant, cursor, idPrefix = '', limit } = asked
  const wanted = [...all].filter(
    (one) =>
      (workflowId === undefined || one.definition.workflowId === workflowId) &&
      (version === undefined || versionOf(one.definition) === version) &&
      (tenant === undefined || one.tenant === tenant) &&
      (cursor === undefined || one.id < cursor) &&
      one.id.startsWith(idPrefix),
  )
  wanted.sort((one, other) => (one.id < other.id ? 1 : -1))
  const executions: ExecutionSummary[] = []
  for (const [place, one] of wanted.entries()) {
    if ((place + 1) % LOOKS_MAX === 0) await nextTurn()
    const summary = seen(one)
    if (!fits(summary, asked)) continue
    // One more than asked for tells whether there is a next page.
    if (executions.length === limit) return { executions, cursor: executions.at(-1)?.id ?? '' }
    executions.push(summary)
  }
  return { executions }
}

/** The version of a definition. */
export function versionOf({ source }: Definition): string {
  return String((source as { version?: unknown }).version)
}

function seen(one: Remembered): ExecutionSummary {
  const { id, workflowId, status, startTime, endTime, metrics, error, forkedFrom, parent, schedule, tenant } = one.look()
  const { duration, tasks, attempts, resourceUsage } = metrics
  return {
    id,
    workflowId,
    version: versionOf(one.definition),
    status,
    ...(startTime.getTime() > 0 && { startTime }),
    ...(endTime !== undefined && { endTime, ...(startTime.getTime() > 0 && { duration }) }),
    tasks,
    attempts,
    resourceUsage,
    ...(error !== undefined && { error: { code: error.code, taskId: error.taskId } }),
    ...(endTime === undefined && waitsIn(JSON.parse(one.waits()) as Waits | null)),
    ...(forkedFrom !== undefined && { forkedFrom }),
    ...(parent !== undefined && { parent }),
    ...(schedule !== undefined && { schedule }),
    ...(tenant !== undefined && { tenant }),
  }
}

/** The summary of an execution that has ended. */
export function summaryOfEnded({ execution, definition, options }: Past): ExecutionSummary {
  return seen({ id: execution.id, definition, tenant: options.tenant, look: () => execution, waits: () => 'null' })
}

function fits({ status, startTime, error, waitsFor }: ExecutionSummary, asked: Asked): boolean {
  const at = startTime?.getTime() ?? Infinity
  return (
    (asked.status === undefined || status === asked.status) &&
    (asked.since === undefined || at >= asked.since.getTime()) &&
    (asked.until === undefined || at < asked.until.getTime()) &&
    (asked.errorCode === undefined || error?.code === asked.errorCode) &&
    (asked.waitingFor === undefined || isWaiting(waitsFor, asked.waitingFor))
  )
}

function isWaiting(waits: ExecutionWaits | undefined, waitingFor: NonNullable<Asked['waitingFor']>): boolean {
  if (waits === undefined) return false
  if (waitingFor === 'timer') return waits.timer !== undefined
  if (typeof waitingFor === 'string') return waits[`${waitingFor}s`].length > 0
  return 'signal' in waitingFor ? waits.signals.includes(waitingFor.signal) : waits.agents.includes(waitingFor.agent)
}
