// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One agent in a worker without an orchestrator around it: what the agent pool relies on. It is bundled as the package is.

import { copyFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'rolldown'
import { beforeAll, expect, it } from 'vitest'
import type { AgentError, AttemptContext, TaskInput } from '@codexos/multi-agent-orchestrator'
import type { PooledAgent, WorkerAgentOptions } from '../../ts/pool/worker-agent.ts'
import { root, temporaryFolder, writeInto } from '../support/folder.ts'

const folder = temporaryFolder()
let makeWorkerAgent: (options: WorkerAgentOptions) => Promise<PooledAgent>
const lost: AgentError[] = []

beforeAll(async () => {
  const file = join(folder, 'worker-agent.mjs')
  await build({ cwd: root, input: 'ts/pool/worker-agent.ts', platform: 'node', output: { file, format: 'esm' } })
  copyFileSync(join(root, 'dist/worker.mjs'), join(folder, 'worker.mjs'))
  ;({ makeWorkerAgent } = (await import(pathToFileURL(file).href)) as { makeWorkerAgent: typeof makeWorkerAgent })
})

const module = writeInto(
  folder,
  'agent.mjs',
  `export const create = ({ health }) => ({
    execute: (task) => { while (task.id === 'spin') {} return task.id === 'wait' ? new Promise(() => {}) : task.id },
    ...(health !== undefined && { healthCheck: async () => { if (health === 'throw') throw new Error('ill'); return health } }),
    dispose: () => { if (health === 'dispose') throw new Error('not disposed') },
  })`,
)

const making = (configuration: object, signal = new AbortController().signal): Promise<PooledAgent> => {
  lost.length = 0
  return makeWorkerAgent({ id: 'one', type: { isolation: 'worker', module }, configuration, onLost: (error) => lost.push(error), signal })
}
const execute = async (agent: PooledAgent, id: string): Promise<unknown> =>
  agent.execute({ id } as TaskInput, { signal: new AbortController().signal, attempt: 1, idempotencyKey: id } as AttemptContext)
const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'none',
    (error: AgentError) => error.code,
  )

it('has a health check only if its agent has one, and gives what that says', async () => {
  const without = await making({})
  expect(without.healthCheck).toBeUndefined()
  await without.dispose?.()
  for (const health of [true, false]) {
    const agent = await making({ health })
    expect(await agent.healthCheck?.()).toBe(health)
    await agent.dispose?.()
  }
  const ill = await making({ health: 'throw' })
  await expect(ill.healthCheck?.()).rejects.toThrow('ill')
  await ill.dispose?.()
})

it('is lost once when it is killed, with every attempt in it, and answers no more', async () => {
  const agent = await making({ health: true })
  const attempts = ['wait', 'spin'].map((id) => codeOf(execute(agent, id)))
  const check = codeOf(Promise.resolve(agent.healthCheck?.()))
  agent.kill?.()
  agent.kill?.()
  expect(await Promise.all([...attempts, check])).toEqual(['ERR_AGENT_LOST', 'ERR_AGENT_LOST', 'ERR_AGENT_LOST'])
  expect(lost).toMatchObject([{ code: 'ERR_AGENT_LOST', retryable: true, message: 'agent `one` is lost: its worker was killed' }])
  expect(await codeOf(execute(agent, 'a'))).toBe('ERR_AGENT_LOST')
  await agent.dispose?.()
  expect(lost).toHaveLength(1)
})

it('is not lost when it is disposed, however that ends', async () => {
  const agent = await making({})
  expect(await execute(agent, 'a')).toBe('a')
  await agent.dispose?.()
  expect(await codeOf(execute(agent, 'a'))).toBe('ERR_AGENT_LOST')
  await expect((await making({ health: 'dispose' })).dispose?.()).rejects.toThrow('not disposed')
  const busy = await making({})
  const attempt = codeOf(execute(busy, 'spin'))
  expect(await codeOf(Promise.resolve(busy.dispose?.()))).toBe('ERR_AGENT_LOST')
  expect(await attempt).toBe('ERR_AGENT_LOST')
  expect(lost).toEqual([])
})

it('is given up while it is made', async () => {
  const controller = new AbortController()
  const made = making({}, controller.signal)
  controller.abort(new Error('enough'))
  await expect(made).rejects.toThrow('enough')
  await expect(making({}, controller.signal)).rejects.toThrow('enough')
  expect(lost).toEqual([])
})
