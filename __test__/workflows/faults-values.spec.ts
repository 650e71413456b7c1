// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Values on their way in: one value for the agent, the record and the expression, or an error with its place.

import { describe, expect, it } from 'vitest'
import type { AgentTask, OrchestratorConfig, TaskInput, ValidationError } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { expectStillWorks, orchestratorWith, places, rejection, task, thrownBy, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const stores: Record<string, () => OrchestratorConfig> = {
  memory: () => ({}),
  file: () => ({ storage: { path: storePath(folder), durability: 'os' } }),
}

const cut = 'thanks 😀'.slice(0, 8)
const mended = 'thanks \ufffd'

// An agent cut a text inside an emoji. `results` showed it, and to every template and condition the whole result was null: a branch went the wrong way, a
// list was "not a list". A context with such a text anywhere was gone for all of them.
describe.each(Object.keys(stores))('a text that was cut inside an emoji, with the store %s', (store) => {
  const echo = (data: unknown, rest: Partial<AgentTask> = {}): AgentTask => task('next', { agentId: 'echo', input: { data }, ...rest })
  const open = (config = stores[store]?.()) =>
    orchestratorWith(
      { read: () => ({ ok: true, items: ['a', 'b'], note: cut, [`key ${cut}`]: [cut] }), echo: ({ input, id }) => input.data ?? id },
      config,
    )
  const read = task('read', { agentId: 'read' })

  it('is one value for templates, conditions, branches, loops, dependencies and the record', async () => {
    const config = stores[store]?.()
    const orchestrator = open(config)
    const whole = { ok: true, items: ['a', 'b'], note: mended, [`key ${mended}`]: [mended] }
    const tasks = [
      read,
      echo('{{ tasks.read.output }}'),
      {
        id: 'choose',
        name: 'choose',
        type: 'conditional' as const,
        branches: [
          { name: 'yes', when: `results.read.ok && results.read.note == 'thanks \ufffd'`, tasks: [task('go', { agentId: 'echo' })] },
        ],
        default: [task('no', { agentId: 'echo' })],
      },
      task('each', { agentId: 'echo', type: 'loop', loop: { forEach: 'tasks.read.output.items' }, input: { data: '{{ item }}' } }),
    ]
    const { id, results } = await orchestrator.executeWorkflow(workflow(tasks))
    const wanted = { read: whole, next: whole, choose: { branch: 'yes', output: { go: 'go' } }, each: ['a', 'b'] }
    expect(results).toEqual(wanted)
    await orchestrator.shutdown()
    if (config?.storage !== undefined) expect((await open(config).getExecution(id))?.results).toEqual(wanted)
  })

  it('is one value where nothing looks at results', async () => {
    const seen: unknown[] = []
    const orchestrator = orchestratorWith(
      { work: () => cut, look: ({ context }) => seen.push(context.dependencies['a']) },
      stores[store]?.(),
    )
    orchestrator.once('task:completed', ({ result }) => seen.push(result))
    const { results } = await orchestrator.executeWorkflow(workflow([task('a'), task('b', { agentId: 'look', dependencies: ['a'] })]))
    expect([results['a'], ...seen]).toEqual([mended, mended, mended])
  })

  it('is one value in contexts, payloads, spawned tasks, errors, reasons and progress', async () => {
    const seen: unknown[] = []
    const orchestrator = orchestratorWith(
      {
        echo: ({ input }) => input,
        spawn: async (_, { spawn, emit }) => {
          emit({ at: cut })
          return await spawn(task('s', { agentId: 'echo', input: { prompt: cut, data: { [cut]: cut } } }))
        },
        fail: () => Promise.reject(Object.assign(new Error(cut), { why: { [cut]: cut } })),
      },
      stores[store]?.(),
    )
    orchestrator.on('task:progress', (_, data) => seen.push(data))
    const tasks = [
      echo('{{ context.user }} {{ context.bio }}'),
      task('wait', { waitFor: { signal: 'go' }, agentId: 'echo', input: { data: '{{ signal.payload }}' } }),
      task('spawn', { agentId: 'spawn' }),
      task('fail', { agentId: 'fail', onError: 'continue' }),
    ]
    const handle = await orchestrator.startWorkflow(workflow(tasks), { user: 'u', bio: cut, [cut]: 1 })
    await handle.signal('go', { text: cut })
    const { results, context, tasks: ended } = await handle.result()
    expect(results).toMatchObject({
      next: { data: `u ${mended}` },
      wait: { data: { text: mended } },
      spawn: { prompt: mended, data: { [mended]: mended } },
    })
    expect(context).toEqual({ user: 'u', bio: mended, [mended]: 1 })
    expect(ended.find(({ taskId }) => taskId === 'fail')?.error).toMatchObject({
      message: mended,
      details: { fields: { why: { [mended]: mended } } },
    })
    expect(seen).toEqual([{ at: mended }])
    const waiting = await orchestrator.startWorkflow(workflow([{ id: 'w', name: 'w', waitFor: { signal: 'never' } }], { id: 'waits' }))
    await waiting.cancel(cut)
    expect((await waiting.settled()).reason).toBe(mended)
  })

  it('in two keys that would become one is refused by path', async () => {
    const twins = { 'a\ud800': 1, inner: { 'a\udbff': 1, 'a\ufffd': 2 }, 'a\ud801': 2 }
    const orchestrator = orchestratorWith({ work: () => twins }, stores[store]?.())
    const paths = ['inner["a\ufffd"]', '["a\\ud801"]']
    const { cause } = await rejection(orchestrator.executeWorkflow(workflow([task('a')])))
    expect(places(cause as ValidationError)).toEqual([`ERR_NOT_JSON result.${paths[0]}`, `ERR_NOT_JSON result${paths[1]}`])
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a')]), twins))
    expect([error.code, ...places(error)]).toEqual(['ERR_NOT_JSON', `ERR_NOT_JSON context.${paths[0]}`, `ERR_NOT_JSON context${paths[1]}`])
  })
})

it('a cut text is one value wherever the process crashes', async () => {
  const agents = { read: () => ({ note: cut }), echo: ({ input, context }: TaskInput) => [input.data, context.dependencies] }
  const kit = await kitWith(agents, { storage: 'file' })
  const next = task('next', { agentId: 'echo', dependencies: ['read'], input: { data: '{{ results.read.note }} {{ context.bio }}' } })
  let crashes = 0
  for await (const { execution } of kit.crashPoints(workflow([task('read', { agentId: 'read' }), next]), { bio: cut })) {
    expect(execution.results['next']).toEqual([`${mended} ${mended}`, { read: { note: mended } }])
    crashes += 1
  }
  expect(crashes).toBeGreaterThan(4)
})

// Half of a pair in a name became U+FFFD on its way into the store: two names were one there, and two in memory.
describe('a name with half of a surrogate pair is refused by path', () => {
  const half = 'x\ud83d'
  const flow = workflow([task('a')])

  it.each<[string, object, string]>([
    ['executionId', { executionId: half }, 'options.executionId'],
    ['tenant', { tenant: half }, 'options.tenant'],
    ['idempotencyKey', { idempotencyKey: half }, 'options.idempotencyKey'],
    ['concurrency.key', { concurrency: { key: half, limit: 1 } }, 'options.concurrency.key'],
  ])('%s', async (_, options, path) => {
    const error = await rejection(orchestratorWith({ work: () => 1 }).executeWorkflow(flow, {}, options))
    expect([error.code, ...places(error)]).toEqual(['ERR_INVALID_ARGUMENT', path])
  })

  it('the name of a signal and its path, of a schedule, an agent, a type, a provider', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    const { id } = await orchestrator.startWorkflow(workflow([task('w', { waitFor: { signal: 'go' } })]))
    expect(places(await rejection(orchestrator.signalExecution(id, half)))).toEqual(['name'])
    expect(places(await rejection(orchestrator.signalExecution(id, 'go', 1, { path: half })))).toEqual(['options.path'])
    expect(places(await rejection(orchestrator.scheduleWorkflow(flow, { every: '1h' }, {}, { id: half })))).toEqual(['options.id'])
    const { agentPool, modelIntegration } = orchestrator
    const type = { create: () => ({ execute: () => 1 }) }
    expect(places(thrownBy(() => agentPool.registerAgentType(half, type)))).toEqual(['name'])
    expect(places(thrownBy(() => agentPool.registerAgent({ id: half, type: 'work' })))).toEqual(['agent.id'])
    expect(places(thrownBy(() => modelIntegration.registerProvider(half, { generate: () => Promise.reject(new Error('no')) })))).toEqual([
      'name',
    ])
    await orchestrator.cancelExecution(id)
  })

  it('everything in a definition, its data too, and what a spawned task is called', async () => {
    const orchestrator = orchestratorWith({ work: () => 1, spawn: (_, { spawn }) => void spawn(task(half, { input: { data: cut } })) })
    const written = workflow([task(half, { input: { data: { [half]: [half] } } })])
    expect(places(await rejection(orchestrator.executeWorkflow(written)))).toEqual([
      'ERR_NOT_JSON tasks[0].id',
      'ERR_NOT_JSON tasks[0].name',
      'ERR_NOT_JSON tasks[0].input.data["x\\ud83d"][0]',
      'ERR_NOT_JSON tasks[0].input.data',
    ])
    const { cause } = await rejection(orchestrator.executeWorkflow(workflow([task('a', { agentId: 'spawn' })])))
    expect(places(cause as ValidationError)).toEqual(['ERR_NOT_JSON task.id', 'ERR_NOT_JSON task.name'])
  })
})

