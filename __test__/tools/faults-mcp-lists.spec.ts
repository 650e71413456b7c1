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
    ['no_tools', 'page 1 has no list `tools`'],
  ])('a list that never ends is an error that says why: %s', async (list, why) => {
    const server = { ...(await rawServer(transport, list)), timeout }
    const error = await rejection(orchestratorWith().agentPool.connectMcp(server))
    expect({ code: error.code, message: error.message }).toEqual({ code: 'ERR_MCP_CONNECT', message: `${unreadable} ${why}` })
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
