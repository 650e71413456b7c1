// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Spans with the provider that the program has registered with `@opentelemetry/api`.
//
// An execution and an attempt have a span from their beginning, so that what an agent does stands under it; all other spans are made of what is on record when the
// execution has ended, and only then all of them are ended. So a process that is killed has told nothing of an execution that another one takes up: that makes
// every span of it once, also of what had happened before.

import { createRequire } from 'node:module'
import { nextTurn } from '../base/real-time.js'
import { scope, type SpanData } from './spans.js'

/** What is used of `@opentelemetry/api` 1.x. */
interface OpenTelemetry {
  readonly trace: {
    getTracer(name: string, version?: string): Tracer
    getTracerProvider(): object
    setSpan(context: Context, span: Span): Context
    getSpanContext(context: Context): SpanContext | undefined
    setSpanContext(context: Context, span: SpanContext): Context
  }
  readonly context: { active(): Context; with<T>(context: Context, call: () => T): T }
  readonly ROOT_CONTEXT: Context
}
type Context = object
interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly isRemote?: boolean
}
interface Span {
  spanContext(): SpanContext
  setAttributes(attributes: Record<string, string | number>): unknown
  setStatus(status: { code: number }): unknown
  updateName(name: string): unknown
  isRecording(): boolean
  end(time?: readonly [number, number]): void
}
interface Tracer {
  startSpan(name: string, options: { kind?: number; startTime?: readonly [number, number]; attributes?: object }, context?: Context): Span
}

const require = createRequire(import.meta.url)
/** Where the API keeps what was registered, in each version 1.x. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

/** Whether the program has registered a provider. */
export function hasProvider(): boolean {
  return (globalThis as { [REGISTERED]?: { trace?: unknown } })[REGISTERED]?.trace !== undefined
}

/** The API as this package, or the program, finds it. Throws if neither does. */
function api(): OpenTelemetry {
  try {
    return require('@opentelemetry/api') as OpenTelemetry
  } catch {
    return createRequire(`${process.cwd()}/`)('@opentelemetry/api') as OpenTelemetry
  }
}

/** An execution that begins, or is taken up. */
interface Begun {
  readonly recovered: boolean
  readonly options: { readonly traceparent?: string; readonly parent?: object }
}

/** Spans after which others get a turn, and whatever exports them takes what there is. */
const TURN = 500

/** The live spans of an execution. */
export interface HostRun {
  readonly span: Span
  readonly context: Context
  /** By path and number of attempt. */
  readonly attempts: Map<string, { readonly span: Span; readonly context: Context }>
}

const keyOf = (path: string, attempt: number | string): string => `${attempt} ${path}`

export class HostTracer {
  readonly #api = api()
  readonly #tracer = this.#api.trace.getTracer(scope.name, scope.version)

  /** The `traceparent` of the span that is active where it is asked. */
  active(): string | undefined {
    const { trace, context } = this.#api
    const span = trace.getSpanContext(context.active())
    return span && headerOf(span)
  }

  /** An execution begins: under the active span, or, if it is said so or nobody calls, under that of `traceparent`. */
  begin(name: string, { recovered, options: { traceparent, parent } }: Begun): HostRun {
    const { trace, context, ROOT_CONTEXT } = this.#api
    const active = recovered ? ROOT_CONTEXT : context.active()
    const own = trace.getSpanContext(active)
    const isOther = traceparent !== undefined && (own === undefined || (parent === undefined && headerOf(own) !== traceparent))
    const above = isOther ? trace.setSpanContext(active, contextOf(traceparent)) : active
    const span = this.#tracer.startSpan(name, { kind: 0 }, above)
    return { span, context: trace.setSpan(above, span), attempts: new Map() }
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
      const span = this.#tracer.startSpan(path, { kind: 0 }, run.context)
      known = { span, context: this.#api.trace.setSpan(run.context, span) }
      run.attempts.set(key, known)
    }
    return known
  }

  /** Ends the spans of an execution, and makes those that have not been: of what happened in it. */
  async end(run: HostRun, spans: readonly SpanData[], made: Map<string, Context>): Promise<void> {
    const { trace } = this.#api
    for (const [place, data] of spans.entries()) {
      if (place > 0 && place % TURN === 0) await this.#taken()
      const attributes = attributesOf(data)
      const path = attributes['mao.task.path']
      const isExecution = attributes['mao.execution.id'] !== undefined
      // One that was interrupted is done again under the same number.
      const isOurs = attributes['mao.task.interrupted'] === undefined
      const live = isExecution ? run : isOurs ? run.attempts.get(keyOf(String(path), attributes['mao.task.attempt'] ?? 0)) : undefined
      const above = made.get(data.parentSpanId ?? '') ?? run.context
      const options = { kind: data.kind - 1, startTime: timeOf(data.startTimeUnixNano), attributes }
      const span = live?.span ?? this.#tracer.startSpan(data.name, options, above)
      made.set(data.spanId, live?.context ?? trace.setSpan(above, span))
      if (live !== undefined) {
        span.updateName(data.name)
        span.setAttributes(attributes)
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

function headerOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags % 256).toString(16).padStart(2, '0')}`
}

function contextOf(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
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