// What groups make of a deep result is deeper than the engine reads: conditions saw null, and the task was skipped.
describe('a value that is too deep for the engine', () => {
  const deep = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1)
  const nest = (levels: number, leaf: AgentTask): AgentTask =>
    levels === 0 ? leaf : { id: `g${levels}`, name: 'g', type: 'sequential', tasks: [nest(levels - 1, leaf)] }
  const inside = [nest(40, task('src', { agentId: 'deep' }))]
  const open = () => orchestratorWith({ deep: () => deep(99), echo: ({ input }) => input.data ?? 'ran' }, { workflow: { maxDepth: 60 } })

  it.each<[string, AgentTask, string]>([
    [
      'a condition',
      task('b', { agentId: 'echo', conditions: ['results.g40 != null'] }),
      'ERR_EXPRESSION the condition `results.g40 != null`: `results.g40` cannot be read',
    ],
    [
      'a template',
      task('b', { agentId: 'echo', input: { data: '{{ tasks.g40.output }}' } }),
      'ERR_TEMPLATE input: `tasks.g40.output` cannot be read',
    ],
    [
      'a list of a loop',
      task('b', { agentId: 'echo', type: 'loop', loop: { forEach: '[results.g40]' } }),
      'ERR_EXPRESSION `forEach` is `[results.g40]`: `results.g40` cannot be read',
    ],
  ])('fails %s that reads it, by its place', async (_, reader, wanted) => {
    const { execution } = await rejection(open().executeWorkflow(workflow([...inside, reader])))
    expect(`${execution?.error?.code} ${execution?.error?.message}`).toContain(wanted)
    expect(execution?.error?.message).toContain('it nests deeper than 127 levels')
  })

  it('is whole for a function that is a condition', async () => {
    let seen: unknown
    const look = (scope: { results: { g40: unknown } }): boolean => {
      seen = scope.results.g40
      return true
    }
    await open().executeWorkflow(workflow([...inside, task('b', { agentId: 'echo', conditions: [look] })]))
    const expected = Array.from({ length: 39 }).reduce<unknown>((inner, _, place) => ({ [`g${place + 1}`]: inner }), { src: deep(99) })
    expect(seen).toEqual(expected)
  })
})

