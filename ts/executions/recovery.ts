// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions out of a store: those to be read, and those that were interrupted and are continued as soon as their agents are there.

import type { AgentRegistry } from '../pool/agent-pool.js'
import type { Clock } from '../base/clock.js'
import { acceptedDefinition, definitionOf, type Definition } from '../definition/definition.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { EndedExecutions, Past } from './ended-executions.js'
import { damagedExecution, isDamaged, type DamagedText } from './damaged.js'
import { endingOf, executionOf, type Report } from '../run/report.js'
import { eventsIn, followEvents, type EventSource, type ExecutionEvent } from '../events/execution-events.js'
import type { Json } from '../json/json.js'
import type { InterruptedGroup, NativePlan } from '../boundary/native.js'
import type { StoreReader } from '../boundary/store-reader.js'
import { eventsGone, notFound } from './outcome.js'
import type { Run } from '../run/run.js'
import { optionsAfter, pastRun, rememberMoves, type MoveText } from '../run/past-run.js'
import type { ExecutionList, ExecutionListFilter, WorkflowExecution } from '../api/execution.js'
import { nextTurn, real } from '../base/real-time.js'
import type { AgentNeed } from '../definition/named.js'
import type { RunOptions } from '../run/options.js'

interface StoredText {
  id: string
  definition: object
  context: { [key: string]: Json } | null
  options: RunOptions | null
  /** In milliseconds. */
  defaultTimeout: number
  report: Report
  outputs: Record<string, Json>
  moves?: MoveText[]
}

interface StoredPage {
  executions: (object | DamagedText)[]
  cursor?: string | null
}

/** An execution as `runtime::report::stored` writes it. */
interface Stored {
  readonly id: string
  readonly definition: Definition
  readonly context: { [key: string]: Json }
  readonly options: RunOptions
  readonly report: Report
  readonly outputs: Readonly<Record<string, Json>>
  readonly moves: readonly MoveText[]
  /** What it was given at first. */
  readonly recorded: RunOptions
  seen(): WorkflowExecution
}

/** Where executions are stored, and the clock by which those still run that have not ended. */
interface Source {
  readonly engine: StoreReader
  readonly clock: Clock
}

/** Reads definitions that were accepted, each once. */
class ReadDefinitions {
  readonly #known = new Map<string, Definition>()

  of({ definition, defaultTimeout }: StoredText): Definition {
    const key = `${defaultTimeout} ${JSON.stringify(definition)}`
    let known = this.#known.get(key)
    if (known === undefined) {
      known = acceptedDefinition(definition, defaultTimeout)
      this.#known.set(key, known)
    }
    return known
  }
}

/** Reads a stored execution, perhaps one of many. */
function readStored(stored: string | object, clock: Clock, definitions = new ReadDefinitions()): Stored {
  const text = (typeof stored === 'string' ? JSON.parse(stored) : stored) as StoredText
  const { id, context, options: recorded, report, outputs, moves = [] } = text
  const definition = definitions.of(text)
  const given = context ?? {}
  const options = optionsAfter(recorded ?? {}, moves)
  const values = report.tasks.map((_, instance) => outputs[instance])
  const subject = { id, definition, context: given, outputs: values, options, clock }
  return {
    id,
    definition,
    context: given,
    options,
    recorded: recorded ?? {},
    report,
    outputs,
    moves,
    seen: () => executionOf(subject, () => report),
  }
}

/** An execution that the store has. */
export async function storedPast({ engine, clock }: Source, executionId: string): Promise<Past | undefined> {
  const text = await engine.stored('storedExecution', executionId)
  if (text === undefined) return undefined
  const stored = readStored(text, clock)
  const { definition, context, options, report, moves } = stored
  const stayed = moves.map(({ stay }) => ({ stay: new Set(stay) }))
  return { execution: stored.seen(), definition, context, options, moves: stayed, ending: endingOf(report) }
}

/** An execution that the store has, or what is known of it if it is damaged. */
export async function storedSeen(
  { engine, clock }: Source,
  told: (damaged: DamagedText) => void,
  id: string,
): Promise<WorkflowExecution | undefined> {
  const text = await engine.stored('storedSeen', id)
  return text === undefined ? undefined : seenStored(JSON.parse(text) as object, clock, told)
}

function seenStored(stored: object, clock: Clock, told: (damaged: DamagedText) => void, definitions?: ReadDefinitions): WorkflowExecution {
  if (!isDamaged(stored)) return readStored(stored, clock, definitions).seen()
  told(stored)
  return damagedExecution(stored)
}

/** Executions of a list that are read together. */
const SLICE = 10

