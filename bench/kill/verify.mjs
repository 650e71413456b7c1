// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What every process said until its death, held against what is on record at the end.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { hashOf } from './log.mjs'
import { dependenciesOf, endOf } from './workflows.mjs'

const PAGE = 1000
/** What a process says when an attempt's answer is on record. */
const SETTLED = ['completed', 'retrying', 'failed', 'cancelled']

/** Every execution on record, by id, through the public interface alone. */
export async function readExecutions(store, level) {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path: store, durability: level } })
  try {
    const executions = new Map()
    let cursor
    do {
      const page = await orchestrator.listExecutions({ limit: PAGE, ...(cursor !== undefined && { cursor }) })
      for (const { id } of page.executions) executions.set(id, await orchestrator.getExecution(id))
      cursor = page.cursor
    } while (cursor !== undefined)
    return executions
  } finally {
    await orchestrator.shutdown({ drainMs: 0 })
  }
}

/** Counts, and every rule that was broken, in words. */
export function verify(lines, executions, kills) {
  const verifier = new Verifier(executions, new Set(kills))
  lines.forEach((line, place) => verifier.hear(line, place))
  verifier.conclude()
  return { counts: verifier.counts, violations: verifier.violations }
}

class Verifier {
  violations = []
  counts = {
    accepted: 0,
    unannounced: 0,
    completed: 0,
    failed: 0,
    results: 0,
    announced: 0,
    changed: 0,
    calls: 0,
    tooEarly: 0,
    inFlight: 0,
    again: 0,
    wrongAgain: 0,
  }
  #executions
  #kills
  /** The results on record: their hash and the process that made them, by task. */
  #results = new Map()
  #accepted = new Set()
  #ended = new Set()
  /** Tasks whose completion was announced. */
  #completed = new Set()
  /** The latest call of each attempt. */
  #calls = new Map()
  /** Every call by its own id. */
  #callIds = new Map()

  constructor(executions, kills) {
    this.#executions = executions
    this.#kills = kills
    for (const { id, tasks } of executions.values()) {
      for (const { taskId, status, result } of tasks) {
        if (status === 'completed') this.#results.set(key(id, taskId), { hash: hashOf(result), life: result.life, call: result.call })
      }
    }
  }

  /** The lines come in the order they were written. */
  hear(line, place) {
    if (line.what === 'accepted') this.#hearAccepted(line)
    if (line.what === 'call') this.#hearCall(line, place)
    if (line.what === 'completed') this.#hearCompleted(line)
    if (line.what === 'ended') this.#hearEnded(line)
    if (SETTLED.includes(line.what)) this.#settle(line)
  }

