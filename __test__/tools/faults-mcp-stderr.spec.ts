// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// "What it writes to its error output goes to that of the process", the docs said. Node closes its own first three descriptors in the programs
// it starts, so the server had none: what it wrote was lost, and the first file it opened became number 2 and was written into.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { run } from '../support/child.ts'
import { userFolder } from '../support/folder.ts'

const folder = userFolder()

/** A program of a user that connects to a server whose process does `first`, and calls what it says. */
const program = (first: string): string => `
  import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
  const server = \`
    import { closeSync, openSync, writeSync } from 'node:fs'
    import { createInterface } from 'node:readline'
    ${first}
    const answers = {
      initialize: ({ protocolVersion }) => ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'noisy', version: '1' } }),
      'tools/list': () => ({ tools: [] }),
    }
    createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line)
      if (id !== undefined) process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result: answers[method](params) }) + '\\\\n')
    })
  \`
  const orchestrator = new MultiAgentOrchestrator()
  try {
    await orchestrator.agentPool.connectMcp({ command: process.execPath, args: ['--input-type=module', '-e', server] })
    console.log('connected')
  } catch (error) {
    console.log(error.message)
  }
  await orchestrator.shutdown()
`

describe('what a server writes to its error output', () => {
  it('goes to that of the process', async () => {
    const ended = await run(folder, program("console.error('the cache is cold')"))
    expect(ended).toMatchObject({ code: 0, stdout: 'connected\n', stderr: 'the cache is cold\n' })
  })

  it('says why a server ended before it answered', async () => {
    const ended = await run(folder, program("console.error('DATABASE_URL is not set'); process.exit(1)"))
    expect(ended.stdout).toContain('what it wrote to its error output may say why')
    expect(ended.stderr).toBe('DATABASE_URL is not set\n')
  })

  it('goes into no file that the server opens', async () => {
    const path = join(folder, 'kept.txt')
    // What a program does that opens a file and then warns.
    const first = `const file = openSync(${JSON.stringify(path)}, 'w'); writeSync(file, 'kept'); writeSync(2, 'told'); closeSync(file)`
    const ended = await run(folder, program(first))
    expect(ended).toMatchObject({ code: 0, stdout: 'connected\n', stderr: 'told' })
    expect(readFileSync(path, 'utf8')).toBe('kept')
  })
})
