// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A model and its tools are stopped in the middle: the next attempt goes on where that was, runs no tool whose result is on record, and pays for no reply on
// record again.

import { describe, expect, it } from 'vitest'
import type { AgentTask, MultiAgentOrchestrator, ToolContext, WorkflowExecution } from '@codexos/multi-agent-orchestrator'
import type { TestKit, TestKitOptions } from '@codexos/multi-agent-orchestrator/testing'
import { kitWith } from '../support/kits.ts'
import { rejection, workflow } from '../support/orchestrators.ts'

const TOOLS = 11
const PRICE = 0.01

/** What a model and a tool do until 11 tools are called: what was asked, what was called under which keys, and what to do before one of them. */
class World {
  asked: string[] = []
  called: string[] = []
  keys: string[] = []
  /** Before it is asked or does something for this boundary; from 0: reply, tool, reply, … */
  before: (boundary: number, signal: AbortSignal) => Promise<void> = async () => {}

  reset(): void {
    Object.assign(this, { asked: [], called: [], keys: [] })
  }

  install(
    orchestrator: MultiAgentOrchestrator,
    { repeatable, ...configuration }: { repeatable?: boolean; resume?: string; maxSteps?: number } = {},
  ): void {
    const prices = { input: PRICE * 1e6, output: 0 }
    orchestrator.modelIntegration.registerProvider('mine', {
      models: [{ id: 'm', contextWindow: 100_000, maxOutput: 100, capabilities: ['text-generation', 'tool-use'], prices }],
      generate: async ({ messages, signal }) => {
        const results = messages.filter(({ role }) => role === 'tool')
        this.asked.push(`reply ${results.length}`)
        await this.before(results.length * 2, signal)
        const usage = { inputTokens: 1, outputTokens: 1 }
        if (results.length === TOOLS) return { text: JSON.stringify(results.at(-1)?.content), usage }
        return { toolCalls: [{ id: `call ${results.length}`, name: 'count', arguments: { n: results.length } }], usage }
      },
    })
    orchestrator.agentPool.registerTool({
      name: 'count',
      description: 'counts',
      parameters: { type: 'object', properties: { n: { type: 'number' } } },
      ...(repeatable !== undefined && { repeatable }),
      execute: async ({ n }: { n?: unknown }, { signal, idempotencyKey }: ToolContext) => {
        this.called.push(`tool ${String(n)}`)
        this.keys.push(`${String(n)} ${idempotencyKey}`)
        await this.before(Number(n) * 2 + 1, signal)
        return { counted: n }
      },
    })
    orchestrator.agentPool.registerAgent({
      id: 'clerk',
      type: 'hybrid',
      configuration: { model: 'mine/m', maxSteps: 20, stream: false, ...configuration },
    })
  }

  /** What was done more often than once. */
  get repeated(): string[] {
    const all = [...this.asked, ...this.called]
    return all.filter((what, place) => all.indexOf(what) !== place)
  }
}

const loop = (rest: Partial<AgentTask> = {}): AgentTask => ({ id: 'a', agentId: 'clerk', input: { prompt: 'Count.' }, ...rest })
const retried = { timeout: '1m', retryPolicy: { maxAttempts: 2, initialDelay: 0 } } as const
const costs = ({ metrics }: WorkflowExecution): [number, number] => {
  const { modelCalls, cost } = metrics.resourceUsage
  return [modelCalls, Math.round(cost / PRICE)]
}
const expected = [...Array(TOOLS + 1).keys()].map((n) => `reply ${n}`)

async function kitOf(world: World, options: TestKitOptions = {}, configuration = {}): Promise<TestKit> {
  return kitWith({}, { ...options, setup: (orchestrator) => world.install(orchestrator, configuration) })
}

/** Waits, but no longer than it is wanted. */
async function stoppedOr(signal: AbortSignal, wait: Promise<void>): Promise<void> {
  await Promise.race([wait, new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))])
}