/** A page of what the store has, newest first. */
export async function storedPage(
  { engine, clock }: Source,
  told: (damaged: DamagedText) => void,
  asked: ExecutionListFilter & { limit: number },
): Promise<ExecutionList> {
  const micros = (date: Date | undefined): number | null => (date === undefined ? null : date.getTime() * 1000)
  const question = { workflowId: null, status: null, ...asked, since: micros(asked.since), until: micros(asked.until) }
  const seen: WorkflowExecution[] = []
  const definitions = new ReadDefinitions()
  let cursor = asked.cursor ?? null
  do {
    // What is done with a slice holds the event loop, and another thread reads the next one.
    const limit = Math.min(asked.limit - seen.length, SLICE)
    const text = await engine.stored('storedExecutions', JSON.stringify({ ...question, cursor, limit }))
    const page = JSON.parse(text ?? '{"executions":[]}') as StoredPage
    for (const stored of page.executions) seen.push(seenStored(stored, clock, told, definitions))
    cursor = page.cursor ?? null
  } while (cursor !== null && seen.length < asked.limit)
  return cursor === null ? { executions: seen } : { executions: seen, cursor }
}

/** A run that nothing drives, to read the events of an execution that has ended. */
function storedRun(stored: string, clock: Clock): Run {
  const read = readStored(stored, clock)
  const run = pastRun(read, clock)
  rememberMoves(run, read.moves, { options: read.recorded, clock })
  return run
}

/** Something that needs the agents and functions of its definition to go on. */
interface Waiting {
  readonly id: string
  readonly definition: Definition
  readonly options: RunOptions
}

/** Executions of another process that need the same to go on, none of which is at hand. */
interface Group {
  readonly number: number
  readonly definition: Definition
  readonly options: RunOptions
  /** The agents of the tasks that their attempts have spawned. */
  readonly spawned: readonly AgentNeed[]
  /** Whether they go on. */
  proceeds: boolean
}

/** How many of a group go on in one turn of the event loop, and how many of them are read at once. */
const PROCEED_MAX = 256

/** Milliseconds of work after which other things have their turn. */
const TURN_MS_MAX = 10

/** Interrupted executions whose agents are not all registered yet, and schedules likewise. */
export class InterruptedRuns {
  readonly #dispatcher: Dispatcher
  readonly #agents: AgentRegistry
  readonly #equip: (definition: Definition) => void
  readonly #resumed: (run: Run) => void
  readonly #wake: (slot: number) => Promise<Run>
  readonly #groups: Group[] = []
  /** Each with what lets it go on. */
  readonly #waiting = new Map<Waiting, () => void>()
  /** The agents of the tasks that their attempts have spawned. */
  readonly #spawned = new Map<Waiting, readonly AgentNeed[]>()
  #looking = false
  #turn: Promise<void> = Promise.resolve()
  /** Whether all that belong together are at hand: until then none goes on. */
  #opened = false

  /** `equip` gives a definition what is registered of it; `resumed` is told of each execution that was woken and goes on; `wake` has one at hand. */
  constructor(
    dispatcher: Dispatcher,
    agents: AgentRegistry,
    equip: (definition: Definition) => void,
    resumed: (run: Run) => void,
    wake: (slot: number) => Promise<Run>,
  ) {
    this.#dispatcher = dispatcher
    this.#agents = agents
    this.#equip = equip
    this.#resumed = resumed
    this.#wake = wake
  }

