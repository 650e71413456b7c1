// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The page of a workflow over a time, for a browser, for print and for screen readers. One text: it asks for nothing and needs no other file.
//
//   figures   ── how many, how long, how dear
//   trends    ── the same per hour or per day, drawn and as a table
//   tasks     ── the slowest first
//   errors    ── what failed, by code and task
//   insights, alerts

import type { Alert } from '../../api/alert.js'
import type { Performance, WorkflowAnalytics } from '../../api/analytics.js'
import { chart } from './chart.js'
import { html, joined, microsText, raw, type Html } from './html.js'
import { STYLE } from './style.js'
import { scrolledTable } from './table.js'

/** What a page shows. */
export interface ReportData {
  readonly whole: WorkflowAnalytics
  /** Part by part of the time, in order. */
  readonly parts: readonly { readonly start: Date; readonly figures: Performance }[]
  readonly per: 'hour' | 'day' | 'days'
  /** Of this process. */
  readonly alerts: readonly Alert[]
}

/** Rows of a table. */
const ROWS_MAX = 20

const OWN_STYLE = `
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(11rem,1fr));gap:.6rem;margin:.6rem 0}
.figures div{border:1px solid var(--line);border-radius:6px;padding:.5rem .8rem}
.figures dt{color:var(--soft)}.figures dd{margin:0;font-size:1.35rem;font-variant-numeric:tabular-nums}
.figures small{display:block;font-size:.8rem;color:var(--soft)}
.trends{display:grid;grid-template-columns:repeat(auto-fill,minmax(20rem,1fr));gap:1rem}
figure{margin:0;border:1px solid var(--line);border-radius:6px;padding:.6rem .8rem}figcaption{font-weight:600}
svg{width:100%;height:auto;display:block}svg text{font:11px system-ui,sans-serif;fill:var(--soft)}
.grid{stroke:var(--line);stroke-width:1}
.line{fill:none;stroke-width:2}
i.key{width:14px;height:14px}
.good{--look:#0072b2}.bad{--look:#c0392b}.rest{--look:#8a94a3}.half{--look:#00795a}.most{--look:#b35900}.money{--look:#7b4fa3}
@media(prefers-color-scheme:dark){.good{--look:#56b4e9}.bad{--look:#ff7b6b}.rest{--look:#a0aec0}.half{--look:#2bbf92}.most{--look:#f0a04b}.money{--look:#b794f4}}
rect,circle{fill:var(--look)}path.line{stroke:var(--look)}i.key{background:var(--look)}.most.line{stroke-dasharray:5 3}
td.number{text-align:right;font-variant-numeric:tabular-nums}
`

