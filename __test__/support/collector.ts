// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A collector of spans on loopback, and what is to be true of spans whoever has them.

import { createServer, type IncomingHttpHeaders } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import { expect } from 'vitest'

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, string | number> }[]
  readonly status: { readonly code?: number }
}

/** The spans of a request. */
export function spansIn(text: string): Span[] {
  const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] }
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
}

export interface Collector {
  readonly url: string
  readonly spans: Span[]
  readonly headers: IncomingHttpHeaders[]
  close(): Promise<void>
}

/** `answers`: how it answers a request, by status; `undefined`: never. */
export async function collector(answers: (request: number) => number | undefined = () => 200): Promise<Collector> {
  const spans: Span[] = []
  const headers: IncomingHttpHeaders[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      headers.push(request.headers)
      const status = answers(headers.length)
      if (status === undefined) return
      const body = Buffer.concat(chunks)
      if (status < 300) spans.push(...spansIn((request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString()))
      response.writeHead(status, { 'content-type': 'application/json' }).end('{}')
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  const close = async (): Promise<void> => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${port}`, spans, headers, close }
}

/** Each span is there once, and the parent of each is there, but for those of `callers`. */
export function expectWhole(spans: readonly Pick<Span, 'spanId' | 'parentSpanId'>[], callers: readonly string[] = []): void {
  const ids = spans.map(({ spanId }) => spanId)
  expect(new Set(ids).size).toBe(ids.length)
  const known = new Set([...ids, ...callers])
  expect(spans.filter(({ parentSpanId }) => parentSpanId !== undefined && !known.has(parentSpanId))).toEqual([])
}

/** The name of a span below that of its parent, and so on. */
export function pathOf(span: Span, spans: readonly Span[]): string {
  const above = spans.find(({ spanId }) => spanId === span.parentSpanId)
  return above === undefined ? span.name : `${pathOf(above, spans)} > ${span.name}`
}
