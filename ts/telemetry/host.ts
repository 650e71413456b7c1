// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Spans with the provider that the program has registered with `@opentelemetry/api`.
//
// An execution and an attempt have a span from their beginning, so that what an agent does stands under it; all other spans are made of what is on record when the
// execution has ended, and only then all of them are ended. So a process that is killed has told nothing of an execution that another one takes up: that makes
// every span of it once, also of what had happened before.

import { nextTurn } from '../base/real-time.js'
import { contextOf, headerOf, openTelemetry, type Context, type Span, type SpanOptions, type Tracer } from '../base/opentelemetry.js'
import { spanOfAttempt, spanOfExecution } from '../boundary/spans.js'
import { scope, type SpanData } from './spans.js'

/** An execution that begins, or is taken up. */
interface Begun {
  readonly id: string
  readonly recovered: boolean
  readonly options: { readonly traceparent?: string; readonly parent?: { readonly execution: string; readonly path: string } }
}

/** The ids of a span. That of its trace counts where it stands under none. */
interface Ids {
  readonly trace: string
  readonly span: string
}

/** The one way in which the SDK of OpenTelemetry is told ids. Providers that have no such generator make ids of their own. */
interface Generating {
  _idGenerator?: { generateTraceId(): string; generateSpanId(): string }
}

/** Spans after which others get a turn, and whatever exports them takes what there is. */
const TURN = 500

/** The live spans of an execution. */
export interface HostRun {
  readonly of: Begun
  readonly span: Span
  readonly context: Context
  /** By path and number of attempt. */
  readonly attempts: Map<string, { readonly span: Span; readonly context: Context }>
}

const keyOf = (path: string, attempt: number | string): string => `${attempt} ${path}`

export class HostTracer {
  readonly #api = openTelemetry()
  readonly #tracer = this.#api.trace.getTracer(scope.name, scope.version)

  /** The `traceparent` of the span that is active where it is asked. */
  active(): string | undefined {
    const { trace, context } = this.#api
    const span = trace.getSpanContext(context.active())
    return span && headerOf(span)
  }

  /** An execution begins: under the active span, or, if it is said so or nobody calls, under that of `traceparent`. One that is taken up stands where it did. */
  begin(name: string, of: Begun): HostRun {
    const { trace, context, ROOT_CONTEXT } = this.#api
    const { id, recovered, options } = of
    const { traceparent, parent } = options
    const { above: recorded, ...ids } = spanOfExecution(id, traceparent, parent)
    const active = recovered ? ROOT_CONTEXT : context.active()
    const own = trace.getSpanContext(active)
    const isOther = traceparent !== undefined && (own === undefined || (parent === undefined && headerOf(own) !== traceparent))
    const flags = traceparent === undefined ? '01' : traceparent.slice(-2)
    const given = recovered && recorded !== undefined ? `00-${ids.trace}-${recorded}-${flags}` : isOther ? traceparent : undefined
    const above = given === undefined ? active : trace.setSpanContext(active, contextOf(given))
    const span = this.#start(name, { kind: 0 }, above, ids)
    return { of, span, context: trace.setSpan(above, span), attempts: new Map() }
  }

  /** Begins a span with ids that follow from what is on record: whichever process makes it, what stands under it finds it. */
  #start(name: string, options: SpanOptions, above: Context, { trace, span }: Ids): Span {
    const tracer = this.#tracer as Tracer & Generating
    const generator = tracer._idGenerator
    if (generator === undefined) return tracer.startSpan(name, options, above)
    tracer._idGenerator = { generateTraceId: () => trace, generateSpanId: () => span }
    try {
      return tracer.startSpan(name, options, above)
    } finally {
      tracer._idGenerator = generator
    }
  }

  /** Calls an agent inside the span of its attempt. */
  call<T>(run: HostRun, path: string, attempt: number, call: () => T): T {
    return this.#api.context.with(this.#attempt(run, path, attempt).context, call)
  }

  /** What whoever is called by an attempt is told of its trace. */
  traceparent(run: HostRun, path: string, attempt: number): string {
    return headerOf(this.#attempt(run, path, attempt).span.spanContext())
  }

  #attempt(run: HostRun, path: string, attempt: number): { readonly span: Span; readonly context: Context } {
    const key = keyOf(path, attempt)
    let known = run.attempts.get(key)
    if (known === undefined) {
      const { id, options } = run.of
      const span = this.#start(path, { kind: 0 }, run.context, spanOfAttempt(id, path, attempt, options.traceparent))
      known = { span, context: this.#api.trace.setSpan(run.context, span) }
      run.attempts.set(key, known)
    }
    return known
  }

  /** Ends the spans of a part of an execution, and makes those that have not been: of what happened in it. What stands under an attempt is in the same part. */
  async end(run: HostRun, spans: readonly SpanData[]): Promise<void> {
    const { trace } = this.#api
    const made = new Map<string, Context>()
    for (const [place, data] of spans.entries()) {
      if (place > 0 && place % TURN === 0) await this.#taken()
      const attributes = attributesOf(data)
      const path = attributes['mao.task.path']
      const isExecution = attributes['mao.execution.id'] !== undefined
      // One that was interrupted is done again under the same number.
      const isOurs = attributes['mao.task.interrupted'] === undefined
      const key = keyOf(String(path), attributes['mao.task.attempt'] ?? 0)
      const live = isExecution ? run : isOurs ? run.attempts.get(key) : undefined
      const above = made.get(data.parentSpanId ?? '') ?? run.context
      const options = { kind: data.kind - 1, startTime: timeOf(data.startTimeUnixNano), attributes }
      const span = live?.span ?? this.#start(data.name, options, above, { trace: data.traceId, span: data.spanId })
      made.set(data.spanId, live?.context ?? trace.setSpan(above, span))
      if (live !== undefined) {
        span.updateName(data.name)
        span.setAttributes(attributes)
        run.attempts.delete(key)
      }
      if (data.status.code === 2) span.setStatus({ code: 2 })
      // The root comes last, when all that stands under it has.
      if (!isExecution) span.end(timeOf(data.endTimeUnixNano))
    }
  }

  /** All of an execution is told. */
  close(run: HostRun, endedAt: string | undefined): void {
    run.span.end(endedAt === undefined ? undefined : timeOf(endedAt))
  }

  /** Nothing more is made before the provider has taken what there is: it holds no more than so many. */
  async #taken(): Promise<void> {
    const provider = this.#api.trace.getTracerProvider() as { getDelegate?(): object; forceFlush?(): Promise<void> }
    const flushes = (provider.getDelegate?.() ?? provider) as { forceFlush?(): Promise<void> }
    try {
      await flushes.forceFlush?.()
    } catch {
      // It tells of that itself.
    }
    await nextTurn()
  }
}

/** Nanoseconds as seconds and the rest. */
function timeOf(nanos: string): [number, number] {
  return [Number(nanos.slice(0, -9)), Number(nanos.slice(-9))]
}

function attributesOf({ attributes }: SpanData): Record<string, string | number> {
  const plain = attributes.map(({ key, value }) => {
    if ('stringValue' in value) return [key, value.stringValue] as const
    return [key, 'intValue' in value ? Number(value.intValue) : value.doubleValue] as const
  })
  return Object.fromEntries(plain)
}
