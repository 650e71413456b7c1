// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is heard of executions by `handle.events()`: each event once and in order, by whoever follows them over crashes, and what each task and the whole came to.

import { OrchestratorError, type ExecutionEvent, type ExecutionHandle } from '@codexos/multi-agent-orchestrator'
import type { End, Told } from './told.ts'

const ENDS: ReadonlySet<string> = new Set(['completed', 'failed', 'skipped', 'cancelled'])

export class Heard {
  readonly #problems: string[]
  /** What was heard of each execution while it ran, in words. */
  readonly #heard = new Map<string, string[]>()
  readonly #following = new Map<string, Promise<void>>()

  constructor(problems: string[]) {
    this.#problems = problems
  }

  /** Goes on hearing where it had got to, until the execution has ended or its process has. */
  follow(handle: ExecutionHandle): void {
    const heard = this.#heard.get(handle.id) ?? []
    this.#heard.set(handle.id, heard)
    const before = this.#following.get(handle.id)
    this.#following.set(handle.id, this.#hear(handle, heard, before))
  }

  async #hear(handle: ExecutionHandle, heard: string[], before: Promise<void> | undefined): Promise<void> {
    await before
    try {
      for await (const event of handle.events({ after: heard.length })) {
        heard.push(wordsOf(event))
        if (event.seq !== heard.length) this.#problems.push(`of ${handle.id} event ${event.seq} was heard as number ${heard.length}`)
      }
    } catch (error) {
      if (!OrchestratorError.isInstance(error) || !['ERR_CRASHED', 'ERR_CLOSED'].includes(error.code)) throw error
    }
  }

  /** In what the events of an execution that has ended differ from what it came to; undefined: in nothing. */
  async differing(handle: ExecutionHandle, told: Told): Promise<string | undefined> {
    await this.#following.get(handle.id)
    const events: ExecutionEvent[] = []
    for await (const event of handle.events()) events.push(event)
    const at = `events of ${told.id}`
    const recorded = events.map(wordsOf)
    const heard = this.#heard.get(handle.id) ?? recorded
    const place = recorded.findIndex((words, index) => words !== heard[index])
    if (place >= 0) return `${at}: heard ${heard[place] ?? 'nothing more'} where ${recorded[place]} is on record`
    if (heard.length > recorded.length) return `${at}: heard ${heard[recorded.length]}, which is not on record`
    const difference = ofWhole(events, told) ?? ofTasks(events, told) ?? (told.move === undefined ? ofOrder(events, told) : undefined)
    return difference === undefined ? undefined : `${at}: ${difference}; ${recorded.join(', ')}`
  }
}

function wordsOf({ seq, type, task }: ExecutionEvent): string {
  return [seq, type, task?.taskId, task?.iteration].filter((word) => word !== undefined).join(' ')
}

/** It starts once, before all else, and ends once, after all else. */
function ofWhole(events: readonly ExecutionEvent[], { status }: Told): string | undefined {
  const whole = events.filter(({ type }) => type.startsWith('workflow:') && type !== 'workflow:paused' && type !== 'workflow:resumed')
  const types = whole.map(({ type }) => type).join(' ')
  if (types !== `workflow:started workflow:${status}`) return `it is said of the whole: ${types}`
  if (events.at(-1)?.type !== `workflow:${status}`) return `after its end: ${events.at(-1)?.type}`
  return events.every(({ seq }, place) => seq === place + 1) ? undefined : 'numbers have gaps'
}

/** Each task ends once, as it did, and is heard of no more; one that a move began anew may have ended before as well. */
function ofTasks(events: readonly ExecutionEvent[], told: Told): string | undefined {
  const known = new Map<string, ExecutionEvent[]>()
  for (const event of events) {
    const path = event.task?.taskId
    if (path !== undefined) known.set(path, [...(known.get(path) ?? []), event])
  }
  for (const path of known.keys())
    if (!told.tasks.has(path) && !told.anew.has(path) && !told.opened.has(path)) return `there is a task ${path}`
  for (const [path, end] of told.tasks) {
    const difference = ofTask(known.get(path) ?? [], path, end, told)
    if (difference !== undefined) return `${path} ${difference}`
  }
  return undefined
}

function ofTask(events: readonly ExecutionEvent[], path: string, { status }: End, { move, anew, stay, between }: Told): string | undefined {
  const types = events.map(({ type }) => type.slice('task:'.length))
  const ends = types.filter((type) => ENDS.has(type))
  if (types.at(-1) !== status) return `is ${status}, and heard of last as ${types.at(-1)}`
  if (ends.length !== 1 && !(anew.has(path) && ends.length === 2)) return `ended as ${ends.join(' and ')}`
  // A group that had begun may begin anew too.
  const startsMax = move === 'moved' && !stay.has(path) && !between.has(path) ? 2 : 1
  const starts = types.filter((type) => type === 'started').length
  return starts <= startsMax ? undefined : `started ${starts} times`
}

/** A task that comes after another starts after its end. */
function ofOrder(events: readonly ExecutionEvent[], { flow, tasks }: Told): string | undefined {
  for (const [place, { id, dependencies }] of flow.tasks.entries()) {
    const before = dependencies ?? (place > 0 ? [flow.tasks[place - 1]?.id as string] : [])
    const start = events.findIndex(({ type, task }) => type === 'task:started' && task?.taskId === id)
    for (const other of start < 0 || !tasks.has(id) ? [] : before) {
      const end = events.findIndex(({ type, task }) => task?.taskId === other && ENDS.has(type.slice('task:'.length)))
      if (end > start) return `${id} started before ${other} ended`
    }
  }
  return undefined
}
