// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Streams that are cut half-way, and streams that are left before their end. Over HTTP, on several wires.

import type { MultiAgentOrchestrator, StreamPart } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { orchestratorWith, register, rejection, task, until, workflow } from '../support/orchestrators.ts'
import { askingAt, wires, type Said, type Wire } from '../support/wire-answers.ts'
import { modelServer, type ModelServer } from '../support/wire-server.ts'

const HALF: Said = { text: 'half of ', cut: true }
const WHOLE: Said = { text: 'the whole answer' }

async function answering(
  wire: Wire,
  said: readonly Said[],
): Promise<{ server: ModelServer; orchestrator: MultiAgentOrchestrator; heard: unknown[] }> {
  const server = await modelServer((request) => wire.answer(said[Math.min(request.index, said.length - 1)] ?? {}, request))
  const orchestrator = askingAt(server, wire)
  const heard: unknown[] = []
  orchestrator.on('task:progress', (_, data) => heard.push(data))
  return { server, orchestrator, heard }
}

const asks = (agentId: string, maxAttempts?: number) =>
  workflow([
    task('t', { agentId, input: { prompt: 'go' }, ...(maxAttempts !== undefined && { retryPolicy: { maxAttempts, initialDelay: 1 } }) }),
  ])

// What a listener had heard of an answer could not be taken back, so that a stream that broke off failed its task for good, whatever its policy said.
describe('a stream that is cut half-way is tried again for a task of llm and hybrid', () => {
  it.each(wires.flatMap((wire) => ['llm', 'hybrid'].map((agentId) => ({ wire, agentId }))))(
    'and listeners hear that it begins anew: $wire.kind, $agentId',
    async ({ wire, agentId }) => {
      const { server, orchestrator, heard } = await answering(wire, [HALF, WHOLE])
      const { results, tasks } = await orchestrator.executeWorkflow(asks(agentId, 3))
      expect(results).toEqual({ t: 'the whole answer' })
      expect(heard).toEqual([
        { type: 'text', text: 'half of ', attempt: 1, request: 1 },
        { type: 'text', text: 'the whole answer', attempt: 1, request: 2, restart: true },
      ])
      expect(tasks[0]).toMatchObject({ attempts: 1, finishReason: 'stop' })
      expect(server.requests).toHaveLength(2)
    },
  )

  it.each(wires)("under the task's own policy: $kind", async (wire) => {
    const { server, orchestrator } = await answering(wire, [HALF])
    const error = await rejection(orchestrator.executeWorkflow(asks('llm', 3)))
    expect(error.cause).toMatchObject({ code: 'ERR_MODEL', details: { class: 'network', partialText: 'half of ' } })
    expect(server.requests).toHaveLength(3)
    await rejection(orchestrator.executeWorkflow({ ...asks('llm', 1), id: 'once' }))
    expect(server.requests).toHaveLength(4)
  })

  it('and what the half may have cost is not said to be known', async () => {
    const { orchestrator } = await answering(wires[0] as Wire, [HALF, WHOLE])
    const { metrics } = await orchestrator.executeWorkflow(asks('llm', 2))
    expect(metrics.resourceUsage).toMatchObject({ costComplete: false, tokenUsage: { totalTokens: 12 } })
  })

  it('in the step of a hybrid that it is in, whose tools are not called again', async () => {
    const { orchestrator, heard } = await answering(wires[0] as Wire, [{ calls: [{ name: 'look', args: {} }] }, HALF, WHOLE])
    orchestrator.agentPool.registerTool({ name: 'look', description: 'looks', parameters: { type: 'object' }, execute: () => 'seen' })
    expect((await orchestrator.executeWorkflow(asks('hybrid', 3))).results).toEqual({ t: 'the whole answer' })
    expect(heard).toMatchObject([
      { type: 'tool-call', step: 1, attempt: 1, request: 1 },
      { type: 'tool-result', step: 1, attempt: 1, request: 1 },
      { type: 'text', text: 'half of ', request: 2 },
      { type: 'text', text: 'the whole answer', request: 3, restart: true },
    ])
    expect(heard.filter((part) => 'restart' in (part as object))).toHaveLength(1)
  })

  it('another attempt of the task begins anew as well', async () => {
    const wire = wires[0] as Wire
    const { orchestrator, heard } = await answering(wire, [{ text: 'said', calls: [{ name: 'fail', args: {} }] }, { text: 'well' }])
    let failed = false
    // Aborting its own attempt is what an agent cannot do; a tool that takes longer than the attempt has fails it.
    orchestrator.agentPool.registerTool({
      name: 'fail',
      description: 'fails',
      parameters: { type: 'object' },
      execute: (_: unknown, { signal }: { signal: AbortSignal }) => {
        failed = true
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
      },
    })
    orchestrator.agentPool.registerAgent({ id: 'anew', type: 'hybrid', configuration: { resume: 'never' } })
    const flow = workflow([
      task('t', { agentId: 'anew', input: { prompt: 'go' }, timeout: 300, retryPolicy: { maxAttempts: 2, initialDelay: 1 } }),
    ])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ t: 'well' })
    expect(failed).toBe(true)
    expect(heard).toMatchObject([
      { type: 'text', text: 'said', attempt: 1, request: 1 },
      { type: 'tool-call', attempt: 1 },
      { type: 'text', text: 'well', attempt: 2, request: 1, restart: true },
    ])
  })
})

