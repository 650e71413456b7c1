// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The store file itself, record by record in the order of commitment: read by Node's own SQLite or the sqlite3 program, if there is one.

import { spawnSync } from 'node:child_process'
import { dependenciesOf } from './workflows.mjs'

const QUERY = `SELECT json_object('execution', e.id, 'workflow', e.workflow, 'seq', j.seq, 'body', json(j.body)) AS line
  FROM journal j JOIN execution e ON e.key = j.execution ORDER BY j.position`
const OUTPUT_MAX = 1 << 30

/** What the journal holds, in words, and every rule that was broken. */
export async function checkJournal(store) {
  const read = (await readWithNode(store)) ?? readWithProgram(store)
  if (read === undefined) return { summary: 'not read: neither node:sqlite nor the sqlite3 program is there', violations: [] }
  const histories = new Map()
  const violations = []
  let events = 0
  for (const { execution, workflow, seq, body } of read.records) {
    if (!histories.has(execution)) histories.set(execution, new History(execution, workflow, (violation) => violations.push(violation)))
    const history = histories.get(execution)
    history.step(seq)
    const told = body.events.flatMap(ofEachTask)
    for (const event of told) history.apply(event)
    events += told.length
  }
  let interrupted = 0
  for (const history of histories.values()) {
    history.conclude()
    interrupted += history.interrupted
  }
  const order = violations.length === 0 ? 'each start after its dependencies, each task completed once' : 'OUT OF ORDER'
  return { summary: `${events} events in ${read.records.length} records (${read.by}): ${order}; ${interrupted} interruptions`, violations }
}

async function readWithNode(store) {
  let sqlite
  try {
    sqlite = await import('node:sqlite')
  } catch {
    return undefined
  }
  const database = new sqlite.DatabaseSync(store, { readOnly: true })
  const records = database
    .prepare(QUERY)
    .all()
    .map(({ line }) => JSON.parse(line))
  database.close()
  return { records, by: 'node:sqlite' }
}

function readWithProgram(store) {
  const { status, error, stdout, stderr } = spawnSync('sqlite3', ['-batch', store, QUERY], { encoding: 'utf8', maxBuffer: OUTPUT_MAX })
  if (error?.code === 'ENOENT') return undefined
  if (status !== 0) throw new Error(`sqlite3 cannot read ${store}: ${stderr || error?.message}`)
  return {
    records: stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
    by: 'sqlite3',
  }
}

/** An entry may be about so many `more` of the tasks that follow; what differs between them, no rule here looks at. */
function ofEachTask({ more = 0, ...event }) {
  return Array.from({ length: more + 1 }, (_, later) => ({ ...event, task: event.task + later }))
}

/** One execution as its records tell it. */
class History {
  interrupted = 0
  #tasks
  #found
  #last
  #completed = new Set()
  /** Attempts under way, by the task's place. */
  #running = new Map()
  #ended = false

  constructor(id, workflow, found) {
    this.#tasks = [...dependenciesOf(workflow)].map(([task, dependencies]) => ({ task, dependencies }))
    this.#found = (violation) => found(`journal of ${id}: ${violation}`)
  }

  step(seq) {
    if (this.#last !== undefined && seq !== this.#last + 1) this.#found(`record ${seq} follows record ${this.#last}`)
    this.#last = seq
  }

  apply({ event, task: place, attempt }) {
    if (this.#ended) this.#found(`${event} after the end`)
    if (event === 'executionEnded') this.#ended = true
    if (event === 'attemptStarted') this.#start(place, attempt)
    if (event === 'attemptInterrupted') this.interrupted += 1
    if (event === 'taskCompleted') this.#complete(place, attempt)
    if (event === 'retryScheduled' || event === 'taskFailed' || event === 'taskCancelled') this.#running.delete(place)
  }

  conclude() {
    if (!this.#ended) this.#found('it has no end')
  }

  #start(place, attempt) {
    const { task, dependencies } = this.#tasks[place]
    if (this.#completed.has(task)) this.#found(`task ${task} started again after it had completed`)
    for (const dependency of dependencies) {
      if (!this.#completed.has(dependency)) this.#found(`task ${task} started before ${dependency} had completed`)
    }
    this.#running.set(place, attempt)
  }

  #complete(place, attempt) {
    const { task } = this.#tasks[place]
    if (this.#completed.has(task)) this.#found(`task ${task} completed twice`)
    if (this.#running.get(place) !== attempt) this.#found(`task ${task} completed in attempt ${attempt}, which was not under way`)
    this.#completed.add(task)
    this.#running.delete(place)
  }
}
