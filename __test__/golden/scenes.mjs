// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the golden store holds, and how each of its executions goes on: told to the package that wrote it, to today's, and to the one before again.
// `begin` leaves behind what a first process began; `goOn` brings all of it to an end and says how it ended. Nothing here names a package.

const EXECUTION_ID = {
  slashed: 'order/7@eu',
  instant: 'nightly@2026-01-01T02:00:00.000Z',
  keyLike: `key-${'0123456789abcdef'.repeat(2)}`,
  collides: 'a~b',
}

const CHILDREN = ['parent/in.line/1', 'parent/named/1', 'parent/dot.inner/1', 'spawning/host/of/mine/1']

/** When the second process opens the store. */
export const LATER = '2026-01-01T00:30:00Z'

const task = (id, rest = {}) => ({ id, name: id, agentId: 'work', ...rest })
const waits = (id, signal, rest = {}) => ({ id, name: id, waitFor: { signal, ...rest } })
const flow = (id, tasks, rest = {}) => ({ id, name: id, version: '1', tasks, ...rest })

/** A schema of more parts, deeper, than anybody writes by hand. */
const large = () => {
  const properties = Object.fromEntries(Array.from({ length: 10_500 }, (_, place) => [`field${place}`, { type: 'string' }]))
  let deep = { type: 'number' }
  for (let level = 0; level < 70; level += 1) deep = { items: deep }
  return { type: 'object', properties: { ...properties, deep } }
}

/** Names that anybody could give: of tasks, signals, tenants, groups. */
const odd = [
  task('a/b'),
  { id: 'l', name: 'l', type: 'loop', loop: { forEach: [1, 2] }, tasks: [task('c', { input: { data: '{{ item }}' } })] },
  task('l[0].c'),
  task('p[0]'),
  task('p', { type: 'loop', loop: { forEach: ['x'] } }),
  { id: 'fetch.data', name: 'group', tasks: [task('in.side'), { id: 'un.der', name: 'under', tasks: [task('deep')] }] },
  waits('w/1', 'go\u0007on'),
  task('last!', { input: { data: { seen: "{{ tasks['a/b'].output.of }}" } } }),
]

const childFlow = (id) => flow(id, [task('sub/task'), waits('more?', 'more'), task('after')])

const definitions = {
  odd: flow('odd/flow', odd),
  instant: flow('instant', [waits('w', 'go'), task('a')]),
  keyLike: flow('key-like', [waits('w', 'go'), task('a')]),
  collides: flow('collides', [task('parent', { agentId: 'spawns' }), task('parent/x/y'), waits('w', 'go')]),
  child: flow('with-child', [
    task('first'),
    { id: 'in.line', name: 'inline', workflow: childFlow('inline-child') },
    { id: 'named', name: 'named', workflow: 'registered/child' },
    {
      id: 'dot.group',
      name: 'group',
      type: 'parallel',
      tasks: [{ id: 'inner', name: 'inner', workflow: flow('grouped-child', [waits('w', 'more'), task('x/k')]) }],
    },
  ]),
  early: flow('early', [waits('first', 'one'), waits('second', 'two'), task('a')]),
  paused: flow('paused', [task('before'), task('a/b')]),
  undone: flow(
    'undone',
    [task('made/it', { compensate: { agentId: 'stuck', input: { data: 'undo' } } }), task('bad', { agentId: 'fails' })],
    {
      failurePolicy: 'fail_fast',
    },
  ),
  retrying: flow('retrying', [task('flaky/1', { agentId: 'fails', retryPolicy: { maxAttempts: 3, initialDelay: '2h' } })]),
  delayed: flow('delayed', [{ id: 'sleep/1', name: 'sleep', waitFor: { delay: '90m' } }, task('a')]),
  half: flow('half', [waits('w', 'go'), task('a', { input: { data: '{{ input.plain }}' } })]),
  large: flow('large', [waits('w', 'go'), task('a', { outputSchema: large() })]),
  cached: flow('cached', [task('look/up', { cache: { ttl: '30d' }, input: { data: 'same' } }), waits('w', 'go')]),
  cachedBefore: flow('cached-before', [task('look/up', { cache: { ttl: '30d' }, input: { data: 'same' } })]),
  spawning: flow('spawning', [task('host', { agentId: 'spawns', input: { data: 'child' } })]),
  completed: flow(
    'completed',
    odd.filter(({ waitFor }) => waitFor === undefined),
  ),
  failed: flow('failed', [task('a/b'), task('breaks', { agentId: 'fails' }), task('after~')]),
  cancelled: flow('cancelled', [task('a/b'), waits('w\\1', 'never'), task('after')]),
  keyed: flow('keyed', [task('a.b', { agentId: 'fails' })]),
  keyedWell: flow('keyed-well', [task('a.b')]),
  keyedWaits: flow('keyed-waits', [waits('a.b', 'go')]),
  again: flow('again', [
    { id: 'l', name: 'l', type: 'loop', loop: { while: 'iteration < 2' }, tasks: [task('c')] },
    { id: 'dot.group', name: 'group', tasks: [task('d')] },
  ]),
  scheduled: flow('scheduled', [task('a/b')]),
}

