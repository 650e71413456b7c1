// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Agents that do not return, and agents that block the event loop: late, never lost; given up, counted and replaced.

import { createServer, connect } from 'node:net'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { AgentType } from '@codexos/multi-agent-orchestrator'
import { temporaryFolder, writeInto } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, workflow } from '../support/orchestrators.ts'
import { expectAtRest, logOf } from '../support/pools.ts'

const block = (ms: number): void => {
  for (const from = performance.now(); performance.now() - from < ms;) Math.sqrt(from)
}
const side = (count: number, rest = {}): ReturnType<typeof task>[] =>
  Array.from({ length: count }, (_, n) => task(`t${n}`, { dependencies: [], ...rest }))

describe('an inline agent whose promise never settles', () => {
  it('is given up after its timeout and 5 s more, counted, let go of once and replaced; its late answer is counted and changes nothing', async () => {
    const kit = await kitWith()
    const late = gate<string>()
    let [made, disposed] = [0, 0]
    kit.orchestrator.agentPool.registerAgentType('work', {
      maxAgents: 1,
      create: () => {
        const n = (made += 1)
        return { execute: () => (n === 1 ? late.promise : n), dispose: () => void (disposed += 1) }
      },
    })
    const log = logOf(kit.orchestrator)
    const stuck = await kit.orchestrator.startWorkflow(workflow([task('a', { timeout: '1s' })]))
    const waits = await kit.orchestrator.startWorkflow(workflow([task('b')], { id: 'waits' }))
    await kit.clock.advance('5999ms')
    expect([made, await waits.status()]).toEqual([1, 'running'])
    await kit.clock.advance('2ms')
    expect((await rejection(stuck.result())).cause).toMatchObject({ code: 'ERR_TIMEOUT' })
    expect((await waits.result()).results).toEqual({ b: 2 })
    const figures = (): unknown => {
      const { types, leaked, total } = kit.orchestrator.agentPool.getStatistics()
      return { leaked, same: types['work']?.leaked === leaked, total, made, disposed }
    }
    const after = { leaked: 1, same: true, total: 1, made: 2, disposed: 1 }
    expect(figures()).toEqual(after)
    late.open('late')
    await kit.clock.advance('1s')
    expect(figures()).toEqual(after)
    expect(log.of('disposed')).toEqual(['disposed work 1'])
    expect(log.of('released')).toEqual(['released 2 to b 1', 'released 1 to a 1'])
    expect((await kit.orchestrator.getStatistics()).lateResults).toBe(1)
    await expectAtRest(kit.orchestrator)
  })

  it('keeps nobody from their agents, however often it happens', async () => {
    const kit = await kitWith()
    kit.orchestrator.agentPool.registerAgentType('work', {
      maxAgents: 2,
      create: () => ({ execute: ({ id }) => (id === 'bad' ? kit.clock.sleep('365d') : id) }),
    })
    for (let round = 0; round < 5; round += 1) {
      const bad = workflow([task('bad', { timeout: '1s', retryPolicy: { maxAttempts: 2, initialDelay: 1 } })], { id: `bad-${round}` })
      const [error, { results }] = await Promise.all([rejection(kit.run(bad)), kit.run(workflow([task('good')], { id: `good-${round}` }))])
      expect([error.code, results]).toEqual(['ERR_TASK_FAILED', { good: 'good' }])
    }
    expect(kit.orchestrator.agentPool.getStatistics()).toMatchObject({ leaked: 10, running: 0, queued: 0 })
  })
})

it('a worker agent in an endless loop is killed at its timeout, and the pool recovers', async () => {
  const orchestrator = orchestratorWith()
  const text = "export const create = () => ({ execute: ({ id }) => { while (id === 'spin') {} return id } })"
  const module = writeInto(temporaryFolder(), 'spin.mjs', text)
  orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module, maxAgents: 1 } as AgentType)
  const log = logOf(orchestrator)
  await orchestrator.executeWorkflow(workflow([task('warm')], { id: 'warm' }))
  const began = performance.now()
  const spins = rejection(orchestrator.executeWorkflow(workflow([task('spin', { timeout: 100 })])))
  const next = orchestrator.executeWorkflow(workflow([task('next')], { id: 'next' }))
  expect((await spins).cause).toMatchObject({ code: 'ERR_TIMEOUT' })
  const failed = performance.now() - began
  expect((await next).results).toEqual({ next: 'next' })
  const recovered = performance.now() - began
  process.stdout.write(`killed after ${failed.toFixed(0)} ms (timeout 100), the next one done after ${recovered.toFixed(0)} ms\n`)
  expect(recovered).toBeLessThan(4000)
  await expectAtRest(orchestrator)
  expect(orchestrator.agentPool.getStatistics()).toMatchObject({ leaked: 0, total: 1 })
  expect(log.of('created', 'disposed')).toEqual(['created work 1', 'disposed work 1', 'created work 2'])
})

