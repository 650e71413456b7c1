// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A provider of models on loopback, for what no other server says: it answers as it is told, and writes down what came.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach } from 'vitest'
import type { ProviderConfig } from '@codexos/multi-agent-orchestrator'

/** One request as it came. */
export interface Seen {
  /** The number of those before it. */
  readonly index: number
  /** Milliseconds on the clock of `performance`. */
  readonly at: number
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: { readonly model?: string; readonly messages?: readonly { content: unknown }[]; readonly [field: string]: unknown }
}

/** What is answered. */
export interface Answer {
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** JSON, or text as it stands. */
  readonly body?: unknown
  /** Milliseconds before anything is written. */
  readonly after?: number
  /** How it ends: `cut`: the connection breaks after the body; `open`: nothing follows it. Default: as it should. */
  readonly end?: 'cut' | 'open'
}

export interface ModelServer {
  readonly url: string
  readonly requests: readonly Seen[]
  /** The most that were under way at once. */
  readonly mostAtOnce: number
  /** Requests whose client left before they were answered. */
  readonly abandoned: number
}

const open: (() => Promise<void>)[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((close) => close()))
})

/** Closed after the test. */
export async function modelServer(answer: (request: Seen) => Answer): Promise<ModelServer> {
  const seen: Seen[] = []
  const figures = { underWay: 0, mostAtOnce: 0, abandoned: 0 }
  const server = createServer((request, response) => {
    const at = performance.now()
    figures.underWay += 1
    figures.mostAtOnce = Math.max(figures.mostAtOnce, figures.underWay)
    let answered = false
    response.on('finish', () => {
      answered = true
    })
    response.on('close', () => {
      figures.underWay -= 1
      if (!answered) figures.abandoned += 1
    })
    void textOf(request).then((text) => {
      const { url: path = '', headers } = request
      const one: Seen = { index: seen.length, at, path, headers, body: JSON.parse(text) as Seen['body'] }
      seen.push(one)
      const said = answer(one)
      if (said.after === undefined) write(response, said)
      else setTimeout(() => write(response, said), said.after)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  open.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    requests: seen,
    get mostAtOnce() {
      return figures.mostAtOnce
    },
    get abandoned() {
      return figures.abandoned
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const piece of request.setEncoding('utf8')) text += piece as string
  return text
}

function write(response: ServerResponse, { status = 200, headers = {}, body = '', end }: Answer): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  if (end === undefined) response.end(text)
  else if (end === 'cut') response.write(text, () => response.destroy())
  else response.write(text)
}

/** A key that can be looked for wherever it must not be. */
export const KEY = 'planted-key-0123456789abcdef'

/** The provider at `server`, which speaks Chat Completions; its model is `small`. */
export function providerAt(server: Pick<ModelServer, 'url'>, rest: ProviderConfig = {}): ProviderConfig {
  return { kind: 'compatible', endpoint: server.url, allowPrivate: true, apiKey: KEY, model: 'small', ...rest }
}

/** An answer of Chat Completions. */
export function says(text: string, usage: { prompt: number; completion: number } = { prompt: 10, completion: 5 }): Answer {
  const { prompt, completion } = usage
  return {
    body: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'small',
      choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
      usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion },
    },
  }
}

/** A refusal of Chat Completions. */
export function refuses(status: number, message: string, rest: { code?: string; headers?: Record<string, string> } = {}): Answer {
  const { code = null, headers = {} } = rest
  return { status, headers, body: { error: { message, type: 'error', param: null, code } } }
}
