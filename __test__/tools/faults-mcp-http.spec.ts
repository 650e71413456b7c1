// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whatever a server answered by HTTP but 200 was "the connection to the server is lost: Transport send error: Transport [rmcp::transport::…]",
// also a wrong key, a busy server, or one of the older transport. Now each says what it is and what to do.

import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { McpServer, OrchestratorError } from '@codexos/multi-agent-orchestrator'
import { orchestratorWith, rejection, task, until, workflow } from '../support/orchestrators.ts'
import { call } from '../support/tools.ts'

interface Asked {
  readonly id: number | undefined
  readonly method: string
}
type Answer = (response: ServerResponse, asked: Asked) => unknown

const open: Server[] = []
afterEach(() => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const json = (response: ServerResponse, value: unknown, status = 200, headers: Record<string, string> = {}): unknown =>
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value))
const status =
  (code: number, body = '', headers: Record<string, string> = {}): Answer =>
  (response) =>
    response.writeHead(code, headers).end(body)

const fine: Record<string, unknown> = {
  initialize: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'http', version: '1' } },
  'tools/list': { tools: [{ name: 'use', inputSchema: { type: 'object' } }] },
  'tools/call': { content: [{ type: 'text', text: 'used' }] },
}
const well: Answer = (response, { id, method }) => json(response, { jsonrpc: '2.0', id, result: fine[method] })

/** A server that answers one method as `answer` does, and the others well. `session`: with an id, as most do. */
async function serving(method: string, answer: Answer, session = true): Promise<McpServer> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      if (request.method !== 'POST') return response.writeHead(405).end()
      const asked = JSON.parse(Buffer.concat(parts).toString()) as Asked
      if (session) response.setHeader('mcp-session-id', 's1')
      if (asked.method === method) return answer(response, asked)
      return asked.id === undefined ? response.writeHead(202).end() : well(response, asked)
    })
  })
  open.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { name: 'http', url: `http://127.0.0.1:${port}/mcp`, allowPrivate: true, prefix: '', timeout: '1h' }
}

