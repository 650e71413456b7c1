// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A server has one signal that says it shuts down, and gives it to every call. From the eleventh on Node warned of a leak that was none.

import { getEventListeners } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { gate, orchestratorWith, rejection, task, until, workflow, type Gate } from '../support/orchestrators.ts'

const MANY = 50
const warnings: Error[] = []
const hear = (warning: Error): void => void warnings.push(warning)
beforeAll(() => process.on('warning', hear))
afterAll(() => process.off('warning', hear))

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Something that is called often with one signal. */
interface Case {
  readonly name: string
  call(orchestrator: MultiAgentOrchestrator, signal: AbortSignal): Promise<unknown>
}

const CASES: readonly Case[] = [
  { name: 'executeWorkflow', call: (orchestrator, signal) => orchestrator.executeWorkflow(workflow([task('a')]), {}, { signal }) },
  {
    name: 'startWorkflow',
    call: async (orchestrator, signal) => (await orchestrator.startWorkflow(workflow([task('a')]), {}, { signal })).result(),
  },
  {
    name: 'executeWorkflow with one key',
    call: (orchestrator, signal) => orchestrator.executeWorkflow(workflow([task('a')]), {}, { signal, idempotencyKey: 'one' }),
  },
  {
    name: 'generate',
    call: (orchestrator, signal) => orchestrator.modelIntegration.generate({ model: 'mine/m', prompt: 'x', signal }),
  },
  {
    name: 'generate in an attempt',
    call: (orchestrator) => orchestrator.executeWorkflow(workflow([task('m', { agentId: 'asks' })])),
  },
]

describe.each(CASES)('$name, many times with one signal', ({ call }) => {
  const made = (signal: AbortSignal, held: Gate): MultiAgentOrchestrator => {
    const orchestrator = orchestratorWith({
      work: () => held.promise,
      asks: (_, { models }) => models.generate({ model: 'mine/m', prompt: 'x', signal }),
    })
    const generate = async (): Promise<{ text: string }> => {
      await held.promise
      return { text: 'well' }
    }
    orchestrator.modelIntegration.registerProvider('mine', { generate, models: [{ provider: 'mine', id: 'm' }] })
    return orchestrator
  }

  it('raises no warning, and leaves nothing on the signal', async () => {
    const { signal } = new AbortController()
    const held = gate()
    const orchestrator = made(signal, held)
    const calls = Array.from({ length: MANY }, () => call(orchestrator, signal))
    await until(() => getEventListeners(signal, 'abort').length > 0)
    held.open()
    await Promise.all(calls)
    await turn()
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(warnings).toEqual([])
  })

  it('all hear of the abort', async () => {
    const controller = new AbortController()
    const held = gate()
    const orchestrator = made(controller.signal, held)
    const calls = Array.from({ length: MANY }, () => call(orchestrator, controller.signal))
    const ends = Promise.all(calls.map(rejection))
    await until(() => getEventListeners(controller.signal, 'abort').length > 0)
    await turn()
    controller.abort(new Error('the server shuts down'))
    held.open()
    for (const error of await ends) expect(['ERR_CANCELLED', 'ERR_TASK_FAILED']).toContain(error.code)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })
})

// It had been looked at before the store was open, and was listened to after that.
it('a signal that aborts while the store opens is heard', async () => {
  const controller = new AbortController()
  const orchestrator = orchestratorWith({ work: () => new Promise(() => {}) })
  const call = rejection(orchestrator.executeWorkflow(workflow([task('a')]), {}, { signal: controller.signal }))
  controller.abort(new Error('changed my mind'))
  expect(await call).toMatchObject({ code: 'ERR_CANCELLED' })
})
