// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where an execution is found: among those that live in this process, those that are remembered, or those on record.

import type { ExecutionList, ExecutionListFilter, WorkflowExecution } from '../api/execution.js'
import type { Explanation } from '../api/explanation.js'
import type { ExecutionSummaryFilter, ExecutionSummaryList } from '../api/summary.js'
import type { SpansText } from '../boundary/shapes.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { EventSource } from '../events/execution-events.js'
import type { Run } from '../run/run.js'
import { readExecutionId, readFilter, readSummaryFilter } from './arguments.js'
import type { EndedExecutions, Past } from './ended-executions.js'
import type { Elsewhere } from './elsewhere.js'
import { endOf, notFound, type Started } from './outcome.js'
import { handleOf, type ExecutionHandle, type HandleHost } from './handle.js'
import { listedExecution, listedRun, pageOf } from './listing.js'
import type { LiveRuns } from './live-runs.js'
import type { DamagedText } from './damaged.js'
import { explained, type ExplainingHost } from './explaining.js'
import { eventsOf, storedPage, storedPast, storedSeen } from './recovery.js'
import { rememberedSummaries, StoredSummaries } from './summaries.js'
import type { Unheard } from './unheard.js'

/** What it needs of the orchestrator. */
interface LookUpHost extends Pick<ExplainingHost, 'around'> {
  readonly dispatcher: Dispatcher
  /** Hears of each execution that cannot be read. */
  damaged(found: DamagedText): void
  readonly live: LiveRuns
  /** One that has not ended, at hand whether it was or not. */
  find(executionId: string): Promise<Run | undefined>
  /** Without a store, those that are remembered. */
  readonly ended: EndedExecutions | undefined
  readonly unheard: Unheard
  readonly announcer: EventSource
  readonly calls: HandleHost
  ready(): Promise<void>
  /** Where several processes may drive. */
  readonly elsewhere: Elsewhere | undefined
  /** Refuses `call` once the orchestrator has been shut down. */
  assertNotClosed(call: string): void
}

/** What the records of executions tell. */
interface Records {
  /** The answer to a question about these executions, as JSON text; `undefined` if one of them is not there. */
  traces(call: string, ids: readonly string[], asked: object): Promise<string | undefined>
  /** The spans of an execution, part by part. */
  spans(executionId: string): AsyncIterable<SpansText>
  status(executionId: string): Promise<string | undefined>
  notFound(executionId: string): Error
  now(): number
}

export class ExecutionLookUp {
  readonly #host: LookUpHost
  readonly #stored: StoredSummaries

  constructor(host: LookUpHost) {
    this.#host = host
    this.#stored = new StoredSummaries(host.dispatcher.engine)
  }

