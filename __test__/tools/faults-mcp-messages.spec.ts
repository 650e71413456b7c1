// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A server cut a text in the middle of an emoji, as `text.slice(0, n)` does, or answered with more than 16 MiB: the message was dropped, and
// the call waited for its time-out. A content type that came later, a result without content: "something that is no answer", of nobody.
// Now each such message is answered at once: read where it can be read, else an error that names the tool, the server, and why.

import { describe, expect, it } from 'vitest'
import { KeptLog } from '../support/logs.ts'
import { orchestratorWith } from '../support/orchestrators.ts'
import { rawCall, rawServer, TRANSPORTS } from '../support/raw-mcp.ts'
import { call } from '../support/tools.ts'

const note = (why: string): string => `[MCP server \`raw\`: a part of the answer of tool \`hologram\` cannot be read: ${why}]`

/** What a tool answers that can be read. */
const read: [tool: string, result: unknown][] = [
  ['half', 'cut \ufffd here, whole 🎉'],
  ['half_in_data', { '\ufffd key': ['\ufffd'] }],
  ['bytes', '\ufffd'],
  ['hologram', `${note('`content[0]` has the type `hologram`, which is unknown')}\nand words`],
  ['only_data', { a: 1 }],
  ['null_error', 'no error'],
]

/** Why the answer of a tool cannot be read. */
const unread: [tool: string, why: RegExp][] = [
  ['large', /it is larger than 16 MiB; ask for less at once$/],
  ['large_late', /it is larger than 16 MiB; ask for less at once$/],
  ['nan', /it is not JSON \(expected value at line 1 column \d+\)$/],
  ['deep', /it is not JSON \(recursion limit exceeded at line 1 column \d+\)$/],
  ['only_hologram', /`content\[0\]` has the type `hologram`, which is unknown$/],
  ['no_content', /it has neither `content` nor `structuredContent`$/],
  ['no_list', /its `content` is not an array$/],
  ['null_result', /its `result` is not an object$/],
  ['no_result', /it has neither `result` nor `error`$/],
]

/** What a server says went wrong, in whatever form. */
const failed: [tool: string, message: string][] = [
  ['bare_error', 'MCP server `raw`: out of paper'],
  ['unaddressed', 'MCP server `raw`: Parse error'],
  ['failed_picture', 'MCP server `raw`: out of ink\n(image: image/png)'],
  ['silent_failure', 'MCP server `raw`: tool `silent_failure` failed, and the server gives no reason'],
]

// By an hour, so that nothing here can be its time-out.
const timeout = '1h'

describe.each(TRANSPORTS)('over %s', (transport) => {
  it.each(read)('what can be read is read: %s', async (tool, result) => {
    const server = { ...(await rawServer(transport)), timeout }
    expect(await rawCall(orchestratorWith(), server, tool)).toEqual({ result, isError: false })
  })

  it.each(unread)('what cannot be read ends the call at once, by name: %s', async (tool, why) => {
    const server = { ...(await rawServer(transport)), timeout }
    const orchestrator = orchestratorWith()
    const { isError, error } = await rawCall(orchestrator, server, tool)
    expect({ isError, code: error?.code, details: error?.details, retryable: error?.retryable }).toEqual({
      isError: true,
      code: 'ERR_TOOL_FAILED',
      details: { server: 'raw', tool: `raw_${tool}` },
      retryable: false,
    })
    expect(error?.message).toMatch(new RegExp(`^MCP server \`raw\`: the answer of tool \`${tool}\` cannot be read: ${why.source}`))
    // The connection is as good as it was.
    expect(await call(orchestrator, 'raw_fine')).toEqual({ result: 'fine', isError: false })
  })

  it.each(failed)('what a server says went wrong is told, whatever its form: %s', async (tool, message) => {
    const server = { ...(await rawServer(transport)), timeout }
    const { isError, result } = await rawCall(orchestratorWith(), server, tool)
    expect({ isError, result }).toEqual({ isError: true, result: { code: 'ERR_TOOL_FAILED', message } })
  })

  it('half of a surrogate pair in arguments is mended on the way out', async () => {
    const server = { ...(await rawServer(transport)), timeout }
    const args = { text: 'Party 🎉'.slice(0, 7), '\ud83c key': ['\udf89', '🎉'] }
    const { result } = await rawCall(orchestratorWith(), server, 'told', args)
    expect(JSON.parse(result as string)).toEqual({ text: 'Party \ufffd', '\ufffd key': ['\ufffd', '🎉'] })
  })

  it('a tool that cannot be used is left out, which is logged, and the others are used', async () => {
    const server = { ...(await rawServer(transport, 'faulty')), timeout }
    const logger = new KeptLog()
    const orchestrator = orchestratorWith({}, { logger })
    const { tools } = await orchestrator.agentPool.connectMcp(server)
    expect(tools.map(({ name }) => name)).toEqual(['raw_fine', 'raw_told'])
    expect(await call(orchestrator, 'raw_fine')).toEqual({ result: 'fine', isError: false })
    const noSchema = 'it has no `inputSchema` for its arguments'
    expect(logger.messages).toEqual([
      `MCP server \`raw\`: tool \`no_schema\` is left out: ${noSchema}`,
      `MCP server \`raw\`: tool \`null_schema\` is left out: ${noSchema}`,
      'MCP server `raw`: tool number 4 is left out: it has no `name`',
      'MCP server `raw`: tool number 5 is left out: it is not an object',
    ])
  })

  it('a tool that cannot be used is a problem of who asked for it, and none of who excluded it', async () => {
    const server = { ...(await rawServer(transport, 'faulty')), timeout }
    const asked = orchestratorWith().agentPool.connectMcp({ ...server, tools: { include: ['fine', 'no_schema'] } })
    await expect(asked).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      issues: [
        {
          path: 'server.tools.include[1]',
          message: expect.stringContaining('tool `no_schema` is left out: it has no `inputSchema`') as string,
        },
      ],
    })
    const { tools } = await orchestratorWith().agentPool.connectMcp({ ...server, tools: { exclude: ['no_schema', 'told'] } })
    expect(tools.map(({ name }) => name)).toEqual(['raw_fine'])
  })
})
