// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Child workflows that are tried again, undone when their parent fails later, and taken up by a retry of it; and whose keys their tasks have in all that.

import { describe, expect, it } from 'vitest'
import type {
  AgentTask,
  AgentWorkflow,
  MultiAgentOrchestrator,
  OrchestratorConfig,
  WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import type { CrashMoment } from '@codexos/multi-agent-orchestrator/testing'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, rejection, task, until, untilAborted, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const storages: [string, () => OrchestratorConfig][] = [
  ['in memory', () => ({})],
  ['in a store', () => ({ storage: { path: storePath(folder), durability: 'os' } })],
]

function child(id: string, tasks: readonly AgentTask[], rest: Partial<AgentTask> = {}, flow: Partial<AgentWorkflow> = {}): AgentTask {
  return { id, name: id, workflow: { ...workflow(tasks), id: `${id}-flow`, ...flow }, ...rest }
}

/** Done by agent `do`, undone by agent `undo`. */
const done = (id: string, rest: Partial<AgentTask> = {}): AgentTask =>
  task(id, { agentId: 'do', compensate: { agentId: 'undo', input: { data: { what: id, was: `{{ tasks.${id}.output }}` } } }, ...rest })
const fails = task('fails', { agentId: 'fail' })
const retried = { retryPolicy: { maxAttempts: 3, initialDelay: 1 } }

/** Agents that note what they were called for, as `<path in the execution>` or by key; `broken` tasks throw while they are in it. */
function noting(): { log: string[]; keys: string[]; broken: Map<string, unknown>; agents: Record<string, Execute> } {
  const log: string[] = []
  const keys: string[] = []
  const broken = new Map<string, unknown>()
  const note =
    (word: string): Execute =>
    ({ id, input }, { idempotencyKey }) => {
      const what = word === 'undo' ? ((input.data as { what?: string } | undefined)?.what ?? id) : id
      log.push(`${word} ${what}`)
      keys.push(decodeURIComponent(idempotencyKey))
      const name = word === 'undo' ? `undo ${what}` : id
      if (broken.has(name)) throw broken.get(name)
      return `${id}!`
    }
  const fail: Execute = () => {
    log.push('fail')
    throw new Error('card declined')
  }
  return { log, keys, broken, agents: { do: note('do'), undo: note('undo'), work: note('do'), fail } }
}

async function failed(orchestrator: MultiAgentOrchestrator, flow: AgentWorkflow, id = 'p', rest = {}): Promise<WorkflowExecution> {
  const error = await rejection(orchestrator.executeWorkflow(flow, {}, { executionId: id, ...rest }))
  return error.execution as WorkflowExecution
}

describe.each(storages)('a child that is tried again, %s', (name, config) => {
  // The error of a child said `retryable: false` whatever had failed in it, so that `retryPolicy` of a child did nothing.
  it('runs anew from its beginning, as the next attempt, with the keys of the first', async () => {
    const { log, keys, broken, agents } = noting()
    let calls = 0
    const orchestrator = orchestratorWith(
      {
        ...agents,
        flaky: ({ id }, { idempotencyKey }) => {
          keys.push(idempotencyKey)
          if (++calls < 3) throw new Error(`flaky ${calls}`)
          return id
        },
      },
      config(),
    )
    const inner = child('c', [task('a'), child('g', [task('x'), task('f', { agentId: 'flaky' })])], retried)
    const { results, tasks } = await orchestrator.executeWorkflow(workflow([inner]), {}, { executionId: 'p' })
    expect([results['c'], tasks[0]?.attempts, log]).toEqual([
      { a: 'a!', g: { x: 'x!', f: 'f' } },
      3,
      ['do a', 'do x', 'do a', 'do x', 'do a', 'do x'],
    ])
    expect([...new Set(keys)]).toEqual(['p/c/1:a', 'p/c/1/g/1:x', 'p/c/1/g/1:f'])
    for (const [id, status] of [
      ['p/c/1', 'failed'],
      ['p/c/2', 'failed'],
      ['p/c/3', 'completed'],
      ['p/c/3/g/1', 'completed'],
    ] as const)
      expect((await orchestrator.getExecution(id))?.status).toBe(status)
    expect(broken.size).toBe(0)
  })

  it('has new keys for what was undone in between, and the old ones for the rest', async () => {
    const { log, keys, agents } = noting()
    let calls = 0
    const orchestrator = orchestratorWith(
      {
        ...agents,
        fail: () => {
          if (++calls < 3) throw new Error('no')
          return 1
        },
      },
      config(),
    )
    const inner = child('c', [task('a'), child('g', [done('x'), task('y')]), done('b'), fails], retried)
    await orchestrator.executeWorkflow(workflow([inner]), {}, { executionId: 'p' })
    expect(log).toEqual([1, 2].flatMap(() => ['do a', 'do x', 'do y', 'do b', 'undo b', 'undo x']).concat(['do a', 'do x', 'do y', 'do b']))
    const of = (n: number): string[] => ['p/c/1:a', `p/c/${n}/g/1:x`, 'p/c/1/g/1:y', `p/c/${n}:b`]
    const undone = (n: number): string[] => [`p/c/${n}:b!compensate`, `p/c/${n}/g/1:x!compensate`]
    expect(keys).toEqual([...of(1), ...undone(1), ...of(2), ...undone(2), ...of(3)])
  })

  it.each<[string, unknown, Partial<AgentWorkflow>, string]>([
    ['an error that says so', Object.assign(new Error('no'), { retryable: false }), {}, 'ERR_AGENT'],
    [
      'an error that is a budget',
      Object.assign(new Error('no'), { code: 'ERR_BUDGET_EXCEEDED', retryable: true }),
      {},
      'ERR_BUDGET_EXCEEDED',
    ],
    ['the budget of the child', new Error('no'), { budget: { tasks: 1 } }, 'ERR_BUDGET'],
    ['the deadline of the child', new Error('no'), { deadline: 1 }, 'ERR_DEADLINE'],
  ])('is not after %s, in a child of it neither', async (what, thrown, flow, code) => {
    for (const deep of [false, true]) {
      const { log, broken, agents } = noting()
      broken.set('b', thrown)
      const slow: Execute = what.includes('deadline') ? (_, { signal }) => untilAborted(signal) : (agents['do'] as Execute)
      const orchestrator = orchestratorWith({ ...agents, slow }, config())
      const tasks = [task('a', { agentId: 'slow' }), task('b')]
      const inner = deep ? child('c', [child('g', tasks, {}, flow)], retried) : child('c', tasks, retried, flow)
      const execution = await failed(orchestrator, workflow([inner]), `p-${deep}`)
      expect([execution.tasks[0]?.attempts, log.filter((line) => line === 'do a').length <= 1]).toEqual([1, true])
      const inside = await orchestrator.getExecution(deep ? `p-${deep}/c/1/g/1` : `p-${deep}/c/1`)
      expect(inside?.error?.code).toBe(code)
    }
  })

  it('is not after a cancel, and is after what time or other tasks decided', async () => {
    const { agents } = noting()
    const orchestrator = orchestratorWith({ ...agents, sleep: (_, { signal }) => untilAborted(signal) }, config())
    const handle = await orchestrator.startWorkflow(
      workflow([child('c', [task('a', { agentId: 'sleep' })], retried)]),
      {},
      { executionId: 'p' },
    )
    await until(async () => (await orchestrator.getExecution('p/c/1'))?.tasks[0]?.status === 'running')
    await orchestrator.cancelExecution('p/c/1', 'not this one')
    expect((await handle.settled()).tasks[0]?.attempts).toBe(1)
    const waits = child('c', [{ id: 'w', name: 'w', waitFor: { signal: 's', timeout: 1 } }], retried)
    expect((await failed(orchestrator, workflow([waits], { id: 'other' }), 'q')).tasks[0]?.attempts).toBe(3)
  })

  // An attempt that has used up its time is followed by another while its child may still be undoing things.
  it('begins when the one before it has ended', async () => {
    const { log, agents } = noting()
    const undoing = gate()
    let calls = 0
    const kit = await kitWith(
      {
        ...agents,
        undo: async () => {
          log.push('undoing')
          await undoing.promise
          log.push('undone')
        },
        sleep: (_, { signal }) => (++calls === 1 ? untilAborted(signal) : 1),
      },
      { storage: name === 'in memory' ? 'memory' : 'file' },
    )
    const inner = child('c', [done('a'), task('s', { agentId: 'sleep' })], { timeout: '1s', retryPolicy: { maxAttempts: 2 } })
    const handle = await kit.orchestrator.startWorkflow(workflow([inner]), {}, { executionId: 'p' })
    await kit.clock.advance('1s')
    expect(log).toEqual(['do a', 'undoing'])
    // Beyond its grace.
    await kit.clock.advance('6s')
    undoing.open()
    expect((await kit.until(handle.settled())).status).toBe('completed')
    expect(log).toEqual(['do a', 'undoing', 'undone', 'do a'])
  })
})

describe.each(storages)('a child that completed, %s', (_name, config) => {
  // A finished child stayed as it was when its parent failed later: what was booked in it stayed booked.
  it('is undone in its place when its parent fails later, by an execution of its own', async () => {
    const { log, keys, agents } = noting()
    const orchestrator = orchestratorWith(agents, config())
    const flow = workflow([done('reserve'), child('c', [done('flight'), task('note'), done('hotel')]), done('seat'), fails])
    const execution = await failed(orchestrator, flow, 'p', { tenant: 'them' })
    expect(log).toEqual([
      'do reserve',
      'do flight',
      'do note',
      'do hotel',
      'do seat',
      'fail',
      'undo seat',
      'undo hotel',
      'undo flight',
      'undo reserve',
    ])
    expect(keys.slice(-4)).toEqual(['p:seat!compensate', 'p/c/1:hotel!compensate', 'p/c/1:flight!compensate', 'p:reserve!compensate'])
    expect(execution.error?.compensation).toBeUndefined()
    expect(execution.tasks.slice(-3).map(({ taskId, status }) => `${taskId} ${status}`)).toEqual([
      'seat!compensate completed',
      'c!compensate completed',
      'reserve!compensate completed',
    ])
    expect((await orchestrator.getExecution('p/c/1'))?.status).toBe('completed')
    const undoing = await orchestrator.getExecution('p/c/1!compensate')
    expect(undoing).toMatchObject({ status: 'completed', tenant: 'them', parent: { execution: 'p', path: 'c!compensate' } })
    expect(undoing?.tasks.map(({ taskId }) => taskId)).toEqual(['hotel!compensate', 'flight!compensate'])
  })

  it('and its children, and theirs, each in its place', async () => {
    const { log, agents } = noting()
    const orchestrator = orchestratorWith(agents, config())
    const deepest = child('gg', [done('x'), done('y')])
    const inner = child('c', [done('a'), child('g', [done('b'), deepest, done('d')]), child('none', [task('n')]), done('e')])
    await failed(orchestrator, workflow([inner, fails]))
    expect(log.slice(log.indexOf('fail') + 1)).toEqual(['undo e', 'undo d', 'undo y', 'undo x', 'undo b', 'undo a'])
    for (const id of ['p/c/1!compensate', 'p/c/1/g/1!compensate', 'p/c/1/g/1/gg/1!compensate'])
      expect((await orchestrator.getExecution(id))?.status).toBe('completed')
    expect(await orchestrator.getExecution('p/c/1/none/1!compensate')).toBeUndefined()
  })

  it('is not undone if there is nothing to undo, or the whole ended well, or its end was taken over', async () => {
    const { log, broken, agents } = noting()
    const orchestrator = orchestratorWith(agents, config())
    const plain = await failed(orchestrator, workflow([child('c', [task('a')]), fails]))
    expect(plain.tasks.map(({ taskId }) => taskId)).toEqual(['c', 'fails'])
    log.length = 0
    await orchestrator.executeWorkflow(workflow([child('c', [done('a')]), task('last')], { id: 'well' }), {}, { executionId: 'q' })
    broken.set('last', new Error('no'))
    await (await orchestrator.forkExecution('q', 'last')).settled()
    expect(log).toEqual(['do a', 'do last', 'do last'])
  })

  it('is undone in every pass, branch and loop of one call it was in, and where it was spawned', async () => {
    const { log, keys, agents } = noting()
    const orchestrator = orchestratorWith({ ...agents, spawns: ({ id }, { spawn }) => spawn(child(`${id}s`, [done('s')])) }, config())
    const flow = workflow([
      { id: 'l', name: 'l', type: 'loop', loop: { forEach: [1, 2] }, tasks: [child('c', [done('a')])] },
      child('each', [done('b')], { type: 'loop', loop: { forEach: [1, 2] } }),
      { id: 'x', name: 'x', type: 'conditional', branches: [{ when: 'true', tasks: [child('d', [done('e')])] }] },
      task('sp', { agentId: 'spawns' }),
      fails,
    ])
    await failed(orchestrator, flow)
    expect(log.slice(log.indexOf('fail') + 1)).toEqual(['undo s', 'undo e', 'undo b', 'undo b', 'undo a', 'undo a'])
    expect(keys.slice(-6)).toEqual([
      'p/sp/sps/1:s!compensate',
      'p/d/1:e!compensate',
      'p/each[1]/1:b!compensate',
      'p/each[0]/1:b!compensate',
      'p/l[1].c/1:a!compensate',
      'p/l[0].c/1:a!compensate',
    ])
  })

  it('is undone as a whole by the `compensate` of its task, and then by nothing else', async () => {
    const { log, keys, agents } = noting()
    const orchestrator = orchestratorWith(agents, config())
    const whole = { compensate: { agentId: 'undo', input: { data: { what: 'all of c', was: '{{ tasks.c.output.a }}' } } } }
    await failed(orchestrator, workflow([child('c', [done('a'), child('g', [done('b')])], whole), fails]))
    expect([log, keys.at(-1)]).toEqual([['do a', 'do b', 'fail', 'undo all of c'], 'p:c!compensate'])
    log.length = 0
    // Inside of a child that is undone.
    await failed(orchestrator, workflow([child('o', [child('c', [done('a')], whole), done('z')]), fails], { id: 'nested' }), 'q')
    expect(log).toEqual(['do a', 'do z', 'fail', 'undo z', 'undo all of c'])
    log.length = 0
    // One that fails half way undoes itself, unless it is undone though it did not complete.
    await failed(orchestrator, workflow([child('c', [done('a'), fails], whole)], { id: 'half' }), 'r')
    expect(log).toEqual(['do a', 'fail', 'undo a'])
    log.length = 0
    await failed(
      orchestrator,
      workflow([child('c', [done('a'), fails], { compensate: { ...whole.compensate, on: 'started', input: { data: { what: 'c' } } } })], {
        id: 'begun',
      }),
      's',
    )
    expect(log).toEqual(['do a', 'fail', 'undo c'])
  })

  it('what could not be undone is listed with its parent, and does not keep the rest from being undone', async () => {
    const { log, broken, agents } = noting()
    broken.set('undo hotel', new Error('the hotel is closed'))
    const orchestrator = orchestratorWith(agents, config())
    const bad = task('bad', { agentId: 'do', compensate: { agentId: 'undo', input: { data: '{{ tasks.bad.output.no.such }}' } } })
    const flow = workflow([done('reserve'), child('c', [done('flight'), bad, done('hotel')]), fails])
    const { error } = await failed(orchestrator, flow)
    expect(log.slice(log.indexOf('fail') + 1)).toEqual(['undo hotel', 'undo flight', 'undo reserve'])
    expect(error?.compensation).toMatchObject([{ taskId: 'c!compensate', code: 'ERR_TASK_FAILED' }])
    expect(error?.compensation?.[0]?.message).toContain('the hotel is closed')
    const undoing = await orchestrator.getExecution('p/c/1!compensate')
    expect(undoing?.tasks.map(({ status, error: why }) => why?.code ?? status)).toEqual(['ERR_AGENT', 'ERR_TEMPLATE', 'completed'])
  })

  it('is given what its templates gave, as it is, and the context of the child', async () => {
    const given: unknown[] = []
    const { agents } = noting()
    const orchestrator = orchestratorWith(
      { ...agents, do: () => '{{ context.secret }} {% raw %}', undo: ({ input, context }) => void given.push([input, context['who']]) },
      config(),
    )
    const inner = child('c', [done('a')], { input: { data: { who: 'alice' } } })
    await failed(orchestrator, workflow([inner, fails]))
    expect(given).toEqual([[{ data: { what: 'a', was: '{{ context.secret }} {% raw %}' } }, 'alice']])
  })

  it('is undone in spite of a spent budget and a passed deadline, and what that costs is on the account of its parent', async () => {
    for (const rest of [{ budget: { tasks: 2 } }, { deadline: 300 }]) {
      const { log, agents } = noting()
      const orchestrator = orchestratorWith({ ...agents, sleep: (_, { signal }) => untilAborted(signal) }, config())
      const flow = workflow([child('c', [done('a'), done('b')]), task('more', { agentId: 'sleep' })], rest)
      await failed(orchestrator, flow, `p-${Object.keys(rest).join()}`)
      expect(log).toEqual(['do a', 'do b', 'undo b', 'undo a'])
    }
  })

  it('a cancel leaves its undoing alone, and one by force ends it', async () => {
    for (const force of [false, true]) {
      const { log, agents } = noting()
      const undoing = gate()
      const orchestrator = orchestratorWith(
        {
          ...agents,
          undo: ({ input }, { signal }) => {
            log.push(`undo ${(input.data as { what: string }).what}`)
            return Promise.race([undoing.promise, untilAborted(signal)])
          },
        },
        config(),
      )
      const handle = await orchestrator.startWorkflow(
        workflow([done('r'), child('c', [done('a'), done('b')]), fails]),
        {},
        { executionId: `p-${force}` },
      )
      await until(() => log.includes('undo b'))
      // It resolves when it is on record, or the execution has ended: without force there is nothing to record.
      const cancelled = handle.cancel('stop', { force })
      await orchestrator.cancelExecution(`p-${force}/c/1!compensate`, 'stop', { force })
      if (!force) undoing.open()
      const ended = await handle.settled()
      await cancelled
      expect([ended.status, ended.error?.compensation, log.slice(log.indexOf('undo b'))]).toEqual([
        'failed',
        undefined,
        force ? ['undo b'] : ['undo b', 'undo a', 'undo r'],
      ])
      expect((await orchestrator.getHandle(`p-${force}/c/1!compensate`).settled()).status).toBe('cancelled')
    }
  })
})

describe.each(storages)('a retry of a parent, %s', (_name, config) => {
  // `retryExecution` of a parent did everything in its half-done child again, under new keys: a card was charged twice.
  it('takes a half-done child up where it failed, with its keys, and children of it', async () => {
    const { log, keys, broken, agents } = noting()
    const orchestrator = orchestratorWith(agents, config())
    const inner = child('c', [task('a'), child('g', [task('x'), task('y')]), task('b')])
    const flow = workflow([inner, task('last')])
    broken.set('y', new Error('no'))
    await failed(orchestrator, flow)
    broken.clear()
    broken.set('b', new Error('no'))
    log.length = keys.length = 0
    const second = await (await orchestrator.retryExecution('p', { executionId: 'p2' })).settled()
    expect([second.status, log.splice(0), keys.splice(0)]).toEqual(['failed', ['do y', 'do b'], ['p/c/1/g/1:y', 'p/c/1:b']])
    broken.clear()
    const third = await (await orchestrator.retryExecution('p2', { executionId: 'p3' })).result()
    expect([third.results, log.splice(0), keys.splice(0)]).toEqual([
      { c: { a: 'a!', g: { x: 'x!', y: 'y!' }, b: 'b!' }, last: 'last!' },
      ['do b', 'do last'],
      ['p/c/1:b', 'p3:last'],
    ])
    expect((await orchestrator.getExecution('p3/c/1'))?.forkedFrom).toBe('p2/c/1')
    // A fork does it anew.
    await (await orchestrator.forkExecution('p', 'c', { executionId: 'f' })).result()
    expect(keys.slice(0, 3)).toEqual(['f/c/1:a', 'f/c/1/g/1:x', 'f/c/1/g/1:y'])
  })

  it('does again what was undone of a child, under new keys, and keeps the rest', async () => {
    const { log, keys, broken, agents } = noting()
    const orchestrator = orchestratorWith(agents, config())
    const tasks = [
      task('a', { dependencies: [] }),
      done('x', { dependencies: [] }),
      child('g', [done('y'), task('z')], { dependencies: [] }),
    ]
    const flow = workflow([child('c', tasks), task('last')])
    broken.set('last', new Error('no'))
    await failed(orchestrator, flow)
    broken.clear()
    log.length = keys.length = 0
    const again = await (await orchestrator.retryExecution('p', { executionId: 'p2' })).result()
    expect(again.results).toEqual({ c: { a: 'a!', x: 'x!', g: { y: 'y!', z: 'z!' } }, last: 'last!' })
    expect(keys.toSorted()).toEqual(['p/c/1/g/1:z', 'p2/c/1/g/1:y', 'p2/c/1:x', 'p2:last'])
  })

  it('begins a child anew that was undone as a whole, or whose input has changed', async () => {
    const { keys, broken, agents } = noting()
    let made = 0
    const orchestrator = orchestratorWith({ ...agents, make: () => ++made }, config())
    const whole = { compensate: { agentId: 'undo' } }
    broken.set('b', new Error('no'))
    await failed(orchestrator, workflow([child('c', [task('a')], whole), task('b')]))
    broken.clear()
    await (await orchestrator.retryExecution('p', { executionId: 'p2' })).result()
    expect(keys.slice(-2)).toEqual(['p2/c/1:a', 'p2:b'])
    broken.set('b', new Error('no'))
    const maker = task('m', { agentId: 'make', compensate: { agentId: 'undo' } })
    await failed(
      orchestrator,
      workflow([maker, child('c', [task('a'), task('b')], { input: { data: { m: '{{ tasks.m.output }}' } } })], { id: 'fed' }),
      'q',
    )
    broken.clear()
    await (await orchestrator.retryExecution('q', { executionId: 'q2' })).result()
    expect(keys.slice(-2)).toEqual(['q2/c/1:a', 'q2/c/1:b'])
  })

  it('a policy of the child then begins anew, with the same keys', async () => {
    const { keys, broken, agents } = noting()
    const orchestrator = orchestratorWith(agents, config())
    broken.set('b', new Error('no'))
    const flow = workflow([child('c', [task('a'), task('b')], { retryPolicy: { maxAttempts: 2 } })])
    await failed(orchestrator, flow)
    keys.length = 0
    const second = await (await orchestrator.retryExecution('p', { executionId: 'p2' })).settled()
    expect([second.status, keys]).toEqual(['failed', ['p/c/1:b', 'p/c/1:a', 'p/c/1:b']])
  })
})

describe('wherever the process ends', () => {
  /** What was begun, without what was begun again. */
  const once = (log: readonly string[]): string[] => [...new Set(log)]

  it('a child is tried again with the keys of its first attempt', async () => {
    const { log, keys, agents } = noting()
    let calls = 0
    const kit = await kitWith(
      {
        ...agents,
        fail: () => {
          if (++calls < 2) throw new Error('no')
          return 1
        },
      },
      { storage: 'file' },
    )
    const inner = child('c', [task('a'), child('g', [done('x')]), done('b'), fails], {
      retryPolicy: { maxAttempts: 9, initialDelay: '1s' },
    })
    let points = 0
    for await (const { execution } of kit.crashPoints(workflow([inner]), {}, { executionId: 'p' })) {
      points += 1
      expect(execution.status).toBe('completed')
      expect([...new Set(keys)].filter((key) => key.endsWith(':a'))).toEqual(['p/c/1:a'])
      for (const key of keys.filter((key) => key.endsWith('!compensate')))
        expect(keys.indexOf(key.replace('!compensate', ''))).toBeLessThan(keys.indexOf(key))
      // Once undone, a key is never used again for doing.
      keys.forEach((key, at) => expect(key.endsWith('!compensate') || !keys.slice(0, at).includes(`${key}!compensate`)).toBe(true))
      log.length = keys.length = calls = 0
    }
    expect(points).toBeGreaterThan(20)
  }, 120_000)

  it('a finished child is undone, once and in its place', async () => {
    const { log, agents } = noting()
    const kit = await kitWith(agents, { storage: 'file' })
    const flow = workflow([done('r'), child('c', [done('a'), child('g', [done('x')]), done('b')]), fails])
    let points = 0
    for await (const { execution } of kit.crashPoints(flow, {}, { executionId: 'p' })) {
      points += 1
      expect([execution.status, execution.error?.compensation]).toEqual(['failed', undefined])
      expect(once(log)).toEqual(['do r', 'do a', 'do x', 'do b', 'fail', 'undo b', 'undo x', 'undo a', 'undo r'])
      expect((await kit.orchestrator.getExecution('p/c/1'))?.status).toBe('completed')
      expect((await kit.orchestrator.getExecution('p/c/1/g/1!compensate'))?.status).toBe('completed')
      log.length = 0
    }
    expect(points).toBeGreaterThan(20)
  }, 120_000)

  it.each(['afterCommit', 'beforeCommit'] as const)(
    'a retry takes up a half-done child (%s)',
    async (side) => {
      for (let commit = side === 'afterCommit' ? 1 : 2; ; commit += 1) {
        const { log, keys, broken, agents } = noting()
        const kit = await kitWith(agents, { storage: 'file' })
        broken.set('y', new Error('no'))
        const flow = workflow([child('c', [task('a'), child('g', [task('x'), task('y')])]), task('last')])
        await kit.run(flow, {}, { executionId: 'p' }).catch(() => {})
        broken.clear()
        log.length = keys.length = 0
        void kit.crash({ [side]: commit } as CrashMoment)
        const retry = async (): Promise<WorkflowExecution> => (await kit.orchestrator.retryExecution('p', { executionId: 'p2' })).settled()
        const ended = await kit.until(retry()).then(
          () => true,
          () => false,
        )
        if (!ended) await kit.reopen()
        const { results } = await kit.until(kit.orchestrator.getHandle('p2').settled())
        expect([results, once(keys)]).toEqual([{ c: { a: 'a!', g: { x: 'x!', y: 'y!' } }, last: 'last!' }, ['p/c/1/g/1:y', 'p2:last']])
        await kit.close()
        if (ended) return expect(commit).toBeGreaterThan(6)
      }
    },
    120_000,
  )
})
