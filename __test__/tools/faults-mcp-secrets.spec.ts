// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// "Values of headers and the path of the address appear in no error", the docs said, and took the address out of what the HTTP client says.
// A server that repeats what it was sent put them into messages, events and records. Now one redactor, that of models, cleans whatever a
// server had a part in.

import { existsSync, readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import type { McpServer } from '@codexos/multi-agent-orchestrator'
import { root, storePath, temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const HEADER = 'planted-canary-42/x+y'
const PASSWORD = 'planted-password-7'
const PATH = 'secret-path-123'
const QUERY = 'secret-query-9'
/** Parts that no spelling hides: of the values as they are, and of their base64. */
const PARTS = ['planted-canary', 'planted-password', 'secret-path', 'secret-query', 'bnRlZC1jYW5hcn', 'ZWNyZXQtcGF0aC']

/** Every way in which a server may repeat what it was sent. */
function repeated({ headers, url }: IncomingMessage): string {
  const all = `${JSON.stringify(headers)} for ${url}`
  const { authorization = '' } = headers
  const more = [encodeURIComponent(all), JSON.stringify(JSON.stringify(all)), authorization.replaceAll('/', String.raw`\/`)]
  const coded = [authorization, url ?? ''].flatMap((text) =>
    [0, 1, 2].map((before) => Buffer.from('-'.repeat(before) + text).toString('base64')),
  )
  return [all, ...more, ...coded, Buffer.from(authorization).toString('base64url'), `password ${PASSWORD}`].join(' | ')
}

type Mode = 'connect' | 'challenge' | 'handshake' | 'refuse' | 'fail' | 'break'

/** A server by HTTP that goes wrong in one way, and repeats what it was sent. */
async function echoing(mode: Mode): Promise<{ server: Server; target: McpServer }> {
  const server = createServer((request, response) => {
    const said = repeated(request)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const answer = (status: number, body: unknown): void => {
        const challenge = mode === 'challenge' && { 'www-authenticate': `Bearer realm="${said.slice(0, 300)}"` }
        response.writeHead(status, { 'content-type': 'application/json', ...challenge })
        response.end(JSON.stringify(body))
      }
      if (request.method !== 'POST') return answer(405, {})
      const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString()) as { id?: number; method: string; params: never }
      const result = (value: unknown): void => answer(200, { jsonrpc: '2.0', id, result: value })
      const error = (): void => answer(200, { jsonrpc: '2.0', id, error: { code: -32_000, message: said } })
      if (id === undefined) return answer(202, {})
      if (method === 'initialize') {
        if (mode === 'connect' || mode === 'challenge') return answer(401, { error: said })
        if (mode === 'handshake') return error()
        const { protocolVersion } = params as { protocolVersion: string }
        return result({
          protocolVersion,
          capabilities: { tools: {} },
          serverInfo: { name: `S ${request.headers.authorization}`, version: '1' },
        })
      }
      if (method === 'tools/list') return result({ tools: [{ name: 'use', inputSchema: { type: 'object' } }] })
      if (mode === 'break') return answer(500, { error: said })
      return mode === 'refuse' ? error() : result({ isError: true, content: [{ type: 'text', text: said }] })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/${PATH}?token=${QUERY}`
  const basic = Buffer.from(`user:${PASSWORD}`).toString('base64')
  return {
    server,
    target: { url, allowPrivate: true, prefix: '', headers: { Authorization: `Bearer ${HEADER}`, 'X-Basic': `Basic ${basic}` } },
  }
}

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** The texts in which something of `value` may stand. */
function texts(value: unknown): string[] {
  const depth = { depth: 20, showHidden: false, maxStringLength: Infinity, maxArrayLength: Infinity }
  return [inspect(value, depth), JSON.stringify(value) ?? '', value instanceof Error ? `${value.message} ${value.stack}` : '']
}

function expectNothingOf(parts: readonly string[], shown: readonly string[]): void {
  for (const text of shown)
    for (const part of parts) expect(text.includes(part) ? `${part} in ${text.slice(0, 3000)}` : 'nothing').toBe('nothing')
}

it.each(['connect', 'challenge', 'handshake'] as const)('what a server repeats as it is connected to is in no error: %s', async (mode) => {
  const { server, target } = await echoing(mode)
  open.push(server)
  const error = await rejection(orchestratorWith().agentPool.connectMcp(target))
  expect(error.code).toBe('ERR_MCP_CONNECT')
  if (mode !== 'challenge') expect(error.message, 'it still says what was wrong').toContain('[redacted]')
  expect(error.message.length).toBeLessThan(2500)
  expectNothingOf(PARTS, texts(error))
})

/** Runs a task that calls the tool `name`; everything that is shown and stored of it. */
async function failing(target: McpServer, name: string): Promise<string[]> {
  const path = storePath(folder)
  const orchestrator = orchestratorWith({}, { storage: { path, durability: 'os' } })
  const connection = await orchestrator.agentPool.connectMcp(target)
  orchestrator.agentPool.registerAgent({ id: 'caller', type: 'tool', configuration: { tool: name } })
  const heard: unknown[] = []
  for (const event of ['task:failed', 'workflow:failed', 'task:retrying'] as const)
    orchestrator.on(event, (...told: unknown[]) => void heard.push(told))
  const retryPolicy = { maxAttempts: 2, initialDelay: 1 }
  const error = await rejection(
    orchestrator.executeWorkflow(workflow([task('a', { agentId: 'caller', input: { data: {} }, retryPolicy })])),
  )
  const { executionId = '' } = error
  const events: unknown[] = []
  for await (const event of orchestrator.getHandle(executionId).events()) events.push(event)
  const shown = [error, heard, events, await orchestrator.getExecution(executionId), connection.name].flatMap(texts)
  expect(shown.join(' '), 'it still says what was wrong').toContain('[redacted]')
  await orchestrator.shutdown()
  const files = ['', '-wal'].map((ending) => `${path}${ending}`).filter((file) => existsSync(file))
  return [...shown, ...files.map((file) => readFileSync(file, 'latin1'))]
}

it.each(['refuse', 'fail', 'break'] as const)('what a server repeats at a call is in no error, event or record: %s', async (mode) => {
  const { server, target } = await echoing(mode)
  open.push(server)
  expectNothingOf(PARTS, await failing(target, 'use'))
})

it.each(['refuse', 'fail'])('what a program was given stays with it: %s', async (name) => {
  const args = [join(root, '__test__/fixtures/mcp-echo.mjs'), '--token=secret-path-1', '--api-key', 'secret-query-2']
  const env = { API_KEY: 'planted-canary-1', HEADERS: '{"password":"planted-password-2"}' }
  expectNothingOf(PARTS, await failing({ command: process.execPath, args, env, prefix: '' }, name))
})

it('a tool that the server names after a secret is not named in what refuses it', async () => {
  const { server, target } = await echoing('fail')
  open.push(server)
  const error = await rejection(orchestratorWith().agentPool.connectMcp({ ...target, tools: { include: [HEADER] } }))
  expect(error.code).toBe('ERR_INVALID_ARGUMENT')
  expectNothingOf(PARTS, texts(error))
})
