// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Servers of the Model Context Protocol, which the protocol's own SDK makes: a program on standard input and output, and one by HTTP.

import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { McpConnection, McpServer, MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { temporaryFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { KeptLog } from '../support/logs.ts'
import { orchestratorWith, places, rejection, task, until, workflow } from '../support/orchestrators.ts'
import { about, call, isAlive, remote, serverPath, stdio, toolsOf } from '../support/tools.ts'

const NAMES = ['about', 'add', 'change', 'die', 'echo', 'fail', 'picture', 'two_parts', 'wait']
const namesOf = ({ tools }: { tools: readonly { name: string }[] }): string[] => tools.map(({ name }) => name).sort()
const registered = (orchestrator: MultiAgentOrchestrator): string[] => namesOf({ tools: toolsOf(orchestrator).list() })

const running: Awaited<ReturnType<typeof remote>>[] = []
afterEach(() => Promise.all(running.splice(0).map(({ child }) => child.kill())))

async function overHttp(port?: number): Promise<Awaited<ReturnType<typeof remote>>> {
  const server = await remote(port)
  running.push(server)
  return server
}

interface Connected {
  readonly orchestrator: MultiAgentOrchestrator
  readonly connection: McpConnection
}

async function connected(server: McpServer, config?: OrchestratorConfig): Promise<Connected> {
  const orchestrator = orchestratorWith({}, config)
  return { orchestrator, connection: await orchestrator.agentPool.connectMcp(server) }
}

const transports: [string, () => Promise<McpServer>][] = [
  ['standard input and output', async () => stdio],
  ['HTTP', async () => ({ name: 'test', url: (await overHttp()).url, allowPrivate: true })],
]

describe.each(transports)('over %s', (_, serverOf) => {
  it('the tools of a server are registered, as it describes them', async () => {
    const { orchestrator, connection } = await connected(await serverOf())
    expect(connection.name).toBe('test')
    expect(namesOf(connection)).toEqual(NAMES.map((name) => `test_${name}`))
    expect(connection.tools).toContainEqual({ name: 'test_add', description: 'Adds two numbers' })
    expect(connection.tools).toContainEqual({ name: 'test_echo', description: 'Says it again' })
    const add = toolsOf(orchestrator)
      .list()
      .find(({ name }) => name === 'test_add')
    expect(add?.parameters).toMatchObject({
      type: 'object',
      properties: { a: { type: 'number' }, b: { type: 'number' } },
      required: ['a', 'b'],
    })
  })

  it('what a tool answers is data where it gives data, else text, else what it is', async () => {
    const { orchestrator } = await connected(await serverOf())
    expect(await call(orchestrator, 'test_add', { a: 2, b: 3 })).toEqual({ result: { sum: 5 }, isError: false })
    expect(await call(orchestrator, 'test_echo', { words: 'hello' })).toEqual({ result: 'hello', isError: false })
    expect(await call(orchestrator, 'test_two_parts')).toEqual({ result: 'first\nsecond', isError: false })
    const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' }
    expect(await call(orchestrator, 'test_picture', undefined)).toEqual({ result: [image], isError: false })
  })

  it('a call of a traced attempt tells the server its span, and one of an attempt that is not tells none', async () => {
    const server = await serverOf()
    const told = async (enableTracing: boolean): Promise<{ traceparent?: string }> => {
      const { orchestrator } = await connected(server, { monitoring: { enableTracing } })
      orchestrator.agentPool.registerAgent({ id: 'asks', type: 'tool', configuration: { tool: 'test_about' } })
      const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
      const { results } = await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'asks' })]), {}, { traceparent })
      await orchestrator.shutdown()
      return JSON.parse(results['a'] as string) as { traceparent?: string }
    }
    expect((await told(true)).traceparent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/)
    expect((await told(false)).traceparent).toBeUndefined()
  })

  it('what it says of an error is told', async () => {
    const { orchestrator } = await connected(await serverOf())
    const { result, isError, error } = await call(orchestrator, 'test_fail')
    expect({ result, isError }).toEqual({
      result: { code: 'ERR_TOOL_FAILED', message: 'MCP server `test`: there is no such city' },
      isError: true,
    })
    expect(error?.details).toEqual({ server: 'test', tool: 'test_fail' })
    const refused = await call(orchestrator, 'test_add', { a: 'two' })
    expect(refused).toMatchObject({ isError: true, result: { code: 'ERR_TOOL_FAILED' } })
    expect(refused.error?.message).toMatch(/MCP server `test`: .*add/s)
    expect(await call(orchestrator, 'test_add', [1, 2])).toMatchObject({ isError: true, result: { code: 'ERR_TOOL_ARGUMENTS' } })
  })

  it('many calls are under way at once', async () => {
    const { orchestrator } = await connected(await serverOf())
    const answers = await Promise.all(Array.from({ length: 50 }, (__, n) => call(orchestrator, 'test_echo', { words: `${n}` })))
    expect(answers.map(({ result }) => result)).toEqual(Array.from({ length: 50 }, (__, n) => `${n}`))
  })

  it('when the server has other tools, they are the ones', async () => {
    const logger = new KeptLog()
    const { orchestrator, connection } = await connected(await serverOf(), { logger })
    expect(await call(orchestrator, 'test_change')).toMatchObject({ result: 'done' })
    await until(() => namesOf(connection).includes('test_changed'))
    expect(registered(orchestrator)).toEqual(
      [...NAMES, 'changed']
        .filter((name) => name !== 'change')
        .map((name) => `test_${name}`)
        .sort(),
    )
    const said = await logger.first()
    expect(said).toMatchObject({ level: 'warn', event: 'mcp:tools', server: 'test' })
    expect(said.message).toMatch(
      /MCP server `test`: tool `changed_+` would be called `test_changed_+`, which is longer than 64 characters; /,
    )
    expect(await call(orchestrator, 'test_changed')).toEqual({ result: 'new', isError: false })
    expect(await call(orchestrator, 'test_change')).toMatchObject({ isError: true, result: { code: 'ERR_TOOL_NOT_FOUND' } })
  })

  it('a call that is not wanted any more rejects with the reason, and the server is told', async () => {
    const { orchestrator, connection } = await connected(await serverOf())
    const controller = new AbortController()
    const answer = call(orchestrator, 'test_wait', {}, controller.signal)
    answer.catch(() => {})
    await until(async () => (await about(orchestrator, connection)).begun === 1)
    controller.abort(new Error('enough'))
    await expect(answer).rejects.toThrow('enough')
    await until(async () => (await about(orchestrator, connection)).cancelled === 1)
  })

  it('a call that takes too long is an error, and the server is told', async () => {
    const kit = await kitWith()
    const connection = await kit.orchestrator.agentPool.connectMcp(await serverOf())
    const answer = call(kit.orchestrator, 'test_wait')
    await until(async () => (await about(kit.orchestrator, connection)).begun === 1)
    expect(await kit.until(answer)).toMatchObject({ isError: true, result: { code: 'ERR_TOOL_TIMEOUT' } })
    await until(async () => (await about(kit.orchestrator, connection)).cancelled === 1)
  })

  it('some of its tools can be chosen, and what they begin with', async () => {
    const server = await serverOf()
    const { orchestrator, connection } = await connected({ ...server, prefix: '', tools: { include: ['add', 'echo'], exclude: ['echo'] } })
    expect(registered(orchestrator)).toEqual(['add'])
    await connection.close()
    const unknown = await rejection(orchestrator.agentPool.connectMcp({ ...server, tools: { include: ['add', 'sub'], exclude: ['mul'] } }))
    expect(places(unknown)).toEqual(['server.tools.include[1]', 'server.tools.exclude[0]'])
    expect(unknown.message).toContain('the server has no tool `sub`; it has add, echo, two.parts')
  })

  it('a name that is taken is refused, and nothing of the server stays', async () => {
    const server = { ...(await serverOf()), prefix: '' }
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerTool({ name: 'echo', description: 'Ours', parameters: z.object({}), execute: () => 'ours' })
    const error = await rejection(orchestrator.agentPool.connectMcp(server))
    expect({ code: error.code, message: error.message }).toEqual({
      code: 'ERR_TOOL_EXISTS',
      message: 'MCP server `test`: tool `echo` would be called `echo`, which is taken; give another `prefix`, or exclude it',
    })
    expect(registered(orchestrator)).toEqual(['echo'])
    const connection = await orchestrator.agentPool.connectMcp({ ...server, tools: { exclude: ['echo'] } })
    expect(connection.tools).toHaveLength(NAMES.length - 1)
  })

  it('the tools are gone once it is closed, and a call under way ends', async () => {
    const { orchestrator, connection } = await connected(await serverOf())
    const other = await orchestrator.agentPool.connectMcp({ ...(await serverOf()), name: 'other' })
    const waiting = call(orchestrator, 'test_wait')
    await until(async () => (await about(orchestrator, connection)).begun === 1)
    await connection.close()
    await connection.close()
    const message = 'MCP server `test`: the connection has been closed'
    expect(await waiting).toMatchObject({ isError: true, result: { code: 'ERR_MCP_LOST', message } })
    expect(connection.tools).toEqual([])
    expect(registered(orchestrator)).toEqual(namesOf(other))
    expect(await call(orchestrator, 'test_echo', { words: 'x' })).toMatchObject({ isError: true, result: { code: 'ERR_TOOL_NOT_FOUND' } })
    expect(await call(orchestrator, 'other_echo', { words: 'x' })).toEqual({ result: 'x', isError: false })
  })
})

