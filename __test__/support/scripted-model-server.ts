// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A provider of models on loopback that speaks OpenAI's Chat Completions, says what the test says, and knows what it was asked and who hung up.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { OrchestratorConfig, ProviderConfig } from '@codexos/multi-agent-orchestrator'
import { afterAll } from 'vitest'
import { gate } from './orchestrators.ts'

/** A request as it came. */
export interface Received {
  readonly model: string
  /** The text of its last turn. */
  readonly prompt: string
  readonly authorization: string | undefined
  /** Resolves when its connection is closed before it was answered. */
  readonly hungUp: Promise<void>
}

/** What is answered: text, or a status that says what is wrong. */
export type Said = string | { status: number; message: string }

export interface ModelServer {
  readonly received: readonly Received[]
  /** The most requests that were unanswered at once. */
  readonly most: number
  /** A provider that is this server. */
  provider(rest?: ProviderConfig): ProviderConfig
  /** A configuration with it alone, as `local`, whose model is `m`. */
  config(rest?: OrchestratorConfig): OrchestratorConfig
  asked(): string[]
}

/** The tokens of each answer. */
export const USED = { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 }

/** A server until the tests of the file have ended; `say` may take its time, also for ever. */
export async function modelServer(say: (received: Received, number: number) => Said | Promise<Said>): Promise<ModelServer> {
  const received: Received[] = []
  const sockets = new Set<Socket>()
  let open = 0
  let most = 0
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let text = ''
    for await (const piece of request.setEncoding('utf8')) text += piece
    const { model, messages, stream } = JSON.parse(text) as { model: string; messages: { content: unknown }[]; stream?: boolean }
    const { promise: hungUp, open: close } = gate()
    const content = messages.at(-1)?.content
    const prompt = typeof content === 'string' ? content : ((content as { text?: string }[])[0]?.text ?? '')
    const asked = { model, prompt, authorization: request.headers.authorization, hungUp }
    received.push(asked)
    open += 1
    most = Math.max(most, open)
    response.on('close', () => {
      open -= 1
      if (!response.writableFinished) close()
    })
    write(response, await say(asked, received.length), model, stream === true)
  }
  const server = createServer((request, response) => void answer(request, response))
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const provider = (rest: ProviderConfig = {}): ProviderConfig => ({
    kind: 'compatible',
    endpoint,
    allowPrivate: true,
    apiKey: 'k',
    model: 'm',
    ...rest,
  })
  return {
    received,
    get most() {
      return most
    },
    provider,
    config: ({ models, ...rest } = {}) => ({ models: { providers: { local: provider() }, ...models }, ...rest }),
    asked: () => received.map(({ model, prompt }) => `${model}: ${prompt}`),
  }
}

function write(response: ServerResponse, said: Said, model: string, stream: boolean): void {
  const json = { 'content-type': 'application/json' }
  if (typeof said !== 'string') {
    response.writeHead(said.status, json).end(JSON.stringify({ error: { message: said.message, type: 'server_error' } }))
    return
  }
  const message = { role: 'assistant', content: said }
  const head = { id: 'c1', created: 1, model }
  if (!stream) {
    const choices = [{ index: 0, message, finish_reason: 'stop' }]
    response.writeHead(200, json).end(JSON.stringify({ ...head, object: 'chat.completion', choices, usage: USED }))
    return
  }
  const chunk = (rest: object): string => `data: ${JSON.stringify({ ...head, object: 'chat.completion.chunk', ...rest })}\n\n`
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(chunk({ choices: [{ index: 0, delta: message }] }))
  response.write(chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
  response.end(`${chunk({ choices: [], usage: USED })}data: [DONE]\n\n`)
}