// An agent returned the Response of fetch, or an object with nothing but private fields: the task completed, with `{}` on record.
describe('an object that JSON would make `{}` of', () => {
  class Secret {
    readonly #value = 1
    get value(): number {
      return this.#value
    }
  }

  it.each<[string, unknown, string]>([
    [
      'a Response',
      new Response('{}'),
      'result: JSON would keep nothing of a Response: return await response.json(), or await response.text()',
    ],
    [
      'an object with private fields',
      { inner: [new Secret()] },
      'result.inner[0]: JSON would keep nothing of a Secret: return a plain object',
    ],
    ['an object of an unnamed class', new (class {})(), 'result: JSON would keep nothing of this object'],
    ['an AbortSignal', { signal: new AbortController().signal }, 'result.signal: JSON would keep nothing of an AbortSignal: leave it out'],
  ])('%s is refused with what to return instead', async (_, value, wanted) => {
    const { cause } = await rejection(orchestratorWith({ work: () => value }).executeWorkflow(workflow([task('a')])))
    expect((cause as Error).message).toContain(wanted)
    expect((cause as ValidationError).code).toBe('ERR_NOT_JSON')
  })

  it('is none if it is plain, has a toJSON, or has a member', async () => {
    const empties = [
      {},
      Object.create(null),
      [],
      { toJSON: () => ({}) },
      new (class {
        x = undefined
      })(),
      new (class {
        toJSON(): object {
          return {}
        }
      })(),
    ]
    const { results } = await orchestratorWith({ work: () => empties }).executeWorkflow(workflow([task('a')]))
    expect(results['a']).toEqual([{}, {}, [], {}, {}, {}])
  })
})