describe('a program', () => {
  it('is called what it calls itself', async () => {
    const { command, args } = stdio
    const { connection } = await connected({ command, args })
    expect(connection.name).toBe('Test server')
    expect(namesOf(connection)).toContain('Test_server_add')
  })

  it('finds what it is given, and no keys of ours', async () => {
    process.env['PLANTED_API_KEY'] = 'planted'
    const cwd = temporaryFolder()
    const { orchestrator, connection } = await connected({ ...stdio, cwd, env: { TOKEN: 'its own', LANG: '' } })
    const { env, folder } = await about(orchestrator, connection)
    delete process.env['PLANTED_API_KEY']
    expect(folder).toBe(cwd)
    expect(env).toMatchObject({ TOKEN: 'its own', LANG: '', PATH: process.env['PATH'] })
    expect(env).not.toHaveProperty('PLANTED_API_KEY')
  })

  it('that is killed is another one at the next call', async () => {
    const { orchestrator, connection } = await connected(stdio)
    const { pid } = await about(orchestrator, connection)
    process.kill(pid, 'SIGKILL')
    await until(() => !isAlive(pid))
    const { pid: next } = await about(orchestrator, connection)
    expect(next).not.toBe(pid)
    expect(namesOf(connection)).toHaveLength(NAMES.length)
  })

  it('that dies during a call is an error, is not called again by itself, and not started again and again', async () => {
    // By a clock that stands still: to start the server again may take longer than the pause is.
    const kit = await kitWith()
    const { orchestrator } = kit
    const connection = await orchestrator.agentPool.connectMcp(stdio)
    const { result, isError } = await call(orchestrator, 'test_die')
    const lost = 'MCP server `test`: the connection to the server is lost: it ended, or closed the connection'
    expect({ result, isError }).toEqual({ result: { code: 'ERR_MCP_LOST', message: lost }, isError: true })
    expect(registered(orchestrator)).toEqual(namesOf(connection))
    // The next one is tried at once, and dies as well; the one after that has to wait.
    expect(await call(orchestrator, 'test_die')).toMatchObject({ result: { message: lost } })
    const refused = await call(orchestrator, 'test_echo', { words: 'x' })
    expect(refused.error?.message).toBe('MCP server `test`: it cannot be reached; the next attempt is possible in 1000 ms')
    await kit.clock.advance('1s')
    expect(await call(orchestrator, 'test_echo', { words: 'x' })).toEqual({ result: 'x', isError: false })
  })

  it('ends with the connection', async () => {
    const { orchestrator, connection } = await connected(stdio)
    const { pid } = await about(orchestrator, connection)
    await connection.close()
    expect(isAlive(pid)).toBe(false)
  })

  it('ends with the orchestrator', async () => {
    const { orchestrator, connection } = await connected(stdio)
    const { pid } = await about(orchestrator, connection)
    await orchestrator.shutdown()
    expect(isAlive(pid)).toBe(false)
    expect(connection.tools).toEqual([])
  })

  it('that will not end is killed', async () => {
    const { orchestrator, connection } = await connected({ ...stdio, args: [serverPath, 'stubborn'] })
    const { pid } = await about(orchestrator, connection)
    await connection.close()
    expect(isAlive(pid)).toBe(false)
  })

  it.skipIf(process.platform === 'win32')('ends with whoever started it for us, and what that started', async () => {
    const script = `"${process.execPath}" "${serverPath}" stubborn; echo`
    const { orchestrator, connection } = await connected({ name: 'test', command: 'sh', args: ['-c', script] })
    const { pid } = await about(orchestrator, connection)
    await connection.close()
    await until(() => !isAlive(pid))
  })
})