/**
 * What the process registers. `isFirst`: that of `begin`, in which `fails` fails and `stuck` never answers.
 * `calls` hears of each call: `execution task attempt key`. `registers`: whether it registers a workflow that only an older version does.
 */
export const setup =
  (isFirst, calls = [], registers = isFirst()) =>
  (orchestrator) => {
    const answer = (given, context) => {
      calls.push(`${given.executionId} ${given.id} ${given.attempt} ${context.idempotencyKey}`)
      return { of: given.id, data: given.input.data ?? null }
    }
    const agents = {
      work: answer,
      fails: (given, context) => {
        answer(given, context)
        if (isFirst()) throw new Error('not yet')
        return { of: given.id, at: 'last' }
      },
      stuck: (given, context) => (isFirst() ? new Promise(() => {}) : answer(given, context)),
      spawns: async (given, context) => {
        answer(given, context)
        const task =
          given.input.data === 'child'
            ? { id: 'of/mine', name: 'spawned', workflow: childFlow('spawned-child') }
            : { id: 'x/y', name: 'spawned', agentId: 'work' }
        const output = await context.spawn(task)
        if (isFirst()) await new Promise(() => {})
        return output
      },
    }
    for (const [name, execute] of Object.entries(agents))
      orchestrator.agentPool.registerAgentType(name, { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 1000 })
    if (registers) orchestrator.workflowEngine.registerWorkflow(childFlow('registered/child'))
  }