/** What only a part of this program is called. */
const INSIDE = /rmcp|reqwest|hyper|::|Transport \[|Streamable|JsonRpc|Some\(/

const connecting: [what: string, answer: Answer, message: string][] = [
  ['401', status(401), 'it asks for credentials (HTTP 401): give a key or token in `headers`, such as `Authorization`'],
  [
    '401 with a challenge',
    status(401, '', { 'www-authenticate': 'Bearer resource_metadata="https://a.example"' }),
    'it asks for credentials (HTTP 401): give a key or token in `headers`, such as `Authorization`',
  ],
  [
    '403 with a reason',
    status(403, '{"error":{"message":"not on the list"}}', { 'content-type': 'application/json' }),
    'it refuses these credentials (HTTP 403): give others in `headers`. It says: not on the list',
  ],
  ['404', status(404), 'there is no server at this address (HTTP 404): the path of `url` may be another one, often /mcp'],
  [
    '405',
    status(405),
    'it takes no POST at this address (HTTP 405): it may speak the older transport, HTTP with SSE, which is not supported; ask for its address of streamable HTTP, often /mcp',
  ],
  [
    '307',
    status(307, '', { location: 'https://b.example/mcp?key=1' }),
    'it redirects to https://b.example/mcp (HTTP 307), which is not followed: set `url` to the final address',
  ],
  ['429', status(429, '', { 'retry-after': '7' }), 'it gets too many requests (HTTP 429): try again in 7 s'],
  [
    '503 and a page',
    status(503, '<html>down</html>', { 'content-type': 'text/html' }),
    'it failed (HTTP 503): try again later, or see its own log',
  ],
  [
    'a page',
    status(200, '<html>hello</html>', { 'content-type': 'text/html' }),
    'its answer to `initialize` cannot be read: it is `text/html`, neither JSON nor a stream of events; is this the address of an MCP server?',
  ],
  ['nothing', status(200), 'its answer to `initialize` cannot be read: it is empty (HTTP 200)'],
  ['accepted and no more', status(202), 'its answer to `initialize` cannot be read: it is empty (HTTP 202)'],
  [
    'half of an answer',
    (response, { id }) =>
      json(response, { jsonrpc: '2.0', id, result: { protocolVersion: '2025-06-18', serverInfo: { name: 'x', version: '1' } } }),
    'its answer to `initialize` cannot be read: missing field `capabilities`',
  ],
  [
    'an error of the protocol',
    (response, { id }) => json(response, { jsonrpc: '2.0', id, error: { code: -32_602, message: 'Unsupported protocol version' } }, 400),
    'it answered: Unsupported protocol version',
  ],
  [
    'a stream without an answer',
    status(200, ': hello\n\n', { 'content-type': 'text/event-stream' }),
    'it closed the connection before it answered',
  ],
]

it.each(connecting)('who cannot connect is told what to do: %s', async (_, answer, message) => {
  const error = await rejection(orchestratorWith().agentPool.connectMcp(await serving('initialize', answer)))
  expect({ code: error.code, message: error.message }).toEqual({
    code: 'ERR_MCP_CONNECT',
    message: `MCP server \`http\`: cannot connect to the server: ${message}`,
  })
  expect(error.message).not.toMatch(INSIDE)
})

it.each(['notifications/initialized', 'tools/list'])('also where it is %s that is refused', async (method) => {
  const error = await rejection(orchestratorWith().agentPool.connectMcp(await serving(method, status(401))))
  expect(error.code).toBe('ERR_MCP_CONNECT')
  expect(error.message).toMatch(/^MCP server `http`: .*it asks for credentials \(HTTP 401\): give a key or token in `headers`/)
})

it('a session that is not known any more, and cannot be begun anew, says so', async () => {
  const error = await rejection(orchestratorWith().agentPool.connectMcp(await serving('tools/list', status(404))))
  expect(error.message).toBe('MCP server `http`: the connection to the server is lost: it does not know the session any more (HTTP 404)')
})

/** What a call comes to: its code, whether it may succeed later, and its words. */
const calling: [what: string, answer: Answer, code: string, retryable: boolean, message: string][] = [
  [
    '401',
    status(401),
    'ERR_TOOL_FAILED',
    false,
    'it asks for credentials (HTTP 401): give a key or token in `headers`, such as `Authorization`',
  ],
  ['429', status(429), 'ERR_TOOL_FAILED', true, 'it gets too many requests (HTTP 429): try again later'],
  ['500', status(500, 'no disk'), 'ERR_TOOL_FAILED', true, 'it failed (HTTP 500): try again later, or see its own log. It says: no disk'],
  ['413', status(413), 'ERR_TOOL_FAILED', false, 'the request is too large for it (HTTP 413): ask with less'],
  ['418', status(418, 'short'), 'ERR_TOOL_FAILED', false, 'it answered with HTTP 418. It says: short'],
  [
    'an error of the protocol with 500',
    (response, { id }) => json(response, { jsonrpc: '2.0', id, error: { code: -32_603, message: 'database is down' } }, 500),
    'ERR_TOOL_FAILED',
    false,
    'database is down',
  ],
  [
    'a page',
    status(200, '<html>hello</html>', { 'content-type': 'text/html' }),
    'ERR_TOOL_FAILED',
    false,
    'the answer of tool `use` cannot be read: it is `text/html`, neither JSON nor a stream of events; is this the address of an MCP server?',
  ],
  ['nothing', status(200), 'ERR_TOOL_FAILED', false, 'the answer of tool `use` cannot be read: it is empty (HTTP 200)'],
  [
    'an answer to something else',
    (response) => json(response, { jsonrpc: '2.0', id: 4711, result: {} }),
    'ERR_TOOL_FAILED',
    false,
    'the answer of tool `use` cannot be read: it is not a message of this protocol in answer to this request',
  ],
  [
    'a stream without an answer',
    status(200, ': hello\n\n', { 'content-type': 'text/event-stream' }),
    'ERR_MCP_LOST',
    true,
    'the connection to the server is lost: it ended, or closed the connection',
  ],
]

describe.each([
  ['with a session', true],
  ['without one', false],
])('%s', (_session, session) => {
  it.each(calling)('a call that goes wrong says what to do: %s', async (_, answer, code, retryable, message) => {
    const orchestrator = orchestratorWith()
    await orchestrator.agentPool.connectMcp(await serving('tools/call', answer, session))
    const { isError, error } = await call(orchestrator, 'use')
    expect({ isError, code: error?.code, retryable: error?.retryable, message: error?.message }).toEqual({
      isError: true,
      code,
      retryable,
      message: `MCP server \`http\`: ${message}`,
    })
    expect(error?.message).not.toMatch(INSIDE)
  })

  it('a connection that breaks within an answer is lost', async () => {
    const orchestrator = orchestratorWith()
    const half: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"jsonrpc"', () => response.destroy())
    }
    await orchestrator.agentPool.connectMcp(await serving('tools/call', half, session))
    const { error } = await call(orchestrator, 'use')
    expect(error?.code).toBe('ERR_MCP_LOST')
    expect(error?.message).toMatch(/the connection to the server is lost: the connection to 127\.0\.0\.1:\d+ broke/)
    expect(error?.message).not.toMatch(INSIDE)
  })
})

it('a server that has forgotten the session is connected to again at the next call', async () => {
  let known = false
  const orchestrator = orchestratorWith()
  const answer: Answer = (response, asked) =>
    known
      ? well(response, asked)
      : json(response, { jsonrpc: '2.0', id: null, error: { code: -32_000, message: 'No valid session ID' } }, 400)
  await orchestrator.agentPool.connectMcp(await serving('tools/call', answer))
  const { error } = await call(orchestrator, 'use')
  expect(error?.code).toBe('ERR_MCP_LOST')
  expect(error?.message).toBe(
    'MCP server `http`: the connection to the server is lost: it answered with HTTP 400. It says: No valid session ID',
  )
  known = true
  await until(async () => !(await call(orchestrator, 'use')).isError)
})

it('a task waits for as long as a busy server says before it tries again', async () => {
  const at: number[] = []
  const answer: Answer = (response, asked) => {
    at.push(performance.now())
    return at.length === 1 ? status(429, '', { 'retry-after': '1' })(response, asked) : well(response, asked)
  }
  const orchestrator = orchestratorWith()
  await orchestrator.agentPool.connectMcp(await serving('tools/call', answer))
  orchestrator.agentPool.registerAgent({ id: 'caller', type: 'tool', configuration: { tool: 'use' } })
  const retryPolicy = { maxAttempts: 2, initialDelay: 1 }
  const { results } = await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'caller', input: { data: {} }, retryPolicy })]))
  expect(results['a']).toBe('used')
  expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(1000)
})

it('what the server says of it is there as data', async () => {
  const orchestrator = orchestratorWith()
  await orchestrator.agentPool.connectMcp(await serving('tools/call', status(503, '', { 'retry-after': '20' })))
  const { error } = await call(orchestrator, 'use')
  expect((error as OrchestratorError).details).toEqual({ server: 'http', tool: 'use', status: 503 })
  expect(error).toMatchObject({ retryAfterMs: 20_000 })
})
