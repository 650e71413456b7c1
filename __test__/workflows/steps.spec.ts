// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Steps of agents are taken once: whatever ends an attempt, a later one is given what they gave.

import { describe, expect, it } from 'vitest'
import type { AgentTask, AttemptContext, MultiAgentOrchestrator, TaskInput } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder, writeInto } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

/** What steps have done, in the order in which they began. */
class World {
  readonly done: string[] = []

  does(what: string): string {
    this.done.push(what)
    return `${what} by ${this.done.length}`
  }
}

/** How often each was done. */
function counts(done: readonly string[]): Record<string, number> {
  const counted: Record<string, number> = {}
  for (const what of done) counted[what] = (counted[what] ?? 0) + 1
  return counted
}

const retried = { retryPolicy: { maxAttempts: 3, initialDelay: 0 } } as const

describe('a step', () => {
  it('gives what its function gave, as JSON, in memory and in a file', async () => {
    for (const storage of [undefined, { path: storePath(userFolder()) }] as const) {
      const orchestrator = orchestratorWith(
        {
          work: async (_, { step }) => [
            await step('number', () => 7),
            await step('later', async () => ({ at: new Date(0), none: undefined })),
            (await step('nothing', () => undefined)) as unknown,
          ],
        },
        storage === undefined ? {} : { storage },
      )
      const { results } = await orchestrator.executeWorkflow(workflow([task('a')]))
      expect(results).toEqual({ a: [7, { at: '1970-01-01T00:00:00.000Z' }, null] })
      await orchestrator.shutdown()
    }
  })

  it('is not done again by the attempts that follow a failure, and each is given a value of its own', async () => {
    const world = new World()
    const orchestrator = orchestratorWith({
      work: async (_, { step, attempt }) => {
        const list = await step('list', () => [world.does('list')])
        list.push('changed')
        if (attempt < 3) throw new Error('no')
        return [list, await step('last', () => world.does('last'))]
      },
    })
    const { results } = await orchestrator.executeWorkflow(workflow([task('a', retried)]))
    expect([results, world.done]).toEqual([{ a: [['list by 1', 'changed'], 'last by 2'] }, ['list', 'last']])
  })

  it('that fails leaves nothing on record, and is done again', async () => {
    const world = new World()
    const orchestrator = orchestratorWith({
      work: async (_, { step, attempt }) =>
        step('charge', () => {
          world.does('charge')
          if (attempt === 1) throw new Error('no')
          return attempt
        }),
    })
    const { results } = await orchestrator.executeWorkflow(workflow([task('a', retried)]))
    expect([results, world.done]).toEqual([{ a: 2 }, ['charge', 'charge']])
  })

  it('that ends while its attempt is told to stop is on record', async () => {
    const world = new World()
    const kit = await kitWith({
      work: async (_, { step, signal, attempt }) => {
        const charged = await step('charge', async () => {
          // Its time is over after a minute, and for 5 s more it may answer.
          if (attempt === 1) await kit.clock.sleep('62s')
          return world.does('charge')
        })
        const next = await step('ship', () => world.does('ship')).catch((error: unknown) => error)
        signal.throwIfAborted()
        return [charged, next]
      },
    })
    const { results } = await kit.run(workflow([task('a', { timeout: '1m', ...retried })]))
    expect([results, world.done]).toEqual([{ a: ['charge by 1', 'ship by 2'] }, ['charge', 'ship']])
  })

  it('is taken once whichever commit its process dies at: what was given once is given for ever', async () => {
    /** What each run was given, and how often it did what. */
    const given = new Map<string, Record<string, string[]>>()
    const worlds = new Map<string, World>()
    const kit = await kitWith(
      {
        work: async ({ attempt, executionId, id }, { step }) => {
          const world = worlds.get(executionId) ?? new World()
          worlds.set(executionId, world)
          const take = async (name: string): Promise<string> => {
            const value = await step(name, () => world.does(`${id} ${name}`))
            const values = given.get(executionId) ?? {}
            given.set(executionId, values)
            ;(values[`${id} ${name}`] ??= []).push(value)
            return value
          }
          const one = await take('one')
          const both = await Promise.all(['two', 'three'].map(take))
          if (attempt === 1) throw new Error('no')
          return [one, ...both, await take('four')]
        },
      },
      { storage: 'file' },
    )
    let points = 0
    for await (const { execution } of kit.crashPoints(workflow([task('a', retried), task('b', { ...retried, dependencies: ['a'] })]))) {
      points += 1
      const { a, b } = execution.results as Record<string, string[]>
      expect([a, b].map((list) => list?.length)).toEqual([4, 4])
      const values = given.get(execution.id) ?? {}
      for (const [name, all] of Object.entries(values)) expect([name, ...new Set(all)]).toHaveLength(2)
      expect(Object.keys(values)).toHaveLength(8)
      // What a crash took before its commit is done again; there is one crash.
      const twice = Object.values(counts(worlds.get(execution.id)?.done ?? [])).filter((count) => count > 1)
      expect(twice.length).toBeLessThanOrEqual(2)
      expect(Math.max(1, ...twice)).toBeLessThanOrEqual(2)
    }
    expect(points).toBeGreaterThan(20)
  })

  it('is not done again after a shutdown, by the process that takes the execution up', async () => {
    const world = new World()
    const charged = gate()
    let isFirst = true
    const kit = await kitWith(
      {
        work: async (_, { step, signal }) => {
          const value = await step('charge', () => world.does('charge'))
          charged.open()
          if (isFirst) await new Promise((resolve) => signal.addEventListener('abort', resolve))
          return value
        },
      },
      { storage: 'file' },
    )
    const { id } = await kit.orchestrator.startWorkflow(workflow([task('a')]))
    await charged.promise
    isFirst = false
    const { results } = await (await kit.reopen()).getHandle(id).settled()
    expect([results, world.done]).toEqual([{ a: 'charge by 1' }, ['charge']])
  })
})