/** The page as HTML text. */
export function reportPage(data: ReportData): string {
  const { workflowId, covers } = data.whole
  const [from, to] = [instant(covers.start), instant(covers.end)]
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <title>${workflowId}, ${from} to ${to}</title>
        <style>
          ${raw(STYLE)}${raw(OWN_STYLE)}
        </style>
      </head>
      <body>
        <header>
          <h1>${workflowId}</h1>
          <p>What ended from ${from} until ${to}, UTC.</p>
        </header>
        <main>
          <section aria-labelledby="figures">
            <h2 id="figures">Figures</h2>
            ${figures(data.whole)}
          </section>
          <section aria-labelledby="trends">
            <h2 id="trends">${PER[data.per]}</h2>
            ${trends(data)}
          </section>
          <section aria-labelledby="tasks">
            <h2 id="tasks">The slowest tasks</h2>
            ${tasks(data.whole)}
          </section>
          <section aria-labelledby="errors">
            <h2 id="errors">Errors</h2>
            ${errors(data.whole)}
          </section>
          <section aria-labelledby="insights">
            <h2 id="insights">Insights</h2>
            ${listed(data.whole.insights, 'Nothing stands out.')}
          </section>
          <section aria-labelledby="alerts">
            <h2 id="alerts">Alerts</h2>
            ${listed(data.alerts.map(alertLine), 'None since this process began.')}
          </section>
        </main>
      </body>
    </html>`
  return page.text
}

const PER = { hour: 'Hour by hour', day: 'Day by day', days: 'Over time' } as const

function figures({ performance: of, executionCount }: WorkflowAnalytics): Html {
  const { completed, failed, cancelled, throughput, errorRate, cost, costComplete, costPerCompleted, costPerFailed, tokens, modelCalls } =
    of
  const each = [
    costPerCompleted !== null && `one that completed ${money(costPerCompleted)}`,
    costPerFailed !== null && `one that failed ${money(costPerFailed)}`,
  ].filter((part) => part !== false)
  const rows: [string, string, string][] = [
    ['Executions', String(executionCount), `${completed} completed, ${failed} failed, ${cancelled} cancelled`],
    ['Throughput', `${short(throughput)} / h`, 'executions that ended'],
    ['Error rate', `${short(errorRate)} %`, 'of those that completed or failed'],
    ['Half took at most', time(of.p50Duration), `on average ${time(completed + failed === 0 ? null : of.averageDuration)}`],
    ['95 of 100 took at most', time(of.p95Duration), `99 of 100: ${time(of.p99Duration)}`],
    ['Cost', money(cost), costComplete ? [`of ${modelCalls} calls of models`, ...each].join('; ') : 'at least: a price is not known'],
    ['Tokens', String(tokens.totalTokens), `${tokens.inputTokens} in, ${tokens.outputTokens} out`],
  ]
  const cards = rows.map(
    ([name, value, more]) =>
      html`<div>
        <dt>${name}</dt>
        <dd>${value}<small>${more}</small></dd>
      </div>`,
  )
  return html`<dl class="figures">${joined(cards)}</dl>`
}

function trends({ parts, per }: ReportData): Html {
  const marks = parts.map(({ start }) => (per === 'hour' ? start.toISOString().slice(11, 16) : start.toISOString().slice(5, 10)))
  const of = (value: (figures: Performance) => number | null): (number | null)[] => parts.map(({ figures }) => value(figures))
  const drawn = [
    chart({
      title: 'Executions that ended',
      form: 'bars',
      series: [
        { name: 'completed', look: 'good', values: of(({ completed }) => completed) },
        { name: 'failed', look: 'bad', values: of(({ failed }) => failed) },
        { name: 'cancelled', look: 'rest', values: of(({ cancelled }) => cancelled) },
      ],
      marks,
      write: short,
      isCount: true,
    }),
    chart({
      title: 'How long they took',
      form: 'lines',
      series: [
        { name: 'half at most', look: 'half', values: of(({ p50Duration }) => p50Duration) },
        { name: '95 of 100 at most (dashed)', look: 'most', values: of(({ p95Duration }) => p95Duration) },
      ],
      marks,
      write: time,
    }),
    chart({
      title: 'What models cost',
      form: 'bars',
      series: [{ name: 'US dollars', look: 'money', values: of(({ cost }) => cost) }],
      marks,
      write: money,
    }),
  ]
  const rows = parts.map(({ start, figures }) => [
    instant(start),
    String(figures.completed),
    String(figures.failed),
    String(figures.cancelled),
    time(figures.p50Duration),
    time(figures.p95Duration),
    money(figures.cost),
  ])
  const heads = ['From', 'Completed', 'Failed', 'Cancelled', 'Half at most', '95 of 100 at most', 'Cost']
  return html`<div class="trends">${joined(drawn)}</div>
    <details>
      <summary>The same as a table</summary>
      ${table('Figures over time', heads, rows)}
    </details>`
}

function tasks({ performance }: WorkflowAnalytics): Html {
  const slowest = Object.entries(performance.tasks).toSorted(([, one], [, other]) => (other.p95Duration ?? 0) - (one.p95Duration ?? 0))
  const rows = slowest
    .slice(0, ROWS_MAX)
    .map(([id, of]) => [
      id,
      time(of.p95Duration),
      time(of.averageDuration),
      of.p95Wait === null ? 'not known' : time(of.p95Wait),
      String(of.completed),
      String(of.failed),
      String(of.attempts),
      money(of.cost),
    ])
  if (rows.length === 0) return html`<p>No task ended.</p>`
  const heads = ['Task', '95 of 100 took at most', 'On average', 'Waited at most (95 of 100)', 'Completed', 'Failed', 'Attempts', 'Cost']
  return html`${table('The slowest tasks as a table', heads, rows)}${more(slowest.length)}`
}

/** Of the summaries, which are the latest. */
function errors({ executions, executionCount }: WorkflowAnalytics): Html {
  const counts = new Map<string, { code: string; taskId: string; count: number; last: Date | undefined }>()
  for (const { error, endTime } of executions) {
    if (error === undefined) continue
    const key = `${error.code} ${error.taskId}`
    // The latest comes first.
    const known = counts.get(key) ?? { ...error, count: 0, last: endTime }
    known.count += 1
    counts.set(key, known)
  }
  const all = [...counts.values()].toSorted((one, other) => other.count - one.count)
  if (all.length === 0) return html`<p>None.</p>`
  const rows = all
    .slice(0, ROWS_MAX)
    .map(({ code, taskId, count, last }) => [code, taskId || 'the execution', String(count), last === undefined ? '' : instant(last)])
  const some =
    executions.length < executionCount ? html`<p class="hint">Of the latest ${String(executions.length)} executions.</p>` : html``
  return html`${table('Errors as a table', ['Code', 'Task', 'Executions', 'The last'], rows)}${more(all.length)}${some}`
}

function more(count: number): Html {
  return count > ROWS_MAX ? html`<p class="hint">And ${String(count - ROWS_MAX)} more.</p>` : html``
}

function alertLine({ severity, state, title, description, timestamp }: Alert): { title: string; description: string } {
  return { title: `${instant(timestamp)}, ${severity}${state === 'resolved' ? ', over' : ''}: ${title}`, description }
}

function listed(all: readonly { readonly title: string; readonly description: string }[], none: string): Html {
  if (all.length === 0) return html`<p>${none}</p>`
  const lines = all.map(({ title, description }) => html`<li><strong>${title}</strong>: ${description}</li>`)
  return html`<ul>
    ${joined(lines)}
  </ul>`
}

function table(label: string, heads: readonly string[], rows: readonly (readonly string[])[]): Html {
  const lines = rows.map(
    ([first = '', ...rest]) =>
      html`<tr>
        <th scope="row">${first}</th>
        ${joined(rest.map((cell) => html`<td class="number">${cell}</td>`))}
      </tr>`,
  )
  return scrolledTable(label, heads, lines)
}

/** To the minute. */
function instant(date: Date): string {
  return `${date.toISOString().slice(0, 16).replace('T', ' ')}`
}

function time(millis: number | null): string {
  return millis === null ? '–' : microsText(Math.round(millis * 1000))
}

/** With three digits at most. */
function short(value: number): string {
  return String(Number(value.toPrecision(3)))
}

function money(dollars: number): string {
  return `$${dollars >= 100 ? dollars.toFixed(0) : short(dollars)}`
}