describe('what an agent of your own has been given is not tried again', () => {
  it.each(wires)('by itself: $kind', async (wire) => {
    const { server, orchestrator } = await answering(wire, [HALF, WHOLE])
    register(orchestrator, { own: async (_, { models }) => (await models.stream({ model: 'p/m', prompt: 'x' }).result()).text })
    const flow = workflow([task('t', { agentId: 'own', retryPolicy: { maxAttempts: 3, initialDelay: 1 } })])
    const failure = { code: 'ERR_MODEL', retryable: false, details: { class: 'network', partialText: 'half of ' } }
    expect((await rejection(orchestrator.executeWorkflow(flow))).cause).toMatchObject(failure)
    expect(server.requests).toHaveLength(1)
  })

  it.each(wires)('unless it can take it back: $kind', async (wire) => {
    const { orchestrator } = await answering(wire, [HALF, WHOLE])
    const parts: StreamPart[] = []
    for await (const part of orchestrator.modelIntegration.stream({ model: 'p/m', prompt: 'x', restart: true })) parts.push(part)
    expect(parts).toMatchObject([
      { type: 'text', text: 'half of ', request: 1 },
      { type: 'text', text: 'the whole answer', request: 2, restart: true },
      { type: 'usage' },
      { type: 'done', result: { text: 'the whole answer', attempts: [{ failure: 'network', next: 'retry' }, { next: 'done' }] } },
    ])
  })
})

/** A server whose streams say a word and never end. */
async function endless(wire: Wire): Promise<{ server: ModelServer; orchestrator: MultiAgentOrchestrator }> {
  const server = await modelServer((request) => ({ ...wire.answer({ text: 'word ', cut: true }, request), end: 'open' }))
  return { server, orchestrator: askingAt(server, wire) }
}

// Whoever had found what it looked for left the loop, and the model went on to its end: every token of it was paid for.
describe('leaving a `for await` ends the request', () => {
  const LEAVES: Record<string, (stream: AsyncIterable<StreamPart>) => Promise<void>> = {
    break: async (stream) => {
      for await (const part of stream) if (part.type === 'text') break
    },
    throw: async (stream) => {
      const error = new Error('enough')
      const reading = async (): Promise<void> => {
        for await (const part of stream) if (part.type === 'text') throw error
      }
      await expect(reading()).rejects.toBe(error)
    },
    'return()': async (stream) => {
      const iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
    },
    'return() while nothing comes': async (stream) => {
      const iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
      const waiting = iterator.next()
      await iterator.return?.()
      expect(await waiting).toEqual({ done: true, value: undefined })
    },
    'throw()': async (stream) => {
      const iterator = stream[Symbol.asyncIterator]()
      await iterator.next()
      const error = new Error('enough')
      await expect(iterator.throw?.(error)).rejects.toBe(error)
    },
  }

  it.each(wires.flatMap((wire) => Object.keys(LEAVES).map((how) => ({ wire, how }))))('by $how: $wire.kind', async ({ wire, how }) => {
    const { server, orchestrator } = await endless(wire)
    const stream = orchestrator.modelIntegration.stream({ model: 'p/m', prompt: 'x' })
    await LEAVES[how]?.(stream)
    const error = await rejection(stream.result())
    expect(error).toMatchObject({ code: 'ERR_CANCELLED', cause: { message: 'the stream was left before its end' } })
    await until(() => server.abandoned === 1)
  })

  it.each(wires)('within an attempt, whose task goes on: $kind', async (wire) => {
    const { server, orchestrator } = await endless(wire)
    register(orchestrator, {
      own: async (_, { models }) => {
        for await (const part of models.stream({ model: 'p/m', prompt: 'x' })) if (part.type === 'text') return part.text
        return 'nothing'
      },
    })
    const { results, metrics } = await orchestrator.executeWorkflow(workflow([task('t', { agentId: 'own' })]))
    expect(results).toEqual({ t: 'word ' })
    await until(() => server.abandoned === 1)
    expect(metrics.resourceUsage).toMatchObject({ modelCalls: 1, costComplete: false })
  })

  it('of a provider of your own, which hears it', async () => {
    const orchestrator = orchestratorWith()
    let [stopped, left] = [false, false]
    orchestrator.modelIntegration.registerProvider('own', {
      generate: () => ({ text: 'x' }),
      async *stream({ signal }) {
        signal.addEventListener('abort', () => (stopped = true))
        try {
          for (;;) {
            yield { text: 'word ' }
            await new Promise((resolve) => setImmediate(resolve))
          }
        } finally {
          left = true
        }
      },
    })
    for await (const part of orchestrator.modelIntegration.stream({ model: 'own/m', prompt: 'x' })) if (part.type === 'text') break
    await until(() => stopped && left)
  })

  it('before anything has come', async () => {
    const server = await modelServer(() => ({ body: '', after: 60_000 }))
    const stream = askingAt(server, wires[0] as Wire).modelIntegration.stream({ model: 'p/m', prompt: 'x' })
    await until(() => server.requests.length === 1)
    await stream[Symbol.asyncIterator]().return?.()
    expect(await rejection(stream.result())).toMatchObject({ code: 'ERR_CANCELLED' })
    await until(() => server.abandoned === 1)
  })

  it('and an answer that has come whole stays one', async () => {
    const { server, orchestrator } = await answering(wires[0] as Wire, [WHOLE])
    const stream = orchestrator.modelIntegration.stream({ model: 'p/m', prompt: 'x' })
    for await (const part of stream) if (part.type === 'done') break
    expect((await stream.result()).text).toBe('the whole answer')
    expect(server.abandoned).toBe(0)
  })
})