describe('the steps of a task', () => {
  it.each(['memory', 'file'])('go with it into a retry of its execution, and not into a fork from it or from before: %s', async (where) => {
    const world = new World()
    let isBroken = true
    const agents = {
      work: () => 1,
      steps: async (_: TaskInput, { step }: AttemptContext) => {
        const value = await step('charge', () => world.does('charge'))
        if (isBroken) throw new Error('no')
        return value
      },
    }
    const orchestrator = orchestratorWith(agents, where === 'file' ? { storage: { path: storePath(userFolder()) } } : {})
    const flow = workflow([task('first'), task('a', { agentId: 'steps', dependencies: ['first'], retryPolicy: { maxAttempts: 1 } })])
    const { execution } = await rejection(orchestrator.executeWorkflow(flow))
    const id = execution?.id ?? ''
    isBroken = false
    const end = async (begun: Promise<{ settled(): Promise<{ results: unknown }> }>): Promise<unknown> =>
      (await (await begun).settled()).results
    expect(await end(orchestrator.retryExecution(id))).toEqual({ first: 1, a: 'charge by 1' })
    expect(await end(orchestrator.forkExecution(id, 'a'))).toEqual({ first: 1, a: 'charge by 2' })
    expect(await end(orchestrator.forkExecution(id, 'first'))).toEqual({ first: 1, a: 'charge by 3' })
  })

  it.each(['memory', 'file'])('are there for a retry of a retry that was cancelled before it came to it: %s', async (where) => {
    const world = new World()
    const free = gate()
    let isBroken = true
    const agents = {
      work: async () => free.promise,
      steps: async (_: TaskInput, { step }: AttemptContext) => {
        const value = await step('charge', () => world.does('charge'))
        if (isBroken) throw new Error('no')
        return value
      },
    }
    const storage = where === 'file' ? { storage: { path: storePath(userFolder()) } } : {}
    const orchestrator = orchestratorWith(agents, { ...storage, workflow: { maxConcurrentWorkflows: 1 } })
    const flow = { ...workflow([task('a', { agentId: 'steps', retryPolicy: { maxAttempts: 1 } })]), id: 'steps' }
    const { execution } = await rejection(orchestrator.executeWorkflow(flow))
    isBroken = false
    const other = await orchestrator.startWorkflow(workflow([task('other')]))
    const second = await orchestrator.retryExecution(execution?.id ?? '')
    await second.cancel()
    expect((await second.settled()).tasks).toMatchObject([{ taskId: 'a', status: 'cancelled', attempts: 0 }])
    const third = await orchestrator.retryExecution(second.id)
    free.open()
    await other.settled()
    expect([(await third.settled()).results, world.done]).toEqual([{ a: 'charge by 1' }, ['charge']])
  })

  it('that was undone are taken again by a retry, also by what it had spawned', async () => {
    const world = new World()
    let isBroken = true
    const orchestrator = orchestratorWith({
      work: async ({ id }, { step, spawn }) => {
        await step('charge', () => world.does(`charge ${id}`))
        if (id === 'a') await spawn(task('inner', { retryPolicy: { maxAttempts: 1 } }))
        else if (isBroken) throw new Error('no')
      },
      refund: () => void world.does('refund'),
    })
    const a = task('a', { retryPolicy: { maxAttempts: 1 }, compensate: { agentId: 'refund', on: 'started' } })
    const { execution } = await rejection(orchestrator.executeWorkflow(workflow([a])))
    isBroken = false
    await (await orchestrator.retryExecution(execution?.id ?? '')).settled()
    expect(world.done).toEqual(['charge a', 'charge inner', 'refund', 'charge a', 'charge inner'])
  })

  it('are its own: not those of the agent that stands in for its agent', async () => {
    const world = new World()
    const orchestrator = orchestratorWith({
      work: async (_, { step }) => {
        await step('charge', () => world.does('work'))
        throw new Error('no')
      },
      other: async (_, { step }) => step('charge', () => world.does('other')),
    })
    const flow = workflow([task('a', { retryPolicy: { maxAttempts: 1 }, fallback: [{ agentId: 'other' }] } as never)])
    const { results } = await orchestrator.executeWorkflow(flow)
    expect([results, world.done]).toEqual([{ a: 'other by 2' }, ['work', 'other']])
  })

  it('are taken by a spawned task and by each pass of a loop for itself', async () => {
    const world = new World()
    const orchestrator = orchestratorWith({
      work: async ({ id }, { step, spawn, attempt, idempotencyKey }) => {
        const value = await step('charge', () => world.does(decodeURIComponent(idempotencyKey.split(':')[1] ?? '')))
        if (id === 'a') await spawn(task('inner', retried))
        if (attempt === 1) throw new Error('no')
        return value
      },
    })
    const loop: AgentTask = { id: 'l', name: 'l', type: 'loop', loop: { forEach: [1, 2] }, tasks: [task('each', retried)] }
    await orchestrator.executeWorkflow(workflow([task('a', retried), loop]))
    expect(counts(world.done)).toEqual({ a: 1, 'a/inner': 1, 'l[0].each': 1, 'l[1].each': 1 })
  })
})

