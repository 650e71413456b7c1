// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What becomes of the spans of executions.
//
//                       ┌ a provider is registered with `@opentelemetry/api` ─▶ host.ts: live spans, which agents run inside
//   an execution ends ──┼ the environment names a collector ────────────────▶ otlp.ts
//                       └ neither ─▶ nothing is sent
//
// Each is made of what is on record, once, when its execution has ended: see `analytics::spans`. `exportTraces` reads the same.

import type { ResolvedMonitoring } from '../config/config.js'
import { hasProvider } from '../base/opentelemetry.js'
import { spanOfAttempt } from '../boundary/spans.js'
import { real } from '../base/real-time.js'
import type { Engine } from '../boundary/native.js'
import { messageOf } from '../failure/failure.js'
import type { Log } from '../log/log.js'
import { collectorOf, OtlpExporter } from './otlp.js'
import { HostTracer, type HostRun } from './host.js'
import type { SpanData } from './spans.js'

/** A run, as far as it is traced. */
interface TracedRun {
  readonly id: string
  readonly slot: number
  readonly workflowId: string
  readonly recovered: boolean
  readonly options: { readonly traceparent?: string; readonly parent?: { readonly execution: string; readonly path: string } }
}

/** What it needs of the orchestrator. */
interface TracingHost {
  readonly dispatcher: { readonly engine: Pick<Engine, 'spans'> }
  readonly log: Log
}

/** Executions whose spans are still to be read. */
const PENDING_MAX = 10_000
/** The longest that closing waits for a collector. */
const CLOSING_MS = 1000

export class Tracing {
  readonly #host: TracingHost
  readonly #sample: number
  readonly #exporter: OtlpExporter | undefined
  #hostTracer: HostTracer | undefined
  #isWithoutApi = false
  /** Those that run, by id: one that is put away and comes back is another run. */
  readonly #live = new Map<string, HostRun>()
  readonly #pending: { readonly run: TracedRun; readonly live: HostRun | undefined }[] = []
  #working: Promise<void> | undefined
  #closing = false
  #lost = 0
  /** Executions that `sample` left out, or whose caller did. */
  sampledAway = 0

  constructor(host: TracingHost, { tracing: { sample } }: ResolvedMonitoring) {
    this.#host = host
    this.#sample = sample
    const collector = collectorOf(process.env)
    if (collector !== undefined)
      this.#exporter = new OtlpExporter(collector, (why) => {
        const where = `${collector.url.origin}${collector.url.pathname}`
        const message = `spans cannot be sent to ${where} (OTEL_EXPORTER_OTLP_ENDPOINT): ${why}; they are tried again, and beyond a bound dropped and counted in \`metrics()\``
        host.log.warnOnce({ event: 'trace:lost' }, message, 'trace:lost')
      })
  }

  /** Spans that nobody took. */
  get dropped(): number {
    return this.#lost + (this.#exporter?.dropped ?? 0)
  }

  /** In which trace an execution belongs that is about to begin, where the caller is in one. */
  callers(): string | undefined {
    return this.#tracer()?.active()
  }

  /** An execution has begun, or was taken up. */
  begun(run: TracedRun): void {
    const tracer = this.#tracer()
    if (tracer === undefined || this.#live.has(run.id) || !this.#isSampled(run)) return
    this.#live.set(run.id, tracer.begin(`invoke_workflow ${run.workflowId}`, run))
  }

  /** Calls the agent of an attempt, inside its span where there is one. */
  call<T>(run: TracedRun, path: string, attempt: number, call: () => T): T {
    const live = this.#live.get(run.id)
    return live === undefined || this.#hostTracer === undefined ? call() : this.#hostTracer.call(live, path, attempt, call)
  }

  /** What others are told that an attempt calls. */
  traceparent(run: TracedRun, path: string, attempt: number): string {
    const live = this.#live.get(run.id)
    if (live !== undefined && this.#hostTracer !== undefined) return this.#hostTracer.traceparent(live, path, attempt)
    const { span, trace } = spanOfAttempt(run.id, path, attempt, run.options.traceparent)
    return `00-${trace}-${span}-${this.#isSampled(run) ? '01' : '00'}`
  }

  /** An execution has ended. */
  ended(run: TracedRun): void {
    if (!this.#isSampled(run)) {
      this.sampledAway += 1
      return
    }
    const live = this.#live.get(run.id)
    this.#live.delete(run.id)
    // They can be read whenever somebody wants them.
    if (live === undefined && this.#exporter === undefined) return
    if (this.#pending.length >= PENDING_MAX) {
      this.#lost += 1
      return
    }
    this.#pending.push({ run, live })
    this.#working ??= this.#work()
  }

  /** An execution is driven elsewhere from now on. */
  forget(id: string): void {
    this.#live.delete(id)
  }

  /** Resolves when all is told, or a second later. */
  async close(): Promise<void> {
    this.#closing = true
    const until = real.elapsed() + CLOSING_MS
    const { promise: late, stop } = lateBy(CLOSING_MS)
    await Promise.race([this.#working, late])
    stop()
    await this.#exporter?.close(Math.max(until - real.elapsed(), 0))
  }

  #tracer(): HostTracer | undefined {
    if (this.#hostTracer !== undefined || this.#isWithoutApi || !hasProvider()) return this.#hostTracer
    try {
      this.#hostTracer = new HostTracer()
    } catch (error) {
      this.#isWithoutApi = true
      const message = `a provider of OpenTelemetry is registered, but \`@opentelemetry/api\` cannot be loaded from here: install it beside this package; ${messageOf(error)}`
      this.#host.log.warnOnce({ event: 'trace:lost' }, message)
    }
    return this.#hostTracer
  }

  /** The same for an execution and all below it, in every process. */
  #isSampled({ id, options: { traceparent } }: TracedRun): boolean {
    if (traceparent !== undefined && Number.parseInt(traceparent.slice(-2), 16) % 2 === 0) return false
    if (this.#sample >= 1) return true
    const { trace } = spanOfAttempt(id, '', 1, traceparent)
    return Number.parseInt(trace.slice(-13), 16) / 2 ** 52 < this.#sample
  }

  /** One after the other: each is read on a thread of Node's pool, of which there are few. */
  async #work(): Promise<void> {
    for (let next = this.#pending.shift(); next !== undefined; next = this.#pending.shift()) {
      try {
        await this.#read(next.run, next.live)
      } catch {
        // It was deleted at once, or cannot be read, which others tell.
        this.#lost += 1
      }
    }
    this.#working = undefined
  }

  async #read(run: TracedRun, live: HostRun | undefined): Promise<void> {
    let last: SpanData | undefined
    let parts = 0
    for await (const part of this.#host.dispatcher.engine.spans(run.id)) {
      parts += 1
      if (live === undefined || this.#hostTracer === undefined) {
        // What reads must not be faster than what sends.
        while (parts > 1 && this.#exporter?.isFull === true && !this.#closing) await lateBy(50).promise
        this.#exporter?.add(part)
        continue
      }
      const spans = JSON.parse(`[${part.spans}]`) as SpanData[]
      last = spans.at(-1)
      await this.#hostTracer.end(live, spans)
    }
    if (live !== undefined) this.#hostTracer?.close(live, last?.endTimeUnixNano)
  }
}

function lateBy(ms: number): { readonly promise: Promise<void>; readonly stop: () => void } {
  let timer: NodeJS.Timeout | undefined
  const promise = new Promise<void>((resolve) => (timer = real.setTimeout(resolve, ms)))
  return { promise, stop: () => real.clearTimeout(timer) }
}