  conclude() {
    const { counts } = this
    for (const execution of this.#executions.values()) this.#concludeExecution(execution)
    counts.accepted = this.#accepted.size
    counts.unannounced = this.#executions.size - this.#accepted.size
    counts.results = this.#results.size
    counts.announced = this.#completed.size
    for (const [place, { call }] of this.#results) {
      if (this.#callIds.get(call) !== place) this.#found(`the result of ${place} is that of no call of it`)
    }
    for (const { life, settled, again } of this.#calls.values()) {
      if (this.#kills.has(life) && !settled && !again) counts.inFlight += 1
    }
    counts.inFlight += counts.again - counts.wrongAgain
  }

  #hearAccepted({ execution, workflow }) {
    const found = this.#executions.get(execution)
    if (this.#accepted.has(execution)) this.#found(`execution ${execution} was accepted twice`)
    this.#accepted.add(execution)
    if (found === undefined) this.#found(`execution ${execution} was accepted and is not on record`)
    else if (found.workflowId !== workflow)
      this.#found(`execution ${execution} was accepted as ${workflow} and is on record as ${found.workflowId}`)
  }

  #hearCall({ life, execution, task, attempt, call, seen }, place) {
    this.counts.calls += 1
    this.#callIds.set(call, key(execution, task))
    const attemptKey = key(execution, task, attempt)
    const before = this.#calls.get(attemptKey)
    if (before !== undefined) this.#judgeAgain(before, life, attemptKey)
    if (this.#completed.has(key(execution, task))) this.#found(`${attemptKey} was called after its completion had been announced`)
    if (this.#ended.has(execution)) this.#found(`${attemptKey} was called after the end of its execution had been announced`)
    if (attempt > 1 && !this.#calls.has(key(execution, task, attempt - 1)))
      this.#found(`${attemptKey} was called without the attempt before`)
    this.#calls.set(attemptKey, { life, place, settled: false, again: false })
    this.#judgeSeen({ life, execution, task, attemptKey, seen })
  }

  /** Only what was in flight at a kill may be called again, by a later process. */
  #judgeAgain(before, life, attemptKey) {
    this.counts.again += 1
    before.again = true
    if (before.life < life && this.#kills.has(before.life) && !before.settled) return
    this.counts.wrongAgain += 1
    const why = before.settled ? 'its outcome had been announced' : `process ${before.life} was still at it`
    this.#found(`${attemptKey} was called again by process ${life}, but ${why}`)
  }

  /** What an agent saw of its dependencies is what is on record of them, and was on record by then. */
  #judgeSeen({ life, execution, task, attemptKey, seen }) {
    const workflow = this.#executions.get(execution)?.workflowId
    if (workflow === undefined) return this.#found(`${attemptKey} was called, but its execution is not on record`)
    const dependencies = dependenciesOf(workflow).get(task)
    if (Object.keys(seen).length !== dependencies.length)
      this.#found(`${attemptKey} saw the results of ${Object.keys(seen).join(', ')}, not of ${dependencies.join(', ')}`)
    for (const dependency of dependencies) {
      const result = this.#results.get(key(execution, dependency))
      const announced = this.#completed.has(key(execution, dependency))
      // A process that died between the record and its announcement: then the result is of an earlier process.
      if (result !== undefined && result.hash === seen[dependency] && (announced || result.life < life)) continue
      this.counts.tooEarly += 1
      const why =
        result === undefined
          ? 'has no result on record'
          : result.hash === seen[dependency]
            ? 'was not on record yet'
            : 'has another result on record'
      this.#found(`${attemptKey} ran on the result of ${dependency}, which ${why}`)
    }
  }

  #hearCompleted({ execution, task, hash }) {
    const place = key(execution, task)
    if (this.#completed.has(place)) this.#found(`the completion of ${place} was announced twice`)
    this.#completed.add(place)
    const result = this.#results.get(place)
    if (result?.hash === hash) return
    this.counts.changed += 1
    this.#found(`the result of ${place} that was announced is ${result === undefined ? 'not on record' : 'another on record'}`)
  }

  #hearEnded({ execution, status }) {
    if (this.#ended.has(execution)) this.#found(`the end of execution ${execution} was announced twice`)
    this.#ended.add(execution)
    const found = this.#executions.get(execution)
    if (found?.status !== status) this.#found(`execution ${execution} was announced as ${status} and is on record as ${found?.status}`)
  }

  #settle({ life, execution, task, attempt }) {
    const call = this.#calls.get(key(execution, task, attempt))
    if (call !== undefined && call.life === life) call.settled = true
  }

  #concludeExecution({ id, workflowId, status, tasks, endTime }) {
    if (status === 'completed' || status === 'failed') this.counts[status] += 1
    if (status !== endOf(workflowId) || endTime === undefined)
      this.#found(`execution ${id} of ${workflowId} is ${status}, not ${endOf(workflowId)}`)
    if (status !== 'completed') return
    for (const task of tasks)
      if (task.status !== 'completed') this.#found(`${key(id, task.taskId)} of a completed execution is ${task.status}`)
  }

  #found(violation) {
    this.violations.push(violation)
  }
}

/** An execution, a task of it, an attempt of that. */
function key(...parts) {
  return parts.join('/')
}
