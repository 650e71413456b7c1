// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The timeline of one execution as a page of its own: no file beside it, no request, readable without a script.
//
//   a row for each task ── bars from when it could run to its end, by what that time went into; attempts one below the other
//   the critical path   ── outlined; `c` goes to its next task
//   a table             ── the same, for screen readers and spreadsheets

import { createHash } from 'node:crypto'
import { html, joined, microsText, percent, raw, type Html } from './html.js'
import { axisOf } from './axis.js'
import { BUCKETS, type Bucket, bucketOf } from './buckets.js'
import { KEYS } from './keys.js'
import { STYLE } from './style.js'
import { scrolledTable } from './table.js'

/** What a page shows of an execution, as the engine gives it. Instants are microseconds since the epoch, times microseconds. */
export interface TimelineData {
  readonly id: string
  readonly workflowId: string
  readonly version: string
  readonly startedAt: number
  /** Of one that has not ended: up to where it is on record. */
  readonly endedAt: number
  readonly ended: boolean
  /** What the critical path went into; the sum is the makespan. */
  readonly buckets: Readonly<Partial<Record<Bucket, number>>>
  readonly tasks: readonly TimelineTask[]
}

/** A row: a task of the execution, or of one below it. */
interface TimelineTask {
  readonly path: string
  /** How deep it stands, from 0. */
  readonly depth: number
  readonly agent: string | null
  readonly status: string
  readonly error: string | null
  /** When it could run, null: it never could; and when it ended. */
  readonly from: number | null
  readonly to: number
  /** From when, to when, into what, and which attempt from 1; 0 before the first. In order. */
  readonly segments: readonly (readonly [from: number, to: number, bucket: Bucket, attempt: number])[]
  /** How much of the critical path it is; 0: none. */
  readonly share: number
  /** How much later it could have ended without the execution ending later. */
  readonly slack: number
}

/** Pixels of a row with one attempt, and of each further one. */
const ROW = 20
/** Attempts that get a line of their own; later ones share the last. */
const LINES_MAX = 5