describe('an agent that blocks the event loop', () => {
  it('for two seconds loses no timer and no commit of others', async () => {
    const orchestrator = orchestratorWith({ other: () => 'well', block: () => block(2000) })
    const flow = workflow([{ id: 'wait', name: 'wait', waitFor: { delay: '500ms' } }, task('after', { agentId: 'other' })])
    const began = performance.now()
    const handles = await Promise.all(Array.from({ length: 20 }, (_, n) => orchestrator.startWorkflow({ ...flow, id: `w${n}` })))
    await orchestrator.executeWorkflow(workflow([task('b', { agentId: 'block' })]))
    const ends = await Promise.all(handles.map((handle) => handle.result()))
    const took = performance.now() - began
    expect(ends.map(({ results }) => results)).toEqual(ends.map(() => ({ wait: null, after: 'well' })))
    process.stdout.write(`20 waits of 500 ms beside a block of 2000 ms: all done after ${took.toFixed(0)} ms\n`)
    expect(took).toBeLessThan(4000)
  })

  it('shows in the statistics, and who does not block it does not', async () => {
    const orchestrator = orchestratorWith({
      work: async () => sleep(200),
      block: async () => (await sleep(30), block(300), await sleep(30)),
    })
    const delay = async (): Promise<{ p50: number; p99: number; max: number }> => (await orchestrator.getStatistics()).eventLoopDelay
    expect(await delay()).toEqual({ p50: 0, p99: 0, max: 0 })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    const { p50, max } = await delay()
    expect(p50).toBeLessThan(50)
    expect(max).toBeLessThan(250)
    await orchestrator.executeWorkflow(workflow([task('b', { agentId: 'block' })], { id: 'block' }))
    await sleep(30)
    const blocked = await delay()
    expect(blocked.max).toBeGreaterThan(200)
    expect(blocked.max).toBeLessThan(2000)
    expect(blocked.p99).toBeLessThanOrEqual(blocked.max)
    // After a rest it begins anew.
    await sleep(1100)
    expect((await delay()).max).toBe(blocked.max)
    await orchestrator.executeWorkflow(workflow([task('a')], { id: 'again' }))
    expect((await delay()).max).toBeLessThan(200)
  })

  it('two hundred of them, 5 ms each, let timers and sockets have turns in between', async () => {
    const orchestrator = orchestratorWith({ work: async () => block(5) }, { workflow: { maxTasks: 200 } })
    const server = createServer((one) => one.pipe(one)).listen(0)
    await once(server, 'listening')
    const socket = connect((server.address() as { port: number }).port)
    await once(socket, 'connect')
    const [ticks, echoes] = [[] as number[], [] as number[]]
    const timer = setInterval(() => ticks.push(performance.now()), 10)
    socket.on('data', () => {
      echoes.push(performance.now())
      socket.write('x')
    })
    socket.write('x')
    const began = performance.now()
    await orchestrator.executeWorkflow(workflow(side(200)))
    const took = performance.now() - began
    clearInterval(timer)
    socket.removeAllListeners('data').resume().end()
    await once(socket, 'close')
    server.close()
    const gaps = (times: number[]): number => Math.max(...times.map((at, n) => at - (times[n - 1] ?? began)))
    const text = [ticks, echoes].map((times) => `${times.length}, at most ${gaps(times).toFixed(0)} ms apart`)
    process.stdout.write(`200 × 5 ms took ${took.toFixed(0)} ms; interval turns: ${text[0]}; echoes: ${text[1]}\n`)
    expect(took).toBeGreaterThanOrEqual(1000)
    for (const times of [ticks, echoes]) {
      expect(times.length).toBeGreaterThanOrEqual(5)
      expect(gaps(times)).toBeLessThan(300)
    }
  })

  it('is followed by at most one more before timers have theirs', async () => {
    const order: string[] = []
    const orchestrator = orchestratorWith({
      work: async ({ id }) => {
        order.push(id)
        block(100)
      },
    })
    setTimeout(() => order.push('timer'), 1)
    await orchestrator.ready()
    await orchestrator.executeWorkflow(workflow(side(4)))
    expect(order.indexOf('timer')).toBeLessThanOrEqual(2)
  })

  it('one that is told to stop before it was called is not called at all', async () => {
    const called: string[] = []
    const orchestrator = orchestratorWith({
      work: async ({ id }) => {
        called.push(id)
        block(60)
      },
    })
    const log = logOf(orchestrator)
    const error = await rejection(orchestrator.executeWorkflow(workflow(side(10, { timeout: 100 }))))
    expect(error.code).toBe('ERR_TASK_FAILED')
    await sleep(100)
    expect(called.length).toBeLessThan(10)
    await expectAtRest(orchestrator)
    expect(log.of('released')).toHaveLength(10)
    expect(orchestrator.agentPool.getStatistics()).toMatchObject({ leaked: 0, total: 1 })
  })

  it('those that were not called yet are left to the next process at a shutdown', async () => {
    const called: string[] = []
    const orchestrator = orchestratorWith({
      work: async ({ id }) => {
        called.push(id)
        block(60)
      },
    })
    const handle = await orchestrator.startWorkflow(workflow(side(10)))
    const lost = rejection(handle.result())
    await until(() => called.length > 0)
    const began = performance.now()
    await orchestrator.shutdown({ drainMs: 5000 })
    const before = called.length
    expect([before < 10, performance.now() - began < 2000, (await lost).code]).toEqual([true, true, 'ERR_CLOSED'])
    await sleep(50)
    expect(called).toHaveLength(before)
  })
})
