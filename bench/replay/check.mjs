// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What must be true of a workflow that has run: each task once, after all its parents, in all that was seen of it.

/** Every rule that was broken, in words. */
export function findViolations({ tasks }, { log, events, execution }) {
  if (execution === undefined) return ['the execution is not on record']
  const violations = []
  const found = (violation) => void violations.push(violation)
  if (execution.status !== 'completed') found(`the execution ended ${execution.status}`)
  checkLog(tasks, log, found)
  checkEvents(tasks, events, found)
  checkRecord(tasks, execution, found)
  return violations
}

/** By the agents' own log, whose order is that of the process. */
function checkLog(tasks, log, found) {
  const places = { begin: new Map(), end: new Map() }
  log.forEach(({ task, what }, place) => {
    if (places[what].has(task)) found(`task ${task} did ${what} twice`)
    places[what].set(task, place)
  })
  for (const { id, parents } of tasks) {
    const begin = places.begin.get(id)
    if (begin === undefined || !places.end.has(id)) found(`task ${id} was never run to its end`)
    for (const parent of parents) {
      const end = places.end.get(parent)
      if (end === undefined || end > begin) found(`task ${id} began before its parent ${parent} had ended`)
    }
  }
  if (log.length !== 2 * tasks.length) found(`the agents noted ${log.length} beginnings and ends, not ${2 * tasks.length}`)
}

function checkEvents(tasks, events, found) {
  const counts = new Map()
  for (const task of events) counts.set(task, (counts.get(task) ?? 0) + 1)
  for (const { id } of tasks) if (counts.get(id) !== 1) found(`task ${id} was announced as completed ${counts.get(id) ?? 0} times`)
  if (events.length !== tasks.length) found(`${events.length} tasks were announced as completed, not ${tasks.length}`)
}

/** By the instants on record. */
function checkRecord(tasks, execution, found) {
  if (execution.tasks.length !== tasks.length) found(`the record has ${execution.tasks.length} tasks, not ${tasks.length}`)
  const records = new Map(execution.tasks.map((record) => [record.taskId, record]))
  for (const { id, parents } of tasks) {
    const record = records.get(id)
    if (record === undefined) {
      found(`task ${id} is not on record`)
      continue
    }
    const { status, attempts, startTime, endTime, result } = record
    if (status !== 'completed') found(`task ${id} is on record as ${status}`)
    if (attempts !== 1) found(`task ${id} took ${attempts} attempts`)
    if (result?.task !== id) found(`task ${id} has the result of ${result?.task}`)
    if (result?.given !== parents.length) found(`task ${id} was given ${result?.given} results, not ${parents.length}`)
    if (!(startTime <= endTime)) found(`task ${id} is on record as ended before it began`)
    for (const parent of parents) {
      if (!(records.get(parent)?.endTime <= startTime)) found(`task ${id} is on record as begun before its parent ${parent} had ended`)
    }
  }
}
