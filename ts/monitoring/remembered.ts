// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures of executions that this process remembers, where there is no store. Rust counts them, as it counts those of a store.

import type { TaskExecution } from '../api/execution.js'
import { nextTurn } from '../base/real-time.js'
import { fingerprint, PeriodFigures, type EndedExecution, type EndedTask } from '../boundary/analytics.js'
import type { EndedExecutions, Past } from '../executions/ended-executions.js'
import { summaryOfEnded, versionOf } from '../executions/summaries.js'
import { SUMMARIES_MAX, type ErrorText, type Gathered } from './gathered.js'
import type { Period } from './period.js'

/** Executions that are looked at between two turns of the event loop: some milliseconds. */
const LOOKS_MAX = 50
/** Kinds of failures that are named. */
const ERRORS_MAX = 20

export async function rememberedFigures(ended: EndedExecutions, { workflowId, version, start, end }: Period): Promise<Gathered> {
  const all = [...ended.values()]
  const isIn = ({ execution: { endTime } }: Past): boolean => endTime !== undefined && endTime >= start && endTime < end
  const ours = all.filter(({ execution }) => execution.workflowId === workflowId)
  const wanted = ours
    .filter(({ definition }) => version === undefined || versionOf(definition) === version)
    .filter(isIn)
    .toSorted((one, other) => endOf(other) - endOf(one))
  const figures = new PeriodFigures()
  for (let place = 0; place < wanted.length; place += LOOKS_MAX) {
    if (place > 0) await nextTurn()
    figures.add(wanted.slice(place, place + LOOKS_MAX).map(endedExecution))
  }
  return {
    figures: JSON.parse(figures.text()) as Gathered['figures'],
    executions: wanted.slice(0, SUMMARIES_MAX).map(summaryOfEnded),
    workflows: ours.length > 0 ? null : [...new Set(all.map(({ execution }) => execution.workflowId))],
    deleted: false,
    anomalies: [],
    errors: errorsOf(wanted),
    since: ended.since,
  }
}

/** As `runtime::facts::failures` has them. */
function errorsOf(wanted: readonly Past[]): ErrorText[] {
  const found = new Map<string, ErrorText & { readonly tasks: string[] }>()
  // The last to end is first.
  for (const { execution, definition } of wanted) {
    const ids = new Set(definition.tasks.map(({ id }) => id))
    for (const { taskId, error, endTime } of execution.tasks) {
      if (error === undefined) continue
      const [message, at, task] = [fingerprint(error.message), (endTime?.getTime() ?? 0) * 1000, idOf(taskId, ids)]
      const key = `${error.code} ${message}`
      const known = found.get(key)
      const tasks = known?.tasks ?? []
      if (!tasks.includes(task)) tasks.push(task)
      const latest = known ?? { code: error.code, message, last: at, execution: execution.id }
      found.set(key, {
        ...latest,
        tasks,
        count: (known?.count ?? 0) + 1,
        first: Math.min(known?.first ?? at, at),
        last: Math.max(latest.last, at),
      })
    }
  }
  return [...found.values()].toSorted((one, other) => other.count - one.count || other.last - one.last).slice(0, ERRORS_MAX)
}

function endOf({ execution: { endTime } }: Past): number {
  return endTime?.getTime() ?? 0
}

function endedExecution({ execution, definition }: Past): EndedExecution {
  const { status, startTime, endTime, metrics, tasks } = execution
  const started = startTime.getTime() * 1000
  // Dates have milliseconds, and a duration all that is known.
  const ended = started > 0 ? started + Math.round(metrics.duration * 1000) : (endTime?.getTime() ?? 0) * 1000
  const ids = new Set(definition.tasks.map(({ id }) => id))
  const { cost, costComplete } = metrics.resourceUsage
  const paid = { cost: Math.round(cost * 1e9), unpriced: costComplete ? 0 : 1 }
  return { status, started, ended, attempts: metrics.attempts, ...paid, tasks: tasks.map((task) => endedTask(task, ids)) }
}

function endedTask({ taskId, status, attempts, duration, usage, cost, models }: TaskExecution, ids: ReadonlySet<string>): EndedTask {
  return {
    task: idOf(taskId, ids),
    status,
    attempts,
    ...(duration !== undefined && { duration: Math.round(duration * 1000) }),
    ...(usage !== undefined && {
      usage: [usage.inputTokens, usage.outputTokens, usage.cacheReadTokens, usage.cacheWriteTokens, usage.reasoningTokens],
    }),
    ...(cost !== undefined && { cost: Math.round(cost * 1e9) }),
    ...(models !== undefined && { calls: models.length, unpriced: models.filter(({ costComplete }) => !costComplete).length }),
  }
}

/** The id of a task in its definition, or as it was spawned, which is the end of its path: see `Execution::path`. */
function idOf(path: string, ids: ReadonlySet<string>): string {
  const pass = path.lastIndexOf('].')
  const inPass = pass < 0 ? path : path.slice(pass + 2)
  if (ids.has(inPass)) return inPass
  const own = inPass.replace(/\[\d+\]$/, '')
  return ids.has(own) ? own : own.slice(own.lastIndexOf('/') + 1)
}
