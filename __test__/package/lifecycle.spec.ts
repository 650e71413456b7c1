// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// When the process may end, and what ends with it.

import { describe, expect, it } from 'vitest'
import { run, start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith } from '../support/orchestrators.ts'

const folder = userFolder()

/** A program that has an orchestrator, in memory or on the file it is given. */
const withOrchestrator = (rest: string): string => `
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const [path] = process.argv.slice(2)
const orchestrator = new MultiAgentOrchestrator(path ? { storage: { path } } : {})
const agent = (name, execute) => orchestrator.agentPool.registerAgentType(name, { create: () => ({ execute }) })
const flow = (task) => ({ id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work', ...task }] })
process.on('exit', (code) => console.log('exit ' + code))
${rest}
`

describe.each(['memory', 'file'])('an orchestrator in %s', (kind) => {
  const args = (): string[] => (kind === 'file' ? [storePath(folder)] : [])
  const result = (rest: string): Promise<unknown> => run(folder, withOrchestrator(rest), args())

  it.each<[string, string, string]>([
    ['that was never used', '', ''],
    ['that is open', 'await orchestrator.ready(); orchestrator.on("task:completed", () => {})', ''],
    [
      'whose execution has ended, without a shutdown',
      'agent("work", () => 1); console.log((await orchestrator.executeWorkflow(flow())).results.a)',
      '1\n',
    ],
    [
      'that was shut down',
      'agent("work", () => 1); await orchestrator.executeWorkflow(flow()); await orchestrator.shutdown(); console.log("down")',
      'down\n',
    ],
    [
      'whose execution was cancelled, its agent still at work',
      `
      agent("work", (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))))
      const handle = await orchestrator.startWorkflow(flow()); await handle.cancel(); console.log((await handle.settled()).status)`,
      'cancelled\n',
    ],
  ])('%s does not keep the process alive', async (_, rest, stdout) => {
    expect(await result(rest)).toEqual({ code: 0, signal: null, stdout: `${stdout}exit 0\n`, stderr: '' })
  })

  it.each<[string, string]>([
    [
      'is at work in an agent that keeps nothing alive itself',
      `
      agent("work", () => new Promise((resolve) => setTimeout(resolve, 100, "done").unref()))`,
    ],
    [
      'waits for a retry',
      `
      agent("work", (_, { attempt }) => { if (attempt === 1) throw new Error("again"); return "done" })`,
    ],
    [
      'was only started',
      `
      agent("work", async () => { for (let turn = 0; turn < 50; turn += 1) await null; return "done" })`,
    ],
  ])('whose execution %s keeps it alive until the end', async (_, agent) => {
    const rest = `${agent}
      orchestrator.on("workflow:completed", ({ results }) => console.log(results.a))
      void orchestrator.startWorkflow(flow({ retryPolicy: { maxAttempts: 2, initialDelay: 100 } }))`
    expect(await result(rest)).toMatchObject({ code: 0, stdout: 'done\nexit 0\n', stderr: '' })
  })

  it('process.exit with work pending ends at once, with the given code', async () => {
    const rest = `
      agent("work", () => new Promise(() => {}))
      for (let n = 0; n < 50; n += 1) await orchestrator.startWorkflow(flow())
      process.exit(3)`
    expect(await result(rest)).toEqual({ code: 3, signal: null, stdout: 'exit 3\n', stderr: '' })
  })
})

it('interrupted executions whose agents are missing keep no process alive', async () => {
  const path = storePath(folder)
  await run(folder, withOrchestrator('agent("work", () => process.exit(0)); await orchestrator.startWorkflow(flow())'), [path])
  const { code, stdout } = await run(
    folder,
    withOrchestrator('console.log(Object.values((await orchestrator.getStatistics()).waitingForAgents))'),
    [path],
  )
  expect({ code, stdout }).toEqual({ code: 0, stdout: "[ [ 'work' ] ]\nexit 0\n" })
})

it('SIGTERM ends it as it ends any program', async () => {
  const child = start(
    folder,
    withOrchestrator(
      'agent("work", () => { console.log("works"); return new Promise(() => {}) }); void orchestrator.startWorkflow(flow())',
    ),
  )
  await child.says('works')
  process.kill(child.pid ?? 0, 'SIGTERM')
  expect(await child.ended()).toMatchObject({ code: null, signal: 'SIGTERM' })
})

describe('20 worker threads', () => {
  const program = `
import { Worker, isMainThread, workerData, parentPort } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

async function use(config, endless) {
  const orchestrator = new MultiAgentOrchestrator(config)
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: async ({ id }) => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    if (id === 'endless') await new Promise(() => setInterval(() => {}, 1000))
    return id
  } }) })
  const ids = endless ? ['a', 'b', 'endless'] : ['a', 'b']
  const flow = { id: 'w', name: 'w', version: '1', tasks: ids.map((id) => ({ id, name: id, agentId: 'work' })) }
  orchestrator.on('task:started', ({ taskId }) => { if (taskId === 'endless') parentPort.postMessage('endless') })
  return Object.keys((await orchestrator.executeWorkflow(flow)).results).join('')
}

if (isMainThread) {
  const [folder] = process.argv.slice(2)
  const one = (n) => new Promise((resolve, reject) => {
    // Every third one is ended in the middle of an execution, the others drop everything without a word.
    const endless = n % 3 === 0
    const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { path: folder + '/worker-' + n + '.db', endless } })
    let said = []
    worker.on('message', (message) => {
      said.push(message)
      if (message === 'endless') setTimeout(() => worker.terminate(), n)
    })
    worker.on('error', reject)
    worker.on('exit', (code) => resolve(said.join(' ') + ' ' + code))
  })
  const all = await Promise.all(Array.from({ length: 20 }, (_, n) => one(n)))
  console.log(JSON.stringify(all))
  console.log(await use({}, false))
} else {
  const { path, endless } = workerData
  parentPort.postMessage(await use({}, false))
  parentPort.postMessage(await use({ storage: { path, durability: 'os' } }, endless))
}
`

  it('load, use and drop the addon, some of them in the middle of an execution', async () => {
    const { code, signal, stdout, stderr } = await run(folder, program, [folder])
    const [threads = '', main] = stdout.split('\n')
    expect({ code, signal, stderr, main }).toEqual({ code: 0, signal: null, stderr: '', main: 'ab' })
    const expected = Array.from({ length: 20 }, (_, n) => (n % 3 === 0 ? 'ab endless 1' : 'ab ab 0'))
    expect(JSON.parse(threads)).toEqual(expected)
    // What was ended in the middle let go of its file, and can be continued.
    const orchestrator = orchestratorWith({ work: ({ id }) => id }, { storage: { path: `${folder}/worker-0.db`, durability: 'os' } })
    const [execution] = (await orchestrator.listExecutions()).executions
    expect((await orchestrator.getHandle(execution?.id ?? '').result()).results).toEqual({ a: 'a', b: 'b', endless: 'endless' })
  })
})