describe('a step of an isolated agent', () => {
  /** An orchestrator whose agent does `body`, which sees `ctx` and `take`, in a worker. */
  function isolated(body: string, storage?: { path: string }): MultiAgentOrchestrator {
    const orchestrator = orchestratorWith({}, storage === undefined ? {} : { storage })
    const text = `export const create = () => ({ execute: async (task, ctx) => {
      const take = (name) => ctx.step(name, () => { ctx.emit(name); return name + ' in ' + ctx.attempt })
      ${body}
    } })`
    const module = writeInto(userFolder(), 'agent.mjs', text)
    orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module, maxAgents: 1 })
    return orchestrator
  }

  it('is taken once, whether its attempt fails or its worker ends', async () => {
    const orchestrator = isolated(`
      const values = [await take('one'), ...(await Promise.all(['two', 'three'].map(take)))]
      if (ctx.attempt === 1) throw new Error('no')
      if (ctx.attempt === 2) process.exit(1)
      return [...values, await take('four')]`)
    const done: unknown[] = []
    orchestrator.on('task:progress', (_, data) => done.push(data))
    const { results } = await orchestrator.executeWorkflow(workflow([task('a', retried)]))
    expect(results).toEqual({ a: ['one in 1', 'two in 1', 'three in 1', 'four in 3'] })
    expect(done).toEqual(['one', 'two', 'three', 'four'])
  })

  it.each([
    ['inside another', "return ctx.step('outer', () => take('inner'))", 'ERR_STEP_NESTED'],
    ['of a name that was taken', "return [await take('one'), await take('one')]", 'ERR_STEP_REPEATED'],
    ['that gives no JSON', "return ctx.step('map', () => new Map())", 'ERR_NOT_JSON'],
    ['that gives too much', "return ctx.step('long', () => 'x'.repeat(1e8))", 'ERR_TOO_LARGE'],
    ['without a name', "return ctx.step('', () => 1)", 'ERR_INVALID_ARGUMENT'],
  ])('is refused %s', async (_, body, code) => {
    const error = await rejection(isolated(body).executeWorkflow(workflow([task('a', { retryPolicy: { maxAttempts: 1 } })])))
    expect((error.cause as { code?: unknown }).code).toBe(code)
  })

  it('whose attempt has answered is refused', async () => {
    const orchestrator = isolated(`
      if (task.id === 'b') return globalThis.late
      globalThis.late = new Promise((resolve) => setTimeout(resolve, 1)).then(() => take('late')).catch(({ code, message }) => [code, message])
      return 1`)
    const { results } = await orchestrator.executeWorkflow(workflow([task('a'), task('b', { dependencies: ['a'] })]))
    expect(results['b']).toEqual(['ERR_CANCELLED', expect.stringMatching(/^attempt 1 of task `a` is over/)])
  })
})

