// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Read-only access to a store, for reports and pages: also while another process has it.

import { resolve } from 'node:path'
import { dateOf, SystemClock } from '../base/clock.js'
import { integer } from '../base/reader.js'
import { ArchiveReader } from '../boundary/store-reader.js'
import type { ExecutionEvent } from '../events/execution-events.js'
import { describeEvents } from '../events/announcer.js'
import { readCallOptions } from '../json/entry.js'
import type { ExecutionList, ExecutionListFilter, WorkflowExecution } from '../api/execution.js'
import type { Explanation } from '../api/explanation.js'
import type { ExecutionSummaryFilter, ExecutionSummaryList } from '../api/summary.js'
import { asksSummaries, readExecutionId, readFilter, readId, readSummaryFilter } from './arguments.js'
import { explainedInArchive } from './explaining.js'
import { storedEvents, storedPage, storedSeen } from './recovery.js'
import { summaryPage, summaryQuestion } from './summaries.js'

/** Reads a store without opening it for work. Neither the store nor what stands beside it is changed. */
export interface ExecutionArchive extends AsyncDisposable {
  /** Returns executions, newest first. */
  listExecutions(filter?: ExecutionListFilter): Promise<ExecutionList>
  /**
   * Returns summaries of executions, newest first. If a process has the store open, they are as far as that has got; `asOf` is the instant of the last record
   * they have. Otherwise they have everything.
   */
  listExecutions(filter: ExecutionSummaryFilter): Promise<ExecutionSummaryList & { readonly asOf: Date }>
  /** Returns the execution as it is on record, or `undefined` if there is none. */
  getExecution(executionId: string): Promise<WorkflowExecution | undefined>
  /**
   * Resolves with what each task of an execution waits for, as its records leave it: what only a process has, such as places of agents, is not known.
   *
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  explain(executionId: string): Promise<Explanation>
  /**
   * Yields the events of an execution that are on record, in order, from the first or after number `after`.
   *
   * @throws {NotFoundError} `ERR_EXECUTION_NOT_FOUND`.
   */
  events(executionId: string, options?: { after?: number | undefined }): AsyncIterable<ExecutionEvent>
  /** Lets go of the store. Later calls reject with `ERR_CLOSED`. */
  close(): Promise<void>
}

/**
 * Opens a store for reading, also while another process has it open.
 *
 * @param path - The file that is `storage.path` of an orchestrator.
 * @throws {StoreError} `ERR_STORE_OPEN` if it does not exist, `ERR_STORE_FOREIGN`, `ERR_STORE_NEWER`, `ERR_STORE_OLDER` or `ERR_STORE_CORRUPT`.
 */
export async function openArchive(path: string): Promise<ExecutionArchive> {
  const reader = new ArchiveReader(resolve(readId(path, 'path', 'the store')))
  await reader.open()
  const source = { engine: reader, clock: new SystemClock() }
  const store = resolve(path)
  // Their status says so; nobody has given this a logger.
  const damaged = (): void => {}
  const close = (): Promise<void> => reader.close()
  return {
    listExecutions: (async (filter?: ExecutionListFilter | ExecutionSummaryFilter) => {
      if (!asksSummaries(filter)) return storedPage(source, damaged, readFilter(filter))
      const text = (await reader.stored('summaries', summaryQuestion(readSummaryFilter(filter)))) ?? ''
      const { asOf, ...page } = summaryPage(text)
      return { ...page, asOf: dateOf(asOf) }
    }) as ExecutionArchive['listExecutions'],
    explain: async (executionId) => explainedInArchive(source, readExecutionId(executionId), store),
    getExecution: async (executionId) => storedSeen(source, damaged, readExecutionId(executionId)),
    events: (executionId, options) => {
      const id = readExecutionId(executionId)
      const { after } = readCallOptions(options, 'options', 'the events cannot be read like that', { after: integer(0) }, { after: 0 })
      return storedEvents(source, id, { describe: (...told) => describeEvents(...told, NOTHING_MORE) }, after)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** What is not on record is nowhere. */
const NOTHING_MORE = { output: () => 'null', degraded: () => null, spent: () => '{}' }
