// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A witness beside the engine: agents write down every real invocation, the demo writes down every announced completion.
// After a crash the ledger and the journal are compared.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { isModelTask, money } from './models.mjs'
import { plural } from './report.mjs'

/** @typedef {{ event: 'invoked' | 'announced', task: string, run: string, pid: number, at: number }} Line `run` names the process */

export class Ledger {
  /** Process ids return, above all in containers; together with the time of the start they do not. */
  run = `${process.pid}@${Date.now()}`
  #path

  constructor(/** @type {string} */ path) {
    this.#path = path
  }

  /** A new study begins with an empty ledger; a continued one goes on with the ledger of the processes before. */
  clear() {
    writeFileSync(this.#path, '')
  }

  /** Synchronous, so that the line outlives a SIGKILL that comes right after. */
  write(/** @type {Line['event']} */ event, /** @type {string} */ task) {
    const line = { event, task, run: this.run, pid: process.pid, at: Date.now() }
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`)
  }

  /** @returns {Line[]} */
  read() {
    if (!existsSync(this.#path)) return []
    return readFileSync(this.#path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  }

  /** The times between the last sign of life of one process and the first of the next. */
  interruptions() {
    const lines = this.read()
    return lines.flatMap((line, index) => {
      const before = lines[index - 1]
      return before === undefined || before.run === line.run ? [] : [{ from: before.at, to: line.at }]
    })
  }
}

/**
 * @typedef {import('@codexos/multi-agent-orchestrator').WorkflowExecution} WorkflowExecution
 * @typedef {{ holds: boolean, text: string }} Point a fact, or a claim that must hold
 * @typedef {readonly import('@codexos/multi-agent-orchestrator').ModelComparison[]} Sent what this process has seen of each model
 */

/** An uninterrupted study: each task was invoked once. */
export function proveOnce(/** @type {WorkflowExecution} */ execution, /** @type {Ledger} */ ledger, /** @type {Sent} */ sent) {
  const tasks = execution.tasks.filter((task) => !isModelTask(task))
  const invoked = ledger.read().filter((line) => line.event === 'invoked')
  const distinct = new Set(invoked.map((line) => line.task)).size
  const holds = distinct === tasks.length && invoked.length === distinct
  const once = { holds, text: `${tasks.length} tasks, ${invoked.length} invocations of agents: each task ran exactly once` }
  return [once, ...provePaid(undefined, execution, sent)]
}

/**
 * A continued study: nothing that had finished ran again, changed or was lost.
 *
 * @param {WorkflowExecution} before the execution as this process found it in the journal
 * @param {WorkflowExecution} after the execution at its end
 * @param {Ledger} ledger
 * @param {Sent} sent
 * @returns {Point[]}
 */
export function proveContinued(before, after, ledger, sent) {
  const lines = ledger.read()
  const tasksOf = (/** @type {Line['event']} */ event, /** @type {boolean} */ now) =>
    new Set(lines.filter((line) => line.event === event && (line.run === ledger.run) === now).map((line) => line.task))
  const [invokedBefore, invokedNow, announcedBefore] = [tasksOf('invoked', false), tasksOf('invoked', true), tasksOf('announced', false)]

  const finished = new Map(before.tasks.filter((task) => task.status === 'completed').map((task) => [task.taskId, task]))
  const ends = new Map(after.tasks.map((task) => [task.taskId, task]))
  const again = [...finished.keys()].filter((id) => invokedNow.has(id))
  const changed = [...finished].filter(([id, task]) => trace(ends.get(id)) !== trace(task)).map(([id]) => id)
  const lost = [...announcedBefore].filter((id) => !finished.has(id))
  const twice = [...invokedNow].filter((id) => invokedBefore.has(id) && !finished.has(id))
  const first = [...invokedNow].filter((id) => !invokedBefore.has(id))
  const never = [...ends.values()].filter((task) => !isModelTask(task) && !finished.has(task.taskId) && !invokedNow.has(task.taskId))
  const own = [...finished.values()].filter((task) => !isModelTask(task))

  return [
    { holds: again.length === 0, text: `tasks finished before the crash: ${own.length}, run again: ${again.length}${named(again)}` },
    {
      holds: changed.length === 0,
      text: `their start, end and result are as recorded then: ${finished.size - changed.length} of ${finished.size}${named(changed)}`,
    },
    {
      holds: lost.length === 0,
      text: `completions announced before the crash: ${announcedBefore.size}, lost: ${lost.length}${named(lost)}`,
    },
    { holds: true, text: `interrupted while running, so run anew: ${twice.length}${named(twice)}` },
    {
      holds: never.length === 0,
      text: `run for the first time now: ${first.length}; never run: ${never.length}${named(never.map((task) => task.taskId))}`,
    },
    ...provePaid(before, after, sent),
  ]
}

/**
 * The built-in agents write no ledger. Their witness is what the layer of models has seen in this process: what it paid must be what has come
 * onto the record since, and nothing may have come onto the record of a task that had ended.
 *
 * @param {WorkflowExecution | undefined} before
 * @param {WorkflowExecution} after
 * @param {Sent} sent
 * @returns {Point[]}
 */
function provePaid(before, after, sent) {
  if (after.context.models === undefined) return []
  const bill = ({ usage, cost } = /** @type {Partial<import('@codexos/multi-agent-orchestrator').TaskExecution>} */ ({})) =>
    JSON.stringify([usage, cost])
  const ends = new Map(after.tasks.map((task) => [task.taskId, task]))
  const ended = (before?.tasks ?? []).filter((task) => isModelTask(task) && task.endTime !== undefined)
  const again = ended.filter((task) => bill(task) !== bill(ends.get(task.taskId))).map((task) => task.taskId)

  const [then, now] = [before?.metrics.resourceUsage, after.metrics.resourceUsage]
  const [calls, cost] = [now.modelCalls - (then?.modelCalls ?? 0), now.cost - (then?.cost ?? 0)]
  const requests = sent.reduce((sum, model) => sum + model.calls, 0)
  const paid = sent.reduce((sum, model) => sum + model.cost, 0)
  // A request that failed and was sent again is one call; where none failed the two are equal.
  const failed = requests - sent.reduce((sum, model) => sum + Math.round(model.calls * (model.successRate ?? 1)), 0)
  const matches = calls <= requests && calls >= requests - failed && Math.abs(cost - paid) < NANODOLLAR
  const since = before === undefined ? 'on record' : 'on record since'
  const retried = failed === 0 ? '' : `, ${failed} of which failed`
  return [
    ...(before === undefined
      ? []
      : [
          {
            holds: again.length === 0,
            text: `tasks of models ended before the crash: ${ended.length}, paid again: ${again.length}${named(again)}`,
          },
        ]),
    {
      holds: matches,
      text: `${plural(calls, 'call')} of models ${since} for ${money(cost, now.costComplete)}; this process has sent ${plural(requests, 'request')}${retried}, and paid ${money(paid, now.costComplete)}`,
    },
  ]
}

const NANODOLLAR = 1e-9

const named = (/** @type {string[]} */ ids) => (ids.length === 0 ? '' : ` (${ids.join(', ')})`)

/** What a finished task has left in the journal, as text to compare. */
function trace(/** @type {import('@codexos/multi-agent-orchestrator').TaskExecution | undefined} */ task) {
  return JSON.stringify([task?.status, instant(task?.startTime), instant(task?.endTime), task?.result])
}

export const instant = (/** @type {Date | undefined} */ date) => (date === undefined ? undefined : new Date(date).getTime())