describe('by HTTP', () => {
  it('headers are sent', async () => {
    const { url } = await overHttp()
    const { orchestrator, connection } = await connected({ name: 'test', url, allowPrivate: true, headers: { 'X-Token': 'its own' } })
    expect((await about(orchestrator, connection)).headers).toMatchObject({ 'x-token': 'its own' })
  })

  it('a server that is gone is an error, and is reached again when it is back', async () => {
    const { url, port, child } = await overHttp()
    const { orchestrator } = await connected({ name: 'test', url, allowPrivate: true })
    await child.kill()
    expect(await call(orchestrator, 'test_echo', { words: 'x' })).toMatchObject({ isError: true, result: { code: 'ERR_MCP_LOST' } })
    await overHttp(port)
    await until(async () => !(await call(orchestrator, 'test_echo', { words: 'x' })).isError)
  })

  it.each([
    ['this machine', 'https://localhost:9/mcp'],
    ['a private network', 'https://10.1.2.3/mcp'],
    ['where clouds keep their keys', 'https://169.254.169.254/latest'],
    ['this machine in other words', 'https://[::ffff:127.0.0.1]/mcp'],
  ])('%s is not spoken to unless that is meant', async (_, url) => {
    const error = await rejection(orchestratorWith().agentPool.connectMcp({ url }))
    expect(error.code).toBe('ERR_MCP_CONNECT')
    expect(error.message).toMatch(/is inside this machine's networks; set `allowPrivate: true` for the provider if you trust it$/)
  })

  it('nothing is spoken without encryption unless that is meant', async () => {
    const error = await rejection(orchestratorWith().agentPool.connectMcp({ url: 'http://mcp.example.com' }))
    expect(error.message).toContain('the address is not encrypted; use https, or set `allowPrivate: true` if you trust it')
  })

  it('what may be a secret is in no error', async () => {
    const url = 'http://127.0.0.1:9/s3cret-path?token=s3cret-token'
    const server = { url, allowPrivate: true, headers: { Authorization: 'Bearer s3cret-header' } }
    const error = await rejection(orchestratorWith().agentPool.connectMcp(server))
    expect(error.code).toBe('ERR_MCP_CONNECT')
    expect(error.message).toContain('127.0.0.1:9')
    for (const text of [error.message, error.stack, JSON.stringify(error), String(error.cause)]) expect(text).not.toContain('s3cret')
  })
})

describe('what cannot be connected to', () => {
  it.each([
    [
      'a program that is not there',
      { command: 'no-such-program' },
      /`no-such-program` could not be started: .*; name a program on the PATH/,
    ],
    ['a program that ends', { command: process.execPath, args: ['-e', ''] }, /it ended, or closed the connection, before it answered/],
    [
      'a program that says nothing',
      { command: process.execPath, args: ['-e', 'setInterval(() => {}, 1000)'], timeout: 200 },
      /within 200 ms/,
    ],
    ['a header that cannot be sent', { url: 'https://a.example', headers: { 'X Y': 'z' } }, /the header `X Y` cannot be sent/],
  ])('%s', async (_, server, message) => {
    const orchestrator = orchestratorWith()
    const error = await rejection(orchestrator.agentPool.connectMcp(server))
    expect({ name: error.name, code: error.code }).toEqual({ name: 'ToolError', code: 'ERR_MCP_CONNECT' })
    expect(error.message).toMatch(message)
    expect(registered(orchestrator)).toEqual([])
  })

  it.each([
    ['nothing', undefined, ['server']],
    ['nothing in it', {}, ['server']],
    ['a program and an address', { command: 'a', url: 'https://a.example' }, ['server']],
    ['fields of the other kind', { command: 'a', headers: {} }, ['ERR_UNKNOWN_FIELD server.headers']],
    ['a typo', { command: 'a', arg: [] }, ['ERR_UNKNOWN_FIELD server.arg']],
    [
      'values of other kinds',
      { command: 'a', args: 'b', env: { A: 1 }, cwd: '', name: '', prefix: 'a b', timeout: 'soon', tools: { include: [1] } },
      ['args', 'env.A', 'cwd', 'name', 'prefix', 'timeout', 'tools.include[0]'].map((field) => `ERR_INVALID_VALUE server.${field}`),
    ],
    ['an address of another kind', { url: 'ftp://a.example' }, ['ERR_INVALID_VALUE server.url']],
    ['an address with a password', { url: 'https://a:b@a.example' }, ['ERR_INVALID_VALUE server.url']],
  ])('%s, which is refused by path', async (_, server, expected) => {
    const error = await rejection(orchestratorWith().agentPool.connectMcp(server as unknown as McpServer))
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(places(error)).toEqual(expected)
  })
})