// One result of 100 MB went through everything, and the event loop stood still for seconds.
describe.each(Object.keys(stores))('a value beyond workflow.maxValueBytes, with the store %s', (store) => {
  const open = (work: (task: TaskInput) => unknown, maxValueBytes?: number) =>
    orchestratorWith({ work }, { ...stores[store]?.(), ...(maxValueBytes !== undefined && { workflow: { maxValueBytes } }) })
  const flow = workflow([task('a')])

  it('is refused with its size and its place, as a result, a context and a payload', async () => {
    const orchestrator = open(() => ({ rows: [{ blob: 'ä'.repeat(600) }, 1] }), 1000)
    const { cause } = await rejection(orchestrator.executeWorkflow(flow))
    const said = 'is 1,224 bytes as JSON, most of them in `result.rows[0].blob`; at most 1,000 are allowed: keep the data elsewhere'
    expect([(cause as ValidationError).code, places(cause as ValidationError)]).toEqual(['ERR_TOO_LARGE', ['ERR_TOO_LARGE result']])
    expect((cause as Error).message).toContain(`the result of task \`a\` is too large: result: ${said}`)
    const context = await rejection(orchestrator.executeWorkflow(flow, { text: '\u0001'.repeat(200) }))
    expect([context.code, ...places(context)]).toEqual(['ERR_TOO_LARGE', 'ERR_TOO_LARGE context'])
    const handle = await orchestrator.startWorkflow(workflow([task('w', { waitFor: { signal: 'go' } })], { id: 'waits' }))
    const payload = await rejection(handle.signal('go', 'x'.repeat(999)))
    expect([payload.code, ...places(payload)]).toEqual(['ERR_TOO_LARGE', 'ERR_TOO_LARGE payload'])
    await handle.signal('go', 'x'.repeat(998))
    expect((await handle.settled()).error?.code).toBe('ERR_TOO_LARGE')
  })

  it('is 16 MiB unless said otherwise, to the byte', async () => {
    const bytes = 16 << 20
    const just = await open(() => 'x'.repeat(bytes - 2)).executeWorkflow(flow)
    expect((just.results['a'] as string).length).toBe(bytes - 2)
    const { cause } = await rejection(open(() => 'x'.repeat(bytes - 1)).executeWorkflow(flow))
    expect((cause as ValidationError).code).toBe('ERR_TOO_LARGE')
    expect(((await open(() => 'x'.repeat(bytes), 2 * bytes).executeWorkflow(flow)).results['a'] as string).length).toBe(bytes)
  })
})

// Templates wrote an object with its keys in the order of the alphabet, and `2.0` for two: a prompt did not say what the value said.
it('a text shows objects and numbers as JavaScript writes them', async () => {
  const value = { z: 1, b: [1e21, 1e-7, 0.5, 123456789012345680000], a: { y: 2, c: 3 } }
  const orchestrator = orchestratorWith({ work: () => value, echo: ({ input }) => input })
  const prompt =
    '{{ results.a }} {{ results.a.b[0] }} {{ results.a.b[1] }} {{ results.a.z / 1 }} {% for k in results.a %}{{ k }}{% endfor %}'
  const tasks = [
    task('a'),
    task('b', { agentId: 'echo', input: { prompt } }),
    task('c', { agentId: 'echo', conditions: ["string(results.a.b[0]) == '1e+21' && string(4.0 / 2.0) == '2'"] }),
  ]
  const { results } = await orchestrator.executeWorkflow(workflow(tasks))
  expect(results['b']).toEqual({ prompt: `${JSON.stringify(value)} ${String(1e21)} ${String(1e-7)} 1 zba` })
  expect(results['c']).toEqual({})
})

