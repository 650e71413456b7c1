// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `@opentelemetry/api` as the program has it, in the main thread or in a worker. It is not a dependency: where no provider is registered it is not looked for.

import { createRequire } from 'node:module'

/** What is used of `@opentelemetry/api` 1.x. */
export interface OpenTelemetry {
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
export type Context = object
interface SpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
  readonly isRemote?: boolean
}
export interface Span {
  spanContext(): SpanContext
  setAttributes(attributes: Record<string, string | number>): unknown
  setStatus(status: { code: number }): unknown
  updateName(name: string): unknown
  isRecording(): boolean
  end(time?: readonly [number, number]): void
}
export interface SpanOptions {
  readonly kind?: number
  readonly startTime?: readonly [number, number]
  readonly attributes?: object
}
export interface Tracer {
  startSpan(name: string, options: SpanOptions, context?: Context): Span
}

const require = createRequire(import.meta.url)
/** Where the API keeps what was registered, in each version 1.x. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

/** Whether the program has registered a provider. */
export function hasProvider(): boolean {
  return (globalThis as { [REGISTERED]?: { trace?: unknown } })[REGISTERED]?.trace !== undefined
}

/** The API as this package, or the program, finds it. Throws if neither does. */
export function openTelemetry(): OpenTelemetry {
  try {
    return require('@opentelemetry/api') as OpenTelemetry
  } catch {
    return createRequire(`${process.cwd()}/`)('@opentelemetry/api') as OpenTelemetry
  }
}

/** A span as a `traceparent` says it. */
export function headerOf({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-${(traceFlags % 256).toString(16).padStart(2, '0')}`
}

/** The span that a `traceparent` says. */
export function contextOf(traceparent: string): SpanContext {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-')
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true }
}
