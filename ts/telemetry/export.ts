// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Spans as whoever wants them reads them: part by part, so that little of them is held at once.

import type { ExecutionSummaryFilter, ExecutionSummaryList } from '../api/summary.js'
import type { TraceFilter } from '../api/traces.js'
import type { Engine } from '../boundary/native.js'
import type { SpansText } from '../boundary/shapes.js'
import { readExecutionId, readSummaryFilter } from '../executions/arguments.js'
import { requestOf, resourceOf } from './spans.js'

/** What it needs of the orchestrator. */
export interface ExportHost {
  readonly dispatcher: { readonly engine: Pick<Engine, 'spans'> }
  readonly lookUp: {
    summaries(filter: ExecutionSummaryFilter): Promise<ExecutionSummaryList>
    readonly profiles: { spans(executionId: string): AsyncIterable<SpansText> }
  }
}

/** Summaries that are read at once. */
const PAGE = 200
/** Characters of a line, from which on another is begun. */
const LINE = 2 ** 20

export async function* exportedTraces(host: ExportHost, filter: TraceFilter = {}): AsyncGenerator<string> {
  const { executionId, ...rest } = filter
  if (executionId !== undefined) readExecutionId(executionId)
  const asked = readSummaryFilter({ ...rest, fields: 'summary', limit: PAGE })
  const pages = recorded(host, asked, executionId)
  const resource = resourceOf(process.env)
  let line: string[] = []
  let length = 0
  for await (const { spans, count } of pages) {
    if (count === 0) continue
    line.push(spans)
    length += spans.length
    if (length < LINE) continue
    yield requestOf(line.join(','), resource)
    line = []
    length = 0
  }
  if (line.length > 0) yield requestOf(line.join(','), resource)
}

async function* recorded(
  { dispatcher, lookUp }: ExportHost,
  asked: ExecutionSummaryFilter,
  id: string | undefined,
): AsyncGenerator<SpansText> {
  // All of it is never read at once, not even to see whether it is there.
  if (id !== undefined) return yield* lookUp.profiles.spans(id)
  for (let cursor: string | undefined; ;) {
    const page = await lookUp.summaries({ ...asked, ...(cursor !== undefined && { cursor }) })
    for (const execution of page.executions) if (execution.endTime !== undefined) yield* dispatcher.engine.spans(execution.id)
    cursor = page.cursor
    if (cursor === undefined) return
  }
}