describe('bad steps', () => {
  /** What a step is refused with, and the place of the fault if it has one. */
  async function refused(take: (context: AttemptContext) => unknown, config = {}): Promise<unknown> {
    const orchestrator = orchestratorWith({ work: (_, context) => take(context) }, config)
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { retryPolicy: { maxAttempts: 1 } })])))
    const { code, message } = error.cause as { code: string; message: string }
    return [code, message]
  }

  it('a name that was taken in this attempt, at once or later', async () => {
    const wanted = [
      'ERR_STEP_REPEATED',
      'step `charge` of task `a` was taken in this attempt already; number it, such as `charge 2`, so that a later attempt knows which one is which',
    ]
    expect(await refused(async ({ step }) => Promise.all(['charge', 'charge'].map((name) => step(name, () => 1))))).toEqual(wanted)
    expect(
      await refused(async ({ step }) => {
        await step('charge', () => 1)
        await step('charge', () => 2)
      }),
    ).toEqual(wanted)
  })

  it('a step inside a step, but not one that comes of what a step left behind', async () => {
    expect(await refused(({ step }) => step('outer', async () => step('inner', () => 1)))).toEqual([
      'ERR_STEP_NESTED',
      'step `inner` of task `a` would begin inside step `outer`, whose value would be recorded a second time; take one after the other',
    ])
    const orchestrator = orchestratorWith({
      work: async (_, { step }) => {
        let later: Promise<number> | undefined
        const over = gate()
        await step('outer', () => {
          later = over.promise.then(async () => step('inner', () => 2))
        })
        over.open()
        return later
      },
    })
    expect((await orchestrator.executeWorkflow(workflow([task('a')]))).results).toEqual({ a: 2 })
  })

  it('a value that is no JSON, or too large', async () => {
    expect(await refused(({ step }) => step('map', () => new Map()))).toEqual([
      'ERR_NOT_JSON',
      expect.stringContaining('the value of step `map` of task `a`'),
    ])
    expect(await refused(({ step }) => step('long', () => 'x'.repeat(2000)), { workflow: { maxValueBytes: 1024 } })).toEqual([
      'ERR_TOO_LARGE',
      expect.stringContaining('the value of step `long` of task `a`'),
    ])
  })

  it('arguments that are none', async () => {
    const take = (...args: unknown[]) => refused(({ step }) => (step as (...args: unknown[]) => unknown)(...args))
    expect(await take('', () => 1)).toEqual(['ERR_INVALID_ARGUMENT', expect.stringContaining('name: ')])
    expect(await take('x', 7)).toEqual(['ERR_INVALID_ARGUMENT', expect.stringContaining('fn: must be a function')])
    expect(await take('x', () => 1, { inputs: 1 })).toEqual(['ERR_INVALID_ARGUMENT', expect.stringContaining('options.inputs')])
    expect(await take('x', () => 1, { input: new Map() })).toEqual(['ERR_NOT_JSON', expect.stringContaining('the input of step `x`')])
  })

  it('input that changed; the same in another order is the same', async () => {
    const inputs: unknown[] = [{ n: 1, m: 2 }, { m: 2, n: 1 }, { n: 2 }, undefined]
    const heard: unknown[] = []
    const orchestrator = orchestratorWith({
      work: async (_, { step, attempt }) => {
        const value = await step('charge', () => attempt, { input: inputs[attempt - 1] }).catch((error: unknown) => error)
        heard.push((value as { code?: string }).code ?? value)
        if (attempt < 4) throw new Error('no')
      },
    })
    await orchestrator.executeWorkflow(workflow([task('a', { retryPolicy: { maxAttempts: 4, initialDelay: 0 } })]))
    expect(heard).toEqual([1, 1, 'ERR_STEP_CHANGED', 'ERR_STEP_CHANGED'])
  })

  it('a step after the attempt has answered, or was given up', async () => {
    const late: Promise<unknown>[] = []
    const answered = gate()
    const kit = await kitWith({
      work: (_, { step }) => {
        late.push(answered.promise.then(async () => step('late', () => 1)).catch((error: unknown) => error))
        return 1
      },
      deaf: async (_, { step }) => {
        await kit.clock.sleep('1h')
        late.push(step('late', () => 1).catch((error: unknown) => error))
        throw new Error('nobody hears this')
      },
    })
    const given = task('b', { agentId: 'deaf', timeout: '1m', retryPolicy: { maxAttempts: 1 } })
    await kit.run(workflow([task('a'), given])).catch((error: unknown) => error)
    answered.open()
    await kit.clock.advance('2h')
    const errors = (await Promise.all(late)) as Error[]
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^attempt 1 of task `\w` is over/),
      expect.stringMatching(/^attempt 1 of task `\w` is over/),
    ])
  })
})
