// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Spans as the engine makes them of records: in the JSON form of the OpenTelemetry protocol.

import { readFileSync } from 'node:fs'

/** A value of an attribute. */
type Value = { readonly stringValue: string } | { readonly intValue: string } | { readonly doubleValue: number }

/** A span as JSON. */
export interface SpanData {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Value }[]
  readonly status: { readonly code?: number }
}

const SCOPE = '@codexos/multi-agent-orchestrator'

/** The name and the version by which spans say who made them. */
export const scope: { readonly name: string; readonly version: string } = {
  name: SCOPE,
  // Read when it is first needed.
  get version(): string {
    return (versionRead ??= versionOf())
  },
}

let versionRead: string | undefined

function versionOf(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }
  return version
}

/** What of the environment says who makes spans: `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES`. */
export function resourceOf(env: NodeJS.ProcessEnv): Record<string, string> {
  const own: Record<string, string> = { 'service.name': 'unknown_service:node' }
  for (const pair of (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',')) {
    const [key = '', ...rest] = pair.split('=')
    if (key.trim() !== '' && rest.length > 0) own[key.trim()] = decoded(rest.join('=').trim())
  }
  const service = env['OTEL_SERVICE_NAME']
  if (service !== undefined && service !== '') own['service.name'] = service
  return own
}

/** A value of a list in the environment, which is percent-encoded. */
export function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** A whole request with spans, on one line: what OTLP/HTTP takes, and a line of a file of traces. */
export function requestOf(spans: string, resource: Readonly<Record<string, string>>): string {
  const attributes = Object.entries(resource).map(([key, stringValue]) => ({ key, value: { stringValue } }))
  const head = `{"resourceSpans":[{"resource":${JSON.stringify({ attributes })},"scopeSpans":[{"scope":${JSON.stringify({ ...scope })},"spans":[`
  return `${head}${spans}]}]}]}`
}
