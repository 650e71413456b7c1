// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A server wrote `nextCursor: ''` for "no more", which is a cursor like any other: its list was asked for without end, some thousand times a
// second, with all pages kept; and after the time-out that went on, as long as the connection. Now a list that never ends is an error that says
// why, and what was given up is over.

import { describe, expect, it } from 'vitest'
import { kitWith } from '../support/kits.ts'
import { KeptLog } from '../support/logs.ts'
import { orchestratorWith, rejection, until } from '../support/orchestrators.ts'
import { namesOf, rawServer, stateOf, TRANSPORTS } from '../support/raw-mcp.ts'
import { call } from '../support/tools.ts'

const timeout = '1h'
const unreadable = 'MCP server `raw`: the list of its tools cannot be read:'
const hint = '; the last page has no `nextCursor`, since an empty one is asked for like any other'

describe.each(TRANSPORTS)('over %s', (transport) => {
  it.each([
    ['same', 'it never ends: page 2 gives the cursor `same` for the next one, as page 1 did'],
    ['empty', `it never ends: page 2 gives the cursor \`\` for the next one, as page 1 did${hint}`],
    ['circle', 'it never ends: page 3 gives the cursor `2` for the next one, as page 1 did'],
    ['endless', 'it has more than 1000 pages, and 1000 tools so far'],
    ['large_pages', 'it is larger than 16 MiB after 16 pages'],
    ['no_tools', 'page 1 has no array `tools`'],
  ])('a list that never ends is an error that says why: %s', async (list, why) => {
    const server = { ...(await rawServer(transport, list)), timeout }
    const error = await rejection(orchestratorWith().agentPool.connectMcp(server))
    expect({ code: error.code, message: error.message }).toEqual({ code: 'ERR_MCP_CONNECT', message: `${unreadable} ${why}` })
  })

  // A server of prompts and resources was refused: its list of tools was asked for, which it does not know of.
  it('a server that declares no tools is connected to, and has those that it lists all the same', async () => {
    const orchestrator = orchestratorWith()
    const connection = await orchestrator.agentPool.connectMcp(await rawServer(transport, 'undeclared_no_method'))
    expect([connection.name, connection.tools]).toEqual(['raw', []])
    await connection.close()
    const other = await orchestrator.agentPool.connectMcp(await rawServer(transport, 'undeclared'))
    expect(namesOf(other)).toContain('raw_fine')
    const missing = { ...(await rawServer(transport, 'undeclared_no_method')), name: 'without', tools: { include: ['fine'] } }
    const error = await rejection(orchestrator.agentPool.connectMcp(missing))
    expect(error.message).toContain('the server has no tool `fine`; it has none')
    const declared = await rejection(orchestrator.agentPool.connectMcp(await rawServer(transport, 'declared_no_method')))
    expect([declared.code, declared.message]).toEqual(['ERR_MCP_CONNECT', 'MCP server `raw`: Method not found'])
  })

  // `get.user` and `get_user` are both `get_user` to a model, and the server was refused as a whole.
  it('tools whose names would be equal are told apart by their own names, and it is logged', async () => {
    const server = await rawServer(transport, 'equal')
    const logger = new KeptLog()
    const orchestrator = orchestratorWith({}, { logger })
    const connection = await orchestrator.agentPool.connectMcp(server)
    expect(namesOf(connection)).toEqual(['raw_get_user_9c0265', 'raw_get_user', 'raw_get_user_d77d8f', 'raw_state'])
    expect(logger.messages).toEqual([
      'MCP server `raw`: tool `get.user` is registered as `raw_get_user_9c0265`, since another is called `raw_get_user`',
      'MCP server `raw`: tool `get user` is registered as `raw_get_user_d77d8f`, since another is called `raw_get_user`',
    ])
    await connection.close()
    // Where the user leaves the other ones out, it is the only one.
    const alone = await orchestrator.agentPool.connectMcp({ ...server, tools: { include: ['get user'] } })
    expect(namesOf(alone)).toEqual(['raw_get_user'])
  })

  it('an empty cursor is one, and the pages are one list', async () => {
    const server = { ...(await rawServer(transport, 'empty_is_a_cursor')), timeout }
    const connection = await orchestratorWith().agentPool.connectMcp(server)
    expect(namesOf(connection)).toEqual(['raw_first', 'raw_second'])
  })

  it('a later list that never ends leaves the tools as they were, is logged, and is over', async () => {
    const server = { ...(await rawServer(transport, 'changed_same')), timeout }
    const logger = new KeptLog()
    const orchestrator = orchestratorWith({}, { logger })
    const connection = await orchestrator.agentPool.connectMcp(server)
    const before = namesOf(connection)
    await call(orchestrator, 'raw_change')
    await until(async () => (await stateOf(orchestrator)).asked === 3)
    // Each call is answered after what was asked before it.
    for (let turn = 0; turn < 20; turn += 1) await stateOf(orchestrator)
    expect((await stateOf(orchestrator)).asked).toBe(3)
    expect(namesOf(connection)).toEqual(before)
    const why = 'its tools are as they were before it said that they are others: the list of its tools cannot be read: it never ends:'
    expect(logger.messages).toEqual([`MCP server \`raw\`: ${why} page 2 gives the cursor \`same\` for the next one, as page 1 did`])
  })

  it('a later list that never comes is given up after the time-out, and the server is told', async () => {
    const server = await rawServer(transport, 'changed_silent')
    const logger = new KeptLog()
    const kit = await kitWith({}, { logger })
    await kit.orchestrator.agentPool.connectMcp(server)
    await call(kit.orchestrator, 'raw_change')
    await until(async () => (await stateOf(kit.orchestrator)).asked === 2)
    await kit.clock.advance('61s')
    await until(async () => (await stateOf(kit.orchestrator)).cancelled === 1)
    expect(logger.messages).toEqual([expect.stringContaining('it did not answer within 60000 ms')])
  })

  it('a server that always says that it has other tools is asked less and less often', async () => {
    const kit = await kitWith()
    const server = await rawServer(transport, 'changed_always')
    await kit.orchestrator.agentPool.connectMcp(server)
    // At once the first time; by a clock that stands still never again.
    await until(async () => (await stateOf(kit.orchestrator)).asked === 2)
    for (let turn = 0; turn < 20; turn += 1) await stateOf(kit.orchestrator)
    expect((await stateOf(kit.orchestrator)).asked).toBe(2)
    // What it says meanwhile is one more list.
    await kit.clock.advance('100ms')
    await until(async () => (await stateOf(kit.orchestrator)).asked === 3)
    await kit.clock.advance('100ms')
    for (let turn = 0; turn < 20; turn += 1) await stateOf(kit.orchestrator)
    expect((await stateOf(kit.orchestrator)).asked).toBe(3)
    await kit.clock.advance('1s')
    await until(async () => (await stateOf(kit.orchestrator)).asked > 3)
  })
})

// By HTTP a server says on a stream of its own that its tools are others. The list was asked for beside it: what was said before it was there was lost.
describe.each(['json', 'sse'] as const)('by HTTP (%s)', (transport) => {
  it.each([
    ['slow_stream', 0],
    ['no_stream', 1],
    ['silent_stream', 1],
  ])('the list is asked for once a server is heard, or says that it never is, or does not answer: %s', async (list, deaf) => {
    const orchestrator = orchestratorWith()
    await orchestrator.agentPool.connectMcp(await rawServer(transport, list))
    expect(await stateOf(orchestrator)).toMatchObject({ asked: 1, deaf })
  })
})