  /** Knows what the store had, and has those at hand that are tasks of others, and those above them. */
  async found(groups: readonly InterruptedGroup[], families: Iterable<number>): Promise<Run[]> {
    const definitions: Definition[] = []
    let since = real.elapsed()
    const first = this.#groups.length
    for (const [place, { definition: which, builtIn, spawned }] of groups.entries()) {
      const number = first + place
      const definition = (definitions[which] ??= definitionOf(this.#dispatcher.engine.groupPlan(number) as NativePlan))
      const needs = spawned.map((agentId) => ({ agentId, requires: [] }))
      this.#groups.push({ number, definition, options: { builtIn }, spawned: needs, proceeds: false })
      this.#equip(definition)
      if (real.elapsed() - since < TURN_MS_MAX) continue
      await nextTurn()
      since = real.elapsed()
    }
    const runs = await this.#wakeAll([...families])
    const byId = new Map(runs.map((run) => [run.id, run]))
    for (const run of runs) joinJudges(run, byId)
    return runs
  }

  /** Does what changes the groups, one thing after the other: each counts on what the one before found. */
  inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  /** How many groups there are. */
  get known(): number {
    return this.#groups.length
  }

  /** The definition of a group, the same for all of it. */
  definitionOf(group: number): Definition {
    return (this.#groups[group] as Group).definition
  }

  /** A run is at hand that waits to be resumed. */
  asleep(run: Run, report: Report): void {
    this.#spawned.set(run, spawnedAgents(report))
    this.#waiting.set(run, () => this.#resume(run))
    this.registered()
  }

  /** Continues those that can be; the others go on as soon as they can. */
  async takeUp(): Promise<void> {
    this.#opened = true
    // More may have joined them.
    const proceeding = this.#groups.filter(({ proceeds }) => proceeds)
    await this.#look()
    for (const group of proceeding) await this.#proceedGroup(group)
  }

  /** Calls `proceed` as soon as everything that `waiting` needs is there. */
  wait(waiting: Waiting, proceed: () => void): void {
    this.#equip(waiting.definition)
    this.#waiting.set(waiting, proceed)
    this.registered()
  }

  /** Everything that `waiting` needs is there now, if it was waiting. */
  proceed(waiting: Waiting): void {
    const proceed = this.#waiting.get(waiting)
    this.#waiting.delete(waiting)
    this.#agents.adopt(waiting.definition.agents, waiting.options.builtIn)
    // Nobody has recorded for whom of these a model stood in.
    this.#agents.adopt(this.#spawned.get(waiting) ?? [])
    this.#spawned.delete(waiting)
    proceed?.()
  }

  /** It waits no more. */
  forget(waiting: Waiting): void {
    this.#waiting.delete(waiting)
    this.#spawned.delete(waiting)
  }

  /** An agent was registered. */
  registered(): void {
    const isAwaited = this.#waiting.size > 0 || this.#groups.some(({ proceeds }) => !proceeds)
    if (!isAwaited || !this.#opened || this.#looking) return
    this.#looking = true
    // Agents are registered one after the other; look once.
    real.queueMicrotask(() => {
      this.#looking = false
      this.#look().catch(() => {})
    })
  }

  /** A workflow was registered: its functions and judges are those of stored executions of the same definition. */
  defined({ workflowId }: Definition): void {
    const recovered = [...this.#dispatcher.runs()].filter((run) => run.recovered)
    for (const { definition } of [...this.#groups, ...recovered, ...this.#waiting.keys()])
      if (definition.workflowId === workflowId) this.#equip(definition)
    this.registered()
  }

  /** Cancels `run` with `cancel`; one that still waits here will have no agent answering, so we do. */
  abandon(run: Run, cancel: () => void): void {
    this.#spawned.delete(run)
    if (!this.#waiting.delete(run)) return cancel()
    const report = JSON.parse(this.#dispatcher.engine.report(run.slot)) as Report
    this.#dispatcher.activate()
    cancel()
    report.tasks.forEach(([state, attempts], place) => {
      if (state === 2) this.#dispatcher.answerInterrupted(run, place, attempts)
    })
  }

  /** What a run lacks that waits here to be resumed. */
  missingFor(run: Run): readonly string[] {
    return this.#waiting.has(run) ? this.#missing(run) : []
  }

  /** What a group lacks. */
  missingIn(group: number): readonly string[] {
    const found = this.#groups[group]
    return found === undefined || found.proceeds ? [] : this.#missing(found)
  }

  /** Which executions and schedules wait, for which agents. */
  waiting(): Record<string, readonly string[]> {
    const parked = this.#groups.filter(({ proceeds }) => !proceeds)
    const ids = parked.flatMap((group) => {
      const missing = this.#missing(group)
      return this.#dispatcher.engine.parkedIn(group.number).map((id) => [id, missing] as const)
    })
    return Object.fromEntries([...ids, ...[...this.#waiting.keys()].map((waiting) => [waiting.id, this.#missing(waiting)] as const)])
  }

  async #look(): Promise<void> {
    for (const waiting of this.#waiting.keys()) if (this.#missing(waiting).length === 0) this.proceed(waiting)
    const ready = this.#groups.filter((group) => !group.proceeds && this.#missing(group).length === 0)
    for (const group of ready) group.proceeds = true
    for (const group of ready) await this.#proceedGroup(group)
  }

  /** Those that only wait go on as they are; the others are had at hand, and resumed as they come. */
  async #proceedGroup({ number, definition, options, spawned }: Group): Promise<void> {
    this.#agents.adopt(definition.agents, options.builtIn)
    this.#agents.adopt(spawned)
    let since = real.elapsed()
    for (let more = true; more && !this.#dispatcher.isOver();) {
      const proceeded = this.#dispatcher.engine.proceed(number, PROCEED_MAX)
      more = proceeded.more
      this.#dispatcher.activate(proceeded.resumed)
      this.#dispatcher.schedule()
      for (const run of await this.#wakeAll(proceeded.toWake)) if (this.#waiting.has(run)) this.proceed(run)
      if (!more || real.elapsed() - since < TURN_MS_MAX) continue
      await nextTurn()
      since = real.elapsed()
    }
  }

  /** Has these at hand, but for what cannot be read. */
  async #wakeAll(slots: readonly number[]): Promise<Run[]> {
    const runs: Run[] = []
    for (let from = 0; from < slots.length; from += PROCEED_MAX) {
      const some = slots.slice(from, from + PROCEED_MAX)
      const woken = await Promise.all(some.map((slot) => this.#wake(slot).catch(() => undefined)))
      runs.push(...woken.filter((run) => run !== undefined))
    }
    return runs
  }

  #resume(run: Run): void {
    this.#dispatcher.activate()
    this.#dispatcher.engine.resume(run.slot)
    this.#dispatcher.schedule()
    this.#resumed(run)
  }

  /** A built-in type stands in only for whom it did when the execution began: the others are still to be registered. */
  #missing({ definition, options: { builtIn = [] } }: Pick<Waiting, 'definition' | 'options'>): string[] {
    const { agents, functionNames, functions } = definition
    const isThere = (need: AgentNeed): boolean =>
      this.#agents.isRegistered(need) || (builtIn.includes(need.agentId) && this.#agents.couldStandIn(need))
    const missing = agents.filter((need) => !isThere(need)).map(nameOf)
    return [...missing, ...functionNames.filter((name) => !functions.has(name)).map((name) => `function ${name}`)]
  }
}

/** The judges of a workflow that was written into a task stand in the one around it, whoever of both goes on first. */
function joinJudges({ definition, options: { parent } }: Run, runs: ReadonlyMap<string, Run>): void {
  const around = parent && runs.get(parent.execution)
  const task = around?.definition.tasks.find(({ id }) => parent?.path === id || parent?.path.endsWith(`.${id}`) === true)
  if (typeof task?.source.workflow === 'object') definition.judges.standIn(task.judges, `${task.schemasAt}.workflow`)
}

function spawnedAgents({ instances = [] }: Report): AgentNeed[] {
  return instances.flatMap((instance) => {
    const source = instance?.[4]
    const agentId = typeof source === 'object' && source['requires'] === undefined ? source['agentId'] : undefined
    return typeof agentId === 'string' ? [{ agentId, requires: [] }] : []
  })
}

function nameOf({ agentId, requires }: AgentNeed): string {
  if (requires.length === 0) return agentId
  return `${agentId === '' ? 'an agent' : agentId} that has ${requires.join(', ')}`
}

/**
 * The events of an execution in the store, after the one with the number `after`.
 *
 * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`
 */
export async function* storedEvents(
  { engine, clock }: Source,
  id: string,
  source: Pick<EventSource, 'describe'>,
  after: number,
): AsyncGenerator<ExecutionEvent, void, undefined> {
  const text = await engine.stored('storedExecution', id)
  if (text === undefined) throw notFound(id)
  const history = await engine.storedHistory(id)
  yield* eventsIn(storedRun(text, clock), history, source, after)
}

/** Where the events of an execution may be. */
interface EventsHost {
  /** The execution, if it lives in this process, once the store is open. */
  readonly find: () => Promise<Run | undefined>
  /** Without a store, those that are remembered. */
  readonly ended: EndedExecutions | undefined
  readonly dispatcher: Source
  readonly announcer: EventSource
  readonly assertOpen: () => void
  /** Where several processes may drive. */
  readonly elsewhere: { follow(id: string): { moved(): Promise<void>; end(): void } } | undefined
}

/** The events of an execution after the one with the number `after`: as they come, as they are remembered, or as they are on record. */
export async function* eventsOf(
  { find, ended, dispatcher, announcer, assertOpen, elsewhere }: EventsHost,
  id: string,
  after: number,
): AsyncGenerator<ExecutionEvent, void, undefined> {
  const live = await find()
  const past = ended?.get(id)
  const run = live ?? past?.run
  let last = after
  if (run !== undefined && !run.isElsewhere && (!run.released || run.history !== undefined)) {
    try {
      for await (const event of followEvents(run, announcer, after)) {
        last = event.seq
        yield event
      }
      return
    } catch (error) {
      // What another process drives now goes on there.
      if (!isLost(run, error)) throw error
    }
  }
  if (past !== undefined) throw eventsGone(id)
  assertOpen()
  if (ended !== undefined) throw notFound(id)
  if (elsewhere === undefined) return yield* storedEvents(dispatcher, id, announcer, last)
  const following = elsewhere.follow(id)
  try {
    for (;;) {
      await following.moved()
      const text = await dispatcher.engine.stored('storedExecution', id)
      if (text === undefined) throw notFound(id)
      const stored = storedRun(text, dispatcher.clock)
      for (const event of eventsIn(stored, await dispatcher.engine.storedHistory(id), announcer, last)) {
        last = event.seq
        yield event
      }
      if (stored.execution?.endTime !== undefined) return
    }
  } finally {
    following.end()
  }
}

function isLost(run: Run, error: unknown): boolean {
  return run.isElsewhere && error === run.lost
}