/** The page as HTML text; `status` is that of the execution. */
export function timelinePage(data: TimelineData, status: string): string {
  const makespan = Math.max(data.endedAt - data.startedAt, 1)
  const title = `${data.workflowId} ${data.version}, ${status} after ${microsText(data.endedAt - data.startedAt)}`
  const hash = createHash('sha256').update(KEYS).digest('base64')
  const axis = axisOf(makespan)
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'" />
        <title>${title}</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${data.workflowId} <small>${data.version}</small></h1>
          <p>
            Execution <code>${data.id}</code>: <strong class="is-${status}">${status}</strong>, begun
            ${new Date(data.startedAt / 1000).toISOString()}, ${microsText(data.endedAt - data.startedAt)} from start to end.
          </p>
        </header>
        <main>
          <section aria-labelledby="went">
            <h2 id="went">Where the time went</h2>
            ${wentInto(data, makespan)}
          </section>
          <section aria-labelledby="tasks">
            <h2 id="tasks">Tasks</h2>
            <p class="hint">
              A task of the critical path has a frame: the execution would have ended sooner without it. Keys: arrows, Home, End, and
              <kbd>c</kbd> for the next of the path.
            </p>
            <div class="axis" aria-hidden="true">
              ${joined(axis.map(({ at, text }) => html`<span style="left:${percent(at / makespan)}">${text}</span>`))}
            </div>
            <div class="rows" role="listbox" aria-labelledby="tasks">
              ${joined(data.tasks.map((task, place) => row(task, place, data, makespan)))}
            </div>
            <p class="told" aria-live="polite"></p>
          </section>
          <details>
            <summary>The same as a table</summary>
            ${table(data, makespan)}
          </details>
        </main>
        ${raw(`<script>${KEYS}</script>`)}
      </body>
    </html>`
  return page.text
}

/** The buckets of the critical path as one bar, and in words; what tasks beside the path went into has its colour told, too. */
function wentInto({ buckets, tasks }: TimelineData, makespan: number): Html {
  const seen = new Set(tasks.flatMap(({ segments }) => segments.map(([, , bucket]) => bucket)))
  const of = (name: Bucket): number => buckets[name] ?? 0
  const parts = BUCKETS.filter(({ name }) => of(name) > 0).map(
    ({ name }) => html`<i class="${name}" style="width:${percent(of(name) / makespan)}"></i>`,
  )
  const words = BUCKETS.filter(({ name }) => of(name) > 0 || seen.has(name)).map(({ name, title }) => {
    const time = of(name) > 0 ? `${title}: ${microsText(of(name))} (${percent(of(name) / makespan)})` : `${title}: beside the critical path`
    return html`<li><i class="${name}" aria-hidden="true"></i> ${time}</li>`
  })
  return html`<div class="whole" aria-hidden="true">${joined(parts)}</div>
    <ul class="legend">
      ${joined(words)}
    </ul>`
}

function row(task: TimelineTask, place: number, { startedAt }: TimelineData, makespan: number): Html {
  const lines = Math.min(Math.max(...task.segments.map(([, , , attempt]) => attempt), 1), LINES_MAX)
  const bars = task.segments.map(([from, to, bucket, attempt]) => {
    const top = (Math.min(Math.max(attempt, 1), LINES_MAX) - 1) * ROW
    return html`<i
      class="${bucket}"
      style="left:${percent((from - startedAt) / makespan)};width:${percent((to - from) / makespan)};top:${String(top)}px"
    ></i>`
  })
  // What holds other tasks has a line over all of them.
  const { from, to } = task
  const span =
    from === null ? html`` : html`<u style="left:${percent((from - startedAt) / makespan)};width:${percent((to - from) / makespan)}"></u>`
  const classes = task.share > 0 ? 'row critical' : 'row'
  const said = told(task, makespan)
  const first = place === 0 ? '0' : '-1'
  return html`<div
    class="${classes}"
    role="option"
    aria-selected="false"
    tabindex="${first}"
    aria-label="${said}"
    style="height:${String(lines * ROW)}px"
  >
    <span class="name is-${task.status}" style="padding-left:${String(task.depth)}em">${task.path}</span
    ><span class="bars">${span}${joined(bars)}</span>
  </div>`
}

/** What is said of a row. */
function told(task: TimelineTask, makespan: number): string {
  const { duration, sums } = sumsOf(task)
  const into = sums.map(([bucket, time]) => `${bucketOf(bucket).title} ${microsText(time)}`).join(', ')
  const path =
    task.share > 0
      ? `on the critical path with ${microsText(task.share)}, ${percent(task.share / makespan)}`
      : `slack ${microsText(task.slack)}`
  const why = task.error === null ? '' : ` with ${task.error}`
  const agent = task.agent === null ? '' : `, agent ${task.agent}`
  return `${task.path}${agent}: ${task.status}${why} after ${microsText(duration)}${into === '' ? '' : ` (${into})`}; ${path}`
}

/** From when a task could run to its end, and what that went into, the most first. */
function sumsOf({ from, to, segments }: TimelineTask): { duration: number; sums: [Bucket, number][] } {
  const sums = new Map<Bucket, number>()
  for (const [begin, end, bucket] of segments) sums.set(bucket, (sums.get(bucket) ?? 0) + end - begin)
  const duration = from === null ? 0 : to - from
  return { duration, sums: [...sums].filter(([, time]) => time > 0).toSorted(([, one], [, other]) => other - one) }
}

function table({ tasks, startedAt }: TimelineData, makespan: number): Html {
  const rows = tasks.map((task) => {
    const { duration, sums } = sumsOf(task)
    const attempts = Math.max(0, ...task.segments.map(([, , , attempt]) => attempt))
    return html`<tr>
      <th scope="row">${task.path}</th>
      <td>${task.agent ?? ''}</td>
      <td>${task.status}${task.error === null ? '' : `, ${task.error}`}</td>
      <td>${task.from === null ? '' : microsText(task.from - startedAt)}</td>
      <td>${microsText(duration)}</td>
      <td>${String(attempts)}</td>
      <td>${sums.map(([bucket, time]) => `${bucketOf(bucket).title} ${microsText(time)}`).join(', ')}</td>
      <td>${task.share > 0 ? `${microsText(task.share)} (${percent(task.share / makespan)})` : ''}</td>
      <td>${task.share > 0 ? '' : microsText(task.slack)}</td>
    </tr>`
  })
  const heads = ['Task', 'Agent', 'End', 'Could run after', 'Took', 'Attempts', 'Went into', 'Of the critical path', 'Slack']
  return scrolledTable('Tasks as a table', heads, rows)
}
