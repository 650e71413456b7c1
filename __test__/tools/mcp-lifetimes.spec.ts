// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long the program of a server lives: never longer than the process that started it, however that ends.

import { describe, expect, it } from 'vitest'
import { run, start, type Ended } from '../support/child.ts'
import { userFolder, writeInto } from '../support/folder.ts'
import { until } from '../support/orchestrators.ts'
import { isAlive, serverPath } from '../support/tools.ts'

const folder = userFolder()

/** A program that is connected to a server, says its process's number, and then does `then`. */
const program = (then: string, args: readonly string[] = []): string => `
  import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
  import { setTimeout as sleep } from 'node:timers/promises'
  const orchestrator = new MultiAgentOrchestrator()
  const server = { name: 'test', command: process.execPath, args: ${JSON.stringify([serverPath, ...args])} }
  const connection = await orchestrator.agentPool.connectMcp(server)
  const ctx = { signal: new AbortController().signal }
  const { result } = await orchestrator.agentPool.tools.call('test_about', {}, ctx)
  console.log('server ' + JSON.parse(result).pid + '.')
  ${then}
`
const serverOf = ({ stdout }: Pick<Ended, 'stdout'>): number => Number(/server (\d+)\./.exec(stdout)?.[1])

/** That the server ends, which began with the program. */
async function expectEnd(pid: number): Promise<void> {
  expect(pid).toBeGreaterThan(0)
  await until(() => !isAlive(pid))
}

describe.each([
  ['that heeds the end of its input', []],
  ['that heeds nothing', ['stubborn']],
])('a server %s', (_, args) => {
  it('keeps no process alive, and ends with it', async () => {
    const ended = await run(folder, program('', args))
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    await expectEnd(serverOf(ended))
  })

  it('ends when the process exits at once', async () => {
    const ended = await run(folder, program('process.exit(3)', args))
    expect(ended.code).toBe(3)
    await expectEnd(serverOf(ended))
  })

  it('ends when the process dies of an error', async () => {
    const ended = await run(folder, program("setImmediate(() => { throw new Error('broken') }); await sleep(10_000)", args))
    expect(ended.code).toBe(1)
    expect(ended.stderr).toContain('broken')
    await expectEnd(serverOf(ended))
  })

  it('ends when the orchestrator is shut down, before that resolves', async () => {
    const then = `
      await orchestrator.shutdown()
      try { process.kill(JSON.parse(result).pid, 0); console.log('alive') } catch { console.log('gone') }
    `
    const ended = await run(folder, program(then, args))
    expect(ended).toMatchObject({ code: 0, signal: null })
    expect(ended.stdout).toContain('gone')
  })

  it('ends with the thread that started it', async () => {
    const thread = writeInto(folder, `thread-${args.length}.mjs`, program('await sleep(10_000)', args))
    const main = `
      import { Worker } from 'node:worker_threads'
      const worker = new Worker(${JSON.stringify(thread)}, { stdout: true })
      let heard = ''
      for await (const text of worker.stdout) if ((heard += text).includes('.')) break
      console.log(heard)
      await worker.terminate()
      const pid = Number(/server (\\d+)/.exec(heard)[1])
      for (;;) {
        try { process.kill(pid, 0) } catch { break }
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
      console.log('gone')
    `
    const ended = await run(folder, main)
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' })
    expect(ended.stdout).toContain('gone')
  })
})

it('a server that heeds the end of its input ends when the process is killed', async () => {
  const child = start(folder, program('await sleep(10_000)'))
  await child.says('.')
  const pid = serverOf(child)
  expect(isAlive(pid)).toBe(true)
  await child.kill()
  await expectEnd(pid)
})

it('a connection begins anew as often as one likes, and leaves no threads', async () => {
  const then = `
    const { readdirSync } = await import('node:fs')
    const threads = () => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0)
    await connection.close()
    const before = threads()
    for (let n = 0; n < 5; n += 1) {
      const again = await orchestrator.agentPool.connectMcp(server)
      console.log(again.tools.length + ' tools')
      await again[Symbol.asyncDispose]()
    }
    console.log('grown: ' + (threads() > before))
    await orchestrator.shutdown()
  `
  const { stdout, code } = await run(folder, program(then))
  expect(stdout.match(/^9 tools$/gm)).toHaveLength(5)
  expect(stdout).toContain('grown: false')
  expect(code).toBe(0)
})