describe('a loop of 12 replies and 11 tools', () => {
  it('whose process dies at any commit goes on there', { timeout: 120_000 }, async () => {
    const world = new World()
    const kit = await kitOf(world, { storage: 'file' })
    const undisturbed = (await kit.run(workflow([loop()]))).results
    world.reset()
    let points = 0
    for await (const { execution, commit, side } of kit.crashPoints(workflow([loop()]))) {
      const at = `${side} commit ${commit}`
      expect([at, execution.status, execution.results]).toEqual([at, 'completed', undisturbed])
      // What the crash took with it before it was on record, and no more.
      expect([at, world.repeated.length <= 1 || world.repeated]).toEqual([at, true])
      expect([at, [...new Set(world.asked)], new Set(world.called).size]).toEqual([at, expected, TOOLS])
      // Called again under the same key.
      expect([at, new Set(world.keys).size]).toEqual([at, TOOLS])
      // Each reply that was heard of is paid once.
      const [calls, cost] = costs(execution)
      expect([at, calls, cost]).toEqual([at, TOOLS + 1, TOOLS + 1])
      points += 1
      world.reset()
    }
    expect(points).toBeGreaterThan(46)
  })

  it.each([...Array(TOOLS * 2 + 1).keys()])('whose time is up at boundary %i goes on there', async (stopped) => {
    const world = new World()
    const kit = await kitOf(world)
    let isFirst = true
    world.before = async (boundary, signal) => {
      if (boundary !== stopped || !isFirst) return
      isFirst = false
      await stoppedOr(signal, kit.clock.sleep('10m'))
    }
    const execution = await kit.run(workflow([loop(retried)]))
    expect(execution.tasks[0]?.attempts).toBe(2)
    expect(world.repeated).toEqual([stopped % 2 === 0 ? `reply ${stopped / 2}` : `tool ${(stopped - 1) / 2}`])
    expect([[...new Set(world.asked)], new Set(world.called).size, new Set(world.keys).size]).toEqual([expected, TOOLS, TOOLS])
    // One that was cut off counts as a call, at no price that is known.
    expect(costs(execution)).toEqual([TOOLS + 1 + (stopped % 2 === 0 ? 1 : 0), TOOLS + 1])
  })

  it("begins anew in each attempt with resume: 'never'", async () => {
    const world = new World()
    const kit = await kitOf(world, {}, { resume: 'never' })
    let isFirst = true
    world.before = async (boundary, signal) => {
      if (boundary !== 6 || !isFirst) return
      isFirst = false
      await stoppedOr(signal, kit.clock.sleep('10m'))
    }
    await kit.run(workflow([loop(retried)]))
    expect(world.asked).toEqual([...expected.slice(0, 4), ...expected])
  })

  it('goes on in a retry of its execution after a failure of the network, and begins anew after one of its own', async () => {
    for (const [options, isBroken, asked] of [
      [{}, true, [...expected.slice(0, 4), ...expected.slice(3)]],
      [{ maxSteps: 3 }, false, [...expected.slice(0, 3), ...expected.slice(0, 3)]],
    ] as const) {
      const world = new World()
      const kit = await kitOf(world, {}, options)
      let breaks: boolean = isBroken
      world.before = async (boundary) => {
        if (boundary === 6 && breaks) throw Object.assign(new Error('no route'), { class: 'network' })
      }
      const once = { retryPolicy: { maxAttempts: 1 } }
      const { execution } = await rejection(kit.run(workflow([loop(once)])))
      breaks = false
      const handle = await kit.orchestrator.retryExecution(execution?.id ?? '')
      await kit.until(handle.settled())
      expect(world.asked.filter((what, place) => what !== world.asked[place - 1] || !isBroken)).toEqual(isBroken ? expected : asked)
      expect(new Set(world.called).size).toBe(isBroken ? TOOLS : 2)
      expect(world.called.length).toBe(isBroken ? TOOLS : 4)
    }
  })

  it('does not repeat a call that had begun of a tool that says `repeatable: false`: the model is told that its outcome is unknown', async () => {
    const world = new World()
    const told: unknown[] = []
    const kit = await kitOf(world, {}, { repeatable: false })
    kit.orchestrator.on('task:progress', (_, data) => {
      const { type, result, isError } = data as { type?: string; result?: unknown; isError?: boolean }
      if (type === 'tool-result' && isError === true) told.push(result)
    })
    let isFirst = true
    world.before = async (boundary, signal) => {
      if (boundary !== 5 || !isFirst) return
      isFirst = false
      await stoppedOr(signal, kit.clock.sleep('10m'))
    }
    await kit.run(workflow([loop(retried)]))
    expect(world.called).toEqual([...Array(TOOLS).keys()].map((n) => `tool ${n}`))
    expect(told).toEqual([{ code: 'ERR_OUTCOME_UNKNOWN', message: expect.stringContaining('whether it was done is unknown') }])
  })
})