/** Resolves when `test` does so with true, though no time passes. */
async function reached(test) {
  for (let turns = 0; turns < 1000; turns += 1) {
    if (await test()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`it is never reached: ${test}`)
}

/** Begins everything, on a kit with a file. What is to be continued is at rest when it resolves. */
export async function begin(kit) {
  const { orchestrator } = kit
  const start = (name, context = {}, options = {}) => orchestrator.startWorkflow(definitions[name], context, options)
  const settled = (handle) => kit.until(handle.settled())
  await start(
    'odd',
    { who: 'me' },
    { executionId: EXECUTION_ID.slashed, tenant: 'team\u0007', priority: 2, concurrency: { key: 'k/1', limit: 5 } },
  )
  await start('instant', {}, { executionId: EXECUTION_ID.instant })
  await start('keyLike', {}, { executionId: EXECUTION_ID.keyLike })
  await start('collides', {}, { executionId: EXECUTION_ID.collides })
  await start('child', { who: 'parent' }, { executionId: 'parent', tenant: 'them' })
  const early = await start('early', {}, { executionId: 'early' })
  await kit.clock.advance(1)
  await early.signal('two', { came: 'early' })
  await early.signal('nobody/takes\u0001', { came: 'for nobody' })
  await early.signal('two', { came: 'for another path' }, { path: 'no.such[7].path' })
  const paused = await start('paused', {}, { executionId: 'paused', step: true })
  await reached(async () => (await paused.status()) === 'paused')
  await start('undone', {}, { executionId: 'undone' })
  await start('retrying', {}, { executionId: 'retrying' })
  await start('delayed', {}, { executionId: 'delayed' })
  await start('half', { half: 'an emoji \ud83d', plain: 'text' }, { executionId: 'half' })
  await start('large', {}, { executionId: 'large' })
  await settled(await start('cachedBefore', {}, { executionId: 'cached-before' }))
  await start('cached', {}, { executionId: 'cached' })
  await start('spawning', {}, { executionId: 'spawning' })
  await settled(await start('completed', { who: 'me' }, { executionId: 'completed/1' }))
  await settled(await start('failed', { who: 'me' }, { executionId: 'failed/1' }))
  const cancelled = await start('cancelled', {}, { executionId: 'cancelled/1' })
  await cancelled.cancel('no more')
  await settled(cancelled)
  // A key that stands for its third execution, after two that failed; one that stands for one that failed; one for one that goes on.
  for (let generation = 1; generation <= 3; generation += 1)
    await settled(await start('keyed', { order: 1 }, { idempotencyKey: 'order/1', onFailed: 'rerun', tenant: 'them' }))
  await settled(await start('keyedWell', { order: 2 }, { idempotencyKey: 'order/2' }))
  await start('keyedWaits', { order: 3 }, { idempotencyKey: 'order/3' })
  await orchestrator.scheduleWorkflow(
    definitions.scheduled,
    { every: '1h', missed: 'all' },
    { who: 'clock' },
    { id: 'each/hour', tenant: 'team\u0007' },
  )
  await orchestrator.scheduleWorkflow(...again)
  await kit.clock.advance(10)
}

/** What a program schedules at each of its starts. */
export const again = [definitions.again, { every: '100d' }, { who: 'clock' }, { id: 'each.day', tenant: 'them' }]

/** How an execution ended, without what is allowed to differ: instants, words of messages. */
function ended({ id, workflowId, status, results, error, tasks, tenant, forkedFrom, schedule }) {
  const paths = tasks.map(({ taskId, status: how, attempts, reason, error: failure }) =>
    [taskId, how, attempts, reason, failure?.code].filter((part) => part !== undefined).join(' '),
  )
  const rest = { tenant, forkedFrom, schedule: schedule?.id, error: error === undefined ? undefined : `${error.code} ${error.taskId}` }
  return JSON.parse(JSON.stringify({ id, workflowId, status, results, tasks: paths, ...rest }))
}

/** Brings everything in the golden store to its end and says how it ended. `kit` has the store open; `calls` is what `setup` was given. */
export async function goOn(kit, calls) {
  const { orchestrator } = kit
  const handle = (id) => orchestrator.getHandle(id)
  const end = async (id) => ended(await kit.until(handle(id).settled()))
  const signal = (id, name, payload = true) => handle(id).signal(name, payload)
  const there = (id) => reached(async () => (await orchestrator.getExecution(id)) !== undefined)
  const isChosen = (id) => !/^key-[0-9a-f]{32}/.test(id) || id === EXECUTION_ID.keyLike
  // Nothing of that one waits.
  await end('undone')
  const { executions } = await orchestrator.listExecutions({ limit: 1000 })
  const before = executions
    .filter(({ id }) => isChosen(id))
    .map(({ id, status }) => `${id} ${status}`)
    .toSorted()
  const schedules = (await orchestrator.listSchedules()).map(({ id, workflowId, next }) => ({ id, workflowId, next: next?.toISOString() }))

  await handle('paused').resume()
  await signal(EXECUTION_ID.slashed, 'go\u0007on')
  for (const name of ['instant', 'keyLike', 'collides']) await signal(EXECUTION_ID[name], 'go')
  for (const id of ['half', 'large', 'cached']) await signal(id, 'go')
  await signal('early', 'one')
  for (const child of CHILDREN) {
    await there(child)
    await signal(child, 'more')
  }
  const chosen = ['parent', 'early', 'paused', 'undone', 'retrying', 'delayed', 'half', 'large', 'cached', 'spawning']
  const ends = {}
  for (const id of [...Object.values(EXECUTION_ID), ...chosen, 'completed/1', 'failed/1', 'cancelled/1']) ends[id] = await end(id)
  // Half an emoji made the whole context null for templates, which is no way to end that anybody wants kept.
  ends.half = { id: ends.half.id, tasks: ends.half.tasks.length }
  for (const id of CHILDREN) ends[id] = await end(id)

  // What a fork takes over and what it does again may change; what comes of it may not.
  const outcome = async (handle) => {
    const { status, results, forkedFrom } = ended(await kit.until(handle.settled()))
    return { status, results, forkedFrom }
  }
  const forks = {}
  for (const [id, from] of [
    ['completed/1', 'p'],
    ['early', 'a'],
    ['paused', 'before'],
  ])
    forks[id] = await outcome(await orchestrator.forkExecution(id, from, { executionId: `fork of ${id.replace('/', ' ')}` }))
  forks.retry = await outcome(await orchestrator.retryExecution('failed/1', { executionId: 'retry' }))

  await kit.clock.advance('3h')
  const planned = await orchestrator.listExecutions({ limit: 1000, workflowId: 'scheduled' })
  const runs = planned.executions.map(ended).toReversed()
  // What is done again over a restart is done under the key it had.
  const again = calls.filter((call) => !/^(fork of|retry|half) /.test(call)).toSorted()
  return { before, schedules, ends, forks, runs, calls: again }
}

/** The calls with keys that a program makes again and again, for a store that has those of `begin`. */
export const keyed = [
  { workflow: definitions.keyedWell, context: { order: 2 }, options: { idempotencyKey: 'order/2' } },
  { workflow: definitions.keyedWaits, context: { order: 3 }, options: { idempotencyKey: 'order/3' } },
  { workflow: definitions.keyed, context: { order: 1 }, options: { idempotencyKey: 'order/1', onFailed: 'rerun', tenant: 'them' } },
]