// A task whose agent could not be asked, or whose condition failed, "failed in attempt 0".
it('a task that failed before its first attempt tells of none', async () => {
  const orchestrator = orchestratorWith({ work: () => 1 })
  const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { conditions: ['context.no == 1'] })])))
  expect(error.message).toMatch(/^task `a` failed: the condition/)
})

// A Proxy that threw at `getPrototypeOf` ended the process: nothing caught what asking "what are you" threw.
describe('a Proxy that throws is the error of whoever passed it', () => {
  const traps = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'] as const
  const hostile = (trap: (typeof traps)[number], target: object = { a: 1 }): object =>
    new Proxy(target, {
      [trap]: () => {
        throw new Error('trap')
      },
    })
  const revoked = (): object => {
    const { proxy, revoke } = Proxy.revocable({}, {})
    revoke()
    return proxy
  }
  const every: [string, () => object][] = [
    ...traps.map((trap): [string, () => object] => [trap, () => hostile(trap)]),
    ['revoked', revoked],
  ]

  it.each(every)('%s: a result, a context, options, a filter, a payload, a definition, a registration', async (_, make) => {
    const orchestrator = orchestratorWith({ work: () => ({ inner: make() }), top: () => make(), thrower: () => Promise.reject(make()) })
    const flow = (agentId: string) => workflow([task('a', { agentId })], { id: agentId })
    const typed = async (promise: Promise<unknown>, root: string): Promise<void> => {
      const settled = await promise.then(
        () => undefined,
        (error: unknown) => error,
      )
      // Some traps are never asked: then there is nothing wrong with it.
      if (settled !== undefined) for (const place of places(settled as ValidationError)) expect(place).toContain(root)
    }
    for (const agentId of ['work', 'top']) {
      const end = await orchestrator.executeWorkflow(flow(agentId)).catch((error: { cause: unknown }) => error)
      if ('cause' in end) await typed(Promise.reject(end.cause), 'result')
    }
    expect((await rejection(orchestrator.executeWorkflow(flow('thrower')))).code).toBe('ERR_TASK_FAILED')
    await typed(orchestrator.executeWorkflow(flow('no'), make()), '')
    await typed(orchestrator.executeWorkflow(workflow([]), { inner: make() }), '')
    await typed(
      orchestrator.executeWorkflow(flow('thrower'), {}, make() as never).catch((error: unknown) => {
        if ((error as { code?: string }).code !== 'ERR_TASK_FAILED') throw error
      }),
      'options',
    )
    await typed(orchestrator.listExecutions(make() as never), 'filter')
    await typed(orchestrator.executeWorkflow(make() as never), '')
    await typed(orchestrator.executeWorkflow(workflow([make() as AgentTask])), 'tasks[0]')
    await typed(orchestrator.scheduleWorkflow(flow('work'), make() as never), '')
    for (const register of [
      () => orchestrator.agentPool.registerAgentType('t', make() as never),
      () => orchestrator.agentPool.registerAgent(make() as never),
      () => orchestrator.agentPool.registerTool(make() as never),
      () => orchestrator.modelIntegration.registerProvider('p', make() as never),
      () => orchestrator.modelIntegration.registerModel(make() as never),
    ])
      expect(places(thrownBy(register)).length).toBeGreaterThan(0)
    await expectStillWorks(orchestrator)
  })

  it('says where, and what it threw', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    const options = {
      get tenant(): string {
        throw new RangeError('no tenant today')
      },
    }
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a')]), {}, options))
    expect(error.message).toBe('the options cannot be used: options.tenant: reading it threw RangeError: no tenant today')
    expect(error.cause).toBeInstanceOf(RangeError)
    const thenable = new Proxy(
      // oxlint-disable-next-line unicorn/no-thenable -- the trap
      { then: () => {} },
      {
        getPrototypeOf: () => {
          throw new Error('trap')
        },
      },
    )
    const hanging = orchestratorWith({ work: () => thenable })
    expect((await rejection(hanging.executeWorkflow(workflow([task('a')])))).message).toContain('trap')
  })
})