  #read<T>(call: string, read: () => T): T {
    this.#host.assertNotClosed(call)
    return read()
  }

  /** An execution that has ended, or that lives elsewhere. */
  async past(executionId: string): Promise<Past | undefined> {
    const { ended, dispatcher } = this.#host
    if (ended !== undefined) return ended.get(executionId)
    return this.#read('the call', () => storedPast(dispatcher, executionId))
  }

  /** An execution as it is now. */
  async get(executionId: string): Promise<WorkflowExecution | undefined> {
    const { live, ended, unheard, dispatcher } = this.#host
    readExecutionId(executionId)
    await this.#host.ready()
    unheard.heard(executionId)
    const run = live.get(executionId)
    if (run !== undefined) return dispatcher.seen(run)
    if (ended !== undefined) return ended.get(executionId)?.execution
    return this.#read('the call', () => storedSeen(dispatcher, (found) => this.#host.damaged(found), executionId))
  }

  /** What the records of executions tell, for the monitor. */
  get profiles(): Records {
    const { live, ended, dispatcher } = this.#host
    const assertKnown = async (ids: readonly string[]): Promise<void> => {
      await this.#host.ready()
      const gone = ended && ids.find((id) => live.get(id) === undefined && ended.get(id) === undefined)
      if (gone !== undefined) throw notFound(gone)
    }
    const spansOf = (id: string): AsyncIterable<SpansText> => this.#read('exportTraces', () => dispatcher.engine.spans(id))
    return {
      notFound,
      spans: async function* (executionId) {
        await assertKnown([executionId])
        let isThere = false
        for await (const part of spansOf(executionId)) {
          isThere = true
          yield part
        }
        if (!isThere) throw notFound(executionId)
      },
      traces: async (call, ids, asked) => {
        await assertKnown(ids)
        return this.#read(call, () => dispatcher.engine.stored('traces', JSON.stringify(asked)))
      },
      status: async (executionId) => (await this.get(executionId))?.status,
      now: () => dispatcher.clock.now(),
    }
  }

  /** What each task of an execution waits for. */
  async explain(executionId: string): Promise<Explanation> {
    await this.#host.ready()
    return this.#read('explain', () => explained({ ...this.#host, get: (id) => this.get(id) }, executionId))
  }

  /** Returns executions, newest first. */
  async list(filter: ExecutionListFilter | undefined): Promise<ExecutionList> {
    const asked = readFilter(filter)
    const { live, ended, dispatcher } = this.#host
    await this.#host.ready()
    if (ended !== undefined) {
      const unended = [...live.values()].filter(({ execution }) => execution === undefined)
      const seen = (run: Run): WorkflowExecution => dispatcher.seen(run)
      return pageOf(
        [...[...ended.values()].map(({ execution }) => listedExecution(execution)), ...unended.map((run) => listedRun(run, seen))],
        asked,
      )
    }
    return this.#read('listExecutions', () => storedPage(dispatcher, (found) => this.#host.damaged(found), asked))
  }

  /** Returns summaries of executions, newest first. */
  async summaries(filter: ExecutionSummaryFilter): Promise<ExecutionSummaryList> {
    const asked = readSummaryFilter(filter)
    const { live, ended, dispatcher } = this.#host
    await this.#host.ready()
    if (ended === undefined) return this.#read('listExecutions', () => this.#stored.page(asked))
    const past = [...ended.values()].map(({ execution, definition, options }) => ({
      id: execution.id,
      definition,
      tenant: options.tenant,
      look: () => execution,
      waits: () => 'null',
    }))
    const unended = [...live.values()].filter(({ execution }) => execution === undefined)
    const running = unended.map((run) => ({
      id: run.id,
      definition: run.definition,
      tenant: run.options.tenant,
      look: () => dispatcher.seen(run),
      // It may have ended meanwhile.
      waits: () => (run.execution === undefined ? dispatcher.engine.told('waits', run.slot) : 'null'),
    }))
    return rememberedSummaries([...past, ...running], asked)
  }

  /** How an execution ends, wherever it is driven then. */
  readonly ended = async (id: string, run: Run | undefined): Promise<WorkflowExecution> => {
    if (this.#host.elsewhere !== undefined) return this.#host.elsewhere.ended(id, run)
    const execution = run === undefined ? (await this.past(id))?.execution : await run.whenEnded()
    if (execution === undefined) throw notFound(id)
    return execution
  }

  /** How what a call began or joined ends. */
  endOf(started: Started): Promise<WorkflowExecution> {
    return endOf(started, this.ended)
  }

  /** A handle for an execution, which may be `known`. */
  handle(id: string, known: Run | undefined): ExecutionHandle {
    const { ended, unheard, dispatcher, announcer, calls, elsewhere } = this.#host
    const find = async (): Promise<Run | undefined> => this.#host.ready().then(() => (isStale(known) ? this.#host.find(id) : known))
    const asked = async (): Promise<Run | undefined> => unheard.asked(await find())
    const assertOpen = (): void => this.#host.assertNotClosed('events()')
    const events = { find, ended, dispatcher, announcer, assertOpen, elsewhere }
    const end = (run: Run | undefined): Promise<WorkflowExecution> => this.ended(id, run)
    return handleOf(calls, id, asked, end, (after) => (unheard.heard(id), eventsOf(events, id, after)))
  }
}

/** Whether it must be found anew: one that was parked is another run when it is at hand again. */
function isStale(known: Run | undefined): boolean {
  return known === undefined || (known.released && known.execution === undefined && known.lost === undefined)
}
