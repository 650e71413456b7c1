// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Agents in worker threads: the same contract as inline, over JSON; whatever one of them does harms its own attempts alone.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type {
  AgentType,
  AttemptContext,
  MultiAgentOrchestrator,
  OrchestratorError,
  ValidationError,
  WorkerAgentType,
} from '@codexos/multi-agent-orchestrator'
import { run, type Ended } from '../support/child.ts'
import { root, storePath, temporaryFolder, userFolder, writeInto } from '../support/folder.ts'
import {
  expectStillWorks,
  orchestratorWith,
  places,
  rejection,
  task,
  thrownBy,
  until,
  untilAborted,
  workflow,
} from '../support/orchestrators.ts'

const folder = temporaryFolder()
const MEBIBYTE = 1024 * 1024
let modules = 0

/** A module whose agent does `body`, which sees `task`, `ctx` and `config`. */
const doing = (body: string, rest = ''): string => moduleOf(`({ execute: async (task, ctx) => { ${body} }, ${rest} })`)
const moduleOf = (agent: string, extension: 'mjs' | 'cjs' = 'mjs'): string => {
  const create = `(config) => ${agent}`
  const text = extension === 'mjs' ? `export const create = ${create}` : `exports.create = ${create}`
  return written(text, extension)
}
const written = (text: string, extension: 'mjs' | 'cjs' = 'mjs'): string => writeInto(folder, `agent-${(modules += 1)}.${extension}`, text)

function withWorker(module: string | URL, rest: Partial<WorkerAgentType> = {}, agents = {}): MultiAgentOrchestrator {
  const orchestrator = orchestratorWith(agents)
  orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module, maxAgents: 20, maxConcurrency: 100, ...rest })
  return orchestrator
}

const block = (ms: number): void => {
  for (const from = Date.now(); Date.now() - from < ms;) Math.sqrt(from)
}
const only = workflow([task('a')])
const spin = 'while (true) {}'
/** What the attempt of the one task failed with. */
const failureOf = async (body: string, rest: Partial<WorkerAgentType> = {}): Promise<OrchestratorError> => {
  const orchestrator = withWorker(doing(body), rest)
  const { cause } = await rejection(orchestrator.executeWorkflow(only))
  await expectStillWorks(orchestrator)
  return cause as OrchestratorError
}

describe('a module', () => {
  const program = (how: string, module: string): string => `${how}
    async function main() {
      const orchestrator = new MultiAgentOrchestrator()
      orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module: ${module}, maxAgents: 1 })
      orchestrator.agentPool.registerAgent({ id: 'mine', type: 'work', configuration: { greeting: 'hello' } })
      const { results } = await orchestrator.executeWorkflow(
        { id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'mine' }] }, { user: 'u' })
      console.log(results)
      if (process.argv[2] === 'shutdown') await orchestrator.shutdown()
    }
    main()`
  const body = `({ execute: async (task) => {
      console.log('in the worker'); console.error('aside')
      return [config.greeting, task.context.user, (await import('node:worker_threads')).isMainThread]
    }, dispose: () => console.log('disposed') })`

  it.each([
    ['mjs', 'mjs'],
    ['mjs', 'cjs'],
    ['cjs', 'mjs'],
    ['cjs', 'cjs'],
  ] as const)('of a .%s program may be .%s; what it prints is seen, and an idle worker keeps no process alive', async (user, kind) => {
    const home = userFolder()
    writeInto(home, `agent.${kind}`, kind === 'mjs' ? `export const create = (config) => ${body}` : `exports.create = (config) => ${body}`)
    const how = { mjs: "import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'", cjs: '' }[user]
    const text =
      user === 'mjs'
        ? program(how, `new URL('./agent.${kind}', import.meta.url)`)
        : program("const { MultiAgentOrchestrator } = require('@codexos/multi-agent-orchestrator')", `require.resolve('./agent.${kind}')`)
    // What a worker prints takes a way of its own, so the order of both is open.
    const lines = ({ stdout, ...ended }: Ended): object => ({ ...ended, lines: stdout.trimEnd().split('\n').toSorted() })
    const printed = ['in the worker', "{ a: [ 'hello', 'u', false ] }"]
    expect(lines(await run(home, text, [], user))).toEqual({ code: 0, signal: null, lines: printed, stderr: 'aside\n' })
    expect(lines(await run(home, text, ['shutdown'], user))).toMatchObject({ code: 0, lines: ['disposed', ...printed] })
  })

  it.each<[string, string, string, RegExp]>([
    [
      'that does not exist',
      `${folder}/nowhere.mjs`,
      'ERR_AGENT_CREATE',
      /`work` could not be made: its module `\/.*nowhere\.mjs` cannot be loaded: Cannot find/,
    ],
    ['with an error of syntax', written('export const = 1'), 'ERR_AGENT_CREATE', /cannot be loaded: .*Unexpected token/],
    ['that throws', written("throw new Error('no licence')"), 'ERR_AGENT_CREATE', /cannot be loaded: no licence/],
    ['that exports nothing', written('const a = 1'), 'ERR_AGENT_INVALID', /exports nothing; export a function create\(config\) from it/],
    [
      'that exports something else',
      written('export const make = 1'),
      'ERR_AGENT_INVALID',
      /agent-\d+\.mjs` of agent `work` exports `make`; export/,
    ],
    [
      'whose create returns nothing',
      moduleOf('undefined'),
      'ERR_AGENT_INVALID',
      /create of agent `work` returned nothing; return \{ execute: /,
    ],
    ['whose create returns something else', moduleOf('({ run: 1 })'), 'ERR_AGENT_INVALID', /something without an `execute` method/],
    ['whose create rejects', moduleOf("Promise.reject(new Error('no key'))"), 'ERR_AGENT_CREATE', /could not be made: no key/],
    ['whose create exits', moduleOf('process.exit(3)'), 'ERR_AGENT_CREATE', /could not be made: its worker ended with exit code 3/],
    [
      'that fails later than it loads',
      `${written("setTimeout(() => { throw new Error('late') }); await new Promise(() => {})")}`,
      'ERR_AGENT_CREATE',
      /an uncaught exception: late/,
    ],
  ])('%s fails the task', async (_, module, code, message) => {
    const orchestrator = withWorker(module)
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { timeout: 300 })])))
    expect(error.cause).toMatchObject({ code, message: expect.stringMatching(message) })
    await expectStillWorks(orchestrator)
  })

  it.each([
    ['a default export', 'export default { create: () => ({ execute: () => 1 }) }', 'mjs'],
    ['module.exports', 'module.exports = { create: async () => ({ execute: () => 1 }) }', 'cjs'],
  ] as const)('may have create in %s', async (_, text, extension) => {
    expect((await withWorker(pathToFileURL(written(text, extension)).href).executeWorkflow(only)).results).toEqual({ a: 1 })
  })
})

it('the documented agent works as printed', async () => {
  const [, ofWorkers = ''] = readFileSync(join(root, 'docs/agents.md'), 'utf8').split('## In a worker thread')
  const blocks = ofWorkers.matchAll(/```js\n([\s\S]*?)```/g)
  const [module = '', registration = ''] = [...blocks].map(([, text]) => text)
  const home = userFolder()
  writeInto(home, 'fibonacci.mjs', module)
  const source = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator()
    ${registration}
    const tasks = ['fibonacci', 'second'].map((id) => ({ id, name: id, agentId: id, dependencies: [] }))
    console.log((await orchestrator.executeWorkflow({ id: 'w', name: 'w', version: '1', tasks }, { n: 20 })).results)`
  expect(await run(home, source)).toMatchObject({ code: 0, stdout: '{ fibonacci: 6765, second: 10946 }\n', stderr: '' })
})

it('a program given as text may have workers too', async () => {
  // Its --input-type was once handed to the worker, which refused its own file.
  const source = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator()
    orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module: ${JSON.stringify(doing('return 1'))} })
    const flow = { id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }
    console.log((await orchestrator.executeWorkflow(flow)).results)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', source], { cwd: userFolder() })
  expect(stdout).toBe('{ a: 1 }\n')
})

describe('the attempt', () => {
  it('has its task as plain data, and its number and key', async () => {
    const body = `
      task.context.dependencies.a.rows.push('mine')
      return [JSON.parse(JSON.stringify(task)), Object.getPrototypeOf(task) === Object.prototype, ctx.attempt, ctx.idempotencyKey, ctx.signal.aborted]`
    const orchestrator = withWorker(doing(body), {}, { rows: () => ({ rows: [1] }) })
    const flow = workflow([task('a', { agentId: 'rows' }), task('b', { input: { prompt: 'p', data: { n: 1 } }, dependencies: ['a'] })])
    const { id, results } = await orchestrator.executeWorkflow(flow, { user: 'u' })
    const context = { user: 'u', dependencies: { a: { rows: [1, 'mine'] } } }
    const called = { id: 'b', name: 'b', agentId: 'work', type: 'parallel', executionId: id, attempt: 1 }
    const seen = { ...called, input: { prompt: 'p', data: { n: 1 } }, context }
    expect(results).toEqual({ a: { rows: [1] }, b: [seen, true, 1, `${id}:b`, false] })
  })

  it('announces progress, gives signs of life, and cannot announce what is not JSON', async () => {
    const body = `
      const { emit, heartbeat } = ctx
      for (let n = 0; n < 4; n += 1) { await new Promise((resolve) => setTimeout(resolve, 100)); heartbeat({ n }) }
      emit('done')
      try { emit(1n) } catch (error) { return [error.code, error.issues[0].path] }`
    const orchestrator = withWorker(doing(body))
    const heard: unknown[] = []
    orchestrator.on('task:progress', (_, data) => heard.push(data))
    const flow = workflow([task('a', { heartbeatTimeout: 350 })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ a: ['ERR_NOT_JSON', 'data'] })
    expect(heard).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }, 'done'])
  })

  const spawned = {
    echo: ({ input }: { input: { data?: unknown } }) => ({ echo: input.data }),
    fail: () => Promise.reject(new Error('broken')),
  }
  const spawn = (agentId: string): string => `ctx.spawn({ id: 's', name: 's', agentId: '${agentId}', input: { data: [1] } })`
  it.each<[string, string, unknown]>([
    ['gets its output', `return ${spawn('echo')}`, { echo: [1] }],
    ['need not wait for it', `${spawn('echo')}; return 1`, 1],
    [
      'may catch its failure',
      `return ${spawn('fail')}.then(null, (error) => [error.code, error.constructor.name, error.taskId])`,
      ['ERR_TASK_FAILED', 'TaskFailedError', 'a/s'],
    ],
    [
      'may catch that it cannot be',
      "return ctx.spawn({ id: 's' }).then(null, (error) => [error.code, error instanceof Error])",
      ['ERR_VALIDATION', true],
    ],
  ])('that spawns a task %s', async (_, body, result) => {
    expect((await withWorker(doing(body), {}, spawned).executeWorkflow(only)).results['a']).toEqual(result)
  })

  it.each<[string, string, string]>([
    ['fails', spawn('fail'), 'ERR_SPAWN_FAILED'],
    ['cannot be', "ctx.spawn({ id: 's' })", 'ERR_VALIDATION'],
    ['is not JSON', 'ctx.spawn({ id: 1n })', 'ERR_NOT_JSON'],
  ])('fails if a task that it spawned and did not wait for %s', async (_, body, code) => {
    const error = await rejection(withWorker(doing(`${body}; return 1`), {}, spawned).executeWorkflow(only))
    expect(error.cause).toMatchObject({ code })
  })
})

describe('what an isolated agent throws', () => {
  it('arrives with its code, name, stack and issues, and decides about the retry', async () => {
    const error = await failureOf(`
      class QuotaError extends Error { name = 'QuotaError' }
      throw Object.assign(new QuotaError('enough'), { code: 'EQUOTA', retryable: false, retryAfterMs: 5, issues: [{ path: 'x', message: 'y' }] })`)
    const { name, message, code, retryable, stack } = error
    expect([name, message, code, retryable]).toEqual(['QuotaError', 'enough', 'EQUOTA', false])
    expect(stack).toMatch(/^QuotaError: enough[\s\S]*agent-\d+\.mjs/)
    expect(error).toMatchObject({ retryAfterMs: 5, issues: [{ path: 'x', message: 'y' }] })
  })

  it('is recorded as that of an inline agent is', async () => {
    const recorded = async (orchestrator: MultiAgentOrchestrator): Promise<unknown> => {
      const { details, ...info } = (await rejection(orchestrator.executeWorkflow(only))).execution?.tasks[0]?.error ?? {}
      const { stack, ...others } = details ?? {}
      return { ...info, ...others, stack: typeof stack }
    }
    const throws: [string, unknown][] = [
      ["new TypeError('broken')", new TypeError('broken')],
      ["'just words'", 'just words'],
      ['undefined', undefined],
      ['{ code: 7 }', { code: 7 }],
    ]
    for (const [text, thrown] of throws) {
      const inline = orchestratorWith({ work: () => Promise.reject(thrown as Error) })
      expect(await recorded(withWorker(doing(`throw ${text}`)))).toEqual(await recorded(inline))
    }
  })

  it('is tried again, in the same worker', async () => {
    const orchestrator = withWorker(
      written("let n = 0; export const create = () => ({ execute: () => { n += 1; if (n < 3) throw new Error('not yet'); return n } })"),
    )
    const flow = workflow([task('a', { retryPolicy: { maxAttempts: 3, initialDelay: 1 } })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ a: 3 })
  })
})

describe('a result', () => {
  it.each<[string, string, string, RegExp]>([
    ['a BigInt', '({ n: 1n })', 'result.n', /use String\(value\)/],
    ['a function', '() => 1', 'result', /a function is not a JSON value/],
    ['a Map', '({ map: new Map() })', 'result.map', /Object\.fromEntries\(map\)/],
    ['a cycle', '(() => { const a = {}; a.a = a; return a })()', 'result.a', /cycle/],
    ['something hostile', "({ get x() { throw new Error('do not touch') } })", 'result.x', /do not touch/],
  ])('%s is refused where it stands', async (_, value, path, message) => {
    const error = (await failureOf(`return ${value}`)) as ValidationError
    expect(error).toMatchObject({ code: 'ERR_NOT_JSON', message: expect.stringMatching(/^the result of task `a` is not JSON data/) })
    expect(error.issues).toMatchObject([{ path, message: expect.stringMatching(message) }])
  })

  it('is what an inline agent would have had recorded', async () => {
    const body = 'return { nothing: undefined, list: [undefined, -0], at: new Date(0), ["__proto__"]: { x: 1 }, text: "\\ud83d\\ude00" }'
    const result = (await withWorker(doing(body)).executeWorkflow(only)).results['a']
    expect(JSON.stringify(result)).toBe('{"list":[null,0],"at":"1970-01-01T00:00:00.000Z","__proto__":{"x":1},"text":"😀"}')
  })
})

describe('a worker that ends', () => {
  const lost = { name: 'AgentError', code: 'ERR_AGENT_LOST', retryable: true }
  it.each<[string, string, Partial<WorkerAgentType>, RegExp]>([
    [
      'by process.exit',
      'process.exit(7)',
      {},
      /^agent `work` is lost: its worker ended with exit code 7; an agent must not call process\.exit$/,
    ],
    [
      'by an exception nobody caught',
      "setTimeout(() => { throw new Error('stray') }); await new Promise(() => {})",
      {},
      /uncaught exception: stray/,
    ],
    [
      'by a rejection nobody caught',
      "void Promise.reject(new Error('stray')); await new Promise(() => {})",
      {},
      /uncaught exception: stray/,
    ],
    [
      'by throwing nothing',
      'setTimeout(() => { throw undefined }); await new Promise(() => {})',
      {},
      /uncaught exception: threw undefined/,
    ],
    [
      'out of memory',
      'const all = []; while (true) all.push({ n: all.length, text: String(all.length) })',
      { memoryLimit: 32 * MEBIBYTE },
      /has used up its `memoryLimit` of 33554432 bytes; raise/,
    ],
    ['by breaking what it is made of', "JSON.stringify = () => '{'", {}, /said what is not understood/],
  ])('%s fails its attempts with ERR_AGENT_LOST', async (_, body, rest, message) => {
    expect(await failureOf(body, rest)).toMatchObject({ ...lost, message: expect.stringMatching(message) })
  })

  it('is replaced for the next attempt', async () => {
    const orchestrator = withWorker(doing('if (ctx.attempt === 1) process.exit(1); return ctx.attempt'))
    const flow = workflow([task('a', { retryPolicy: { maxAttempts: 2, initialDelay: 1 } })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ a: 2 })
  })

  it('takes every attempt in it along, and no other agent', async () => {
    const orchestrator = withWorker(doing("if (task.id === 'bad') setTimeout(() => process.exit(1), 50); return new Promise(() => {})"))
    orchestrator.agentPool.registerAgent({ id: 'other', type: 'work' })
    const tasks = ['bad', 'b', 'c'].map((id) => task(id, { dependencies: [], onError: 'continue' }))
    const flow = workflow([...tasks, task('other', { agentId: 'other', dependencies: [], timeout: 1000, onError: 'continue' })])
    const execution = await orchestrator.executeWorkflow(flow)
    expect(execution.tasks.map(({ error }) => error?.code)).toEqual(['ERR_AGENT_LOST', 'ERR_AGENT_LOST', 'ERR_AGENT_LOST', 'ERR_TIMEOUT'])
  })

  it('right after its answer has answered', async () => {
    const orchestrator = withWorker(
      doing("ctx.emit('here'); await new Promise((resolve) => setTimeout(resolve, 100)); setImmediate(() => process.exit(1)); return 1"),
    )
    orchestrator.once('task:progress', () => setTimeout(() => block(300)))
    expect((await orchestrator.executeWorkflow(only)).results).toEqual({ a: 1 })
  })
})

describe('an abort', () => {
  it('reaches the agent with its reason', async () => {
    const body = `
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
      ctx.emit([ctx.signal.reason.code, ctx.signal.reason.constructor.name]); throw ctx.signal.reason`
    const orchestrator = withWorker(doing(body))
    const heard: unknown[] = []
    orchestrator.on('task:progress', (_, data) => heard.push(data))
    const error = await rejection(orchestrator.executeWorkflow(workflow([task('a', { timeout: 300 })])))
    expect([error.cause, heard]).toMatchObject([{ name: 'TimeoutError', code: 'ERR_TIMEOUT' }, [['ERR_TIMEOUT', 'TimeoutError']]])
  })

  it('ends an agent whose event loop is blocked, long before the grace of 5 s, and the next attempt has another worker', async () => {
    const orchestrator = withWorker(doing(`if (ctx.attempt === 1) ${spin}; return ctx.attempt`))
    const flow = workflow([task('a', { timeout: '400ms', retryPolicy: { maxAttempts: 2, initialDelay: 1 } })])
    const execution = await orchestrator.executeWorkflow(flow)
    expect(execution.results).toEqual({ a: 2 })
    expect(execution.metrics.duration).toBeLessThan(4000)
  })

  it('of a cancelled execution kills what does not stop, and the record says why', async () => {
    const orchestrator = withWorker(doing(`ctx.emit('here'); ${spin}`))
    const running = new Promise((resolve) => orchestrator.once('task:progress', resolve))
    const handle = await orchestrator.startWorkflow(only)
    await running
    await handle.cancel('enough')
    const { status, tasks } = await handle.settled()
    expect([status, tasks[0]?.status, tasks[0]?.reason]).toEqual(['cancelled', 'cancelled', 'cancelled'])
    await until(async () => (await orchestrator.getStatistics()).agentPoolSize === 0)
  })

  it('that is ignored by an agent that hears kills it too, a little before the engine gives up', async () => {
    const orchestrator = withWorker(doing('if (ctx.attempt === 1) await new Promise(() => {}); return ctx.attempt'))
    const flow = workflow([task('a', { timeout: 300, retryPolicy: { maxAttempts: 2, initialDelay: 1 } })])
    const { results, metrics } = await orchestrator.executeWorkflow(flow)
    expect(results).toEqual({ a: 2 })
    expect(metrics.duration).toBeGreaterThan(4000)
    expect((await orchestrator.getStatistics()).lateResults).toBe(0)
  })

  // Timers that are due come before what other threads have said meanwhile, so a worker that has answered would look like a blocked one.
  it('does not take a worker for blocked because the main thread was', async () => {
    const body = `
      ctx.emit('here')
      await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
      await new Promise((resolve) => setTimeout(resolve, 1500))
      ctx.emit('cleaned up')`
    // It is told right after the worker; and in a timer, since it is other timers that come right after that.
    const blocks = (_: unknown, { signal }: AttemptContext): unknown => {
      signal.addEventListener('abort', () => block(1000))
      return untilAborted(signal)
    }
    const orchestrator = withWorker(doing(body), {}, { blocks })
    const heard: unknown[] = []
    const running = new Promise<void>((resolve) => orchestrator.on('task:progress', (_, data) => resolve(void heard.push(data))))
    const flow = workflow([task('a', { dependencies: [] }), task('b', { agentId: 'blocks', dependencies: [] })])
    const handle = await orchestrator.startWorkflow(flow)
    await running
    setTimeout(() => void handle.cancel())
    await handle.settled()
    expect(heard).toEqual(['here', 'cleaned up'])
  })

  it('does not kill what others still use', async () => {
    const orchestrator = withWorker(
      doing(
        "if (task.id === 'deaf') return new Promise(() => {}); await new Promise((resolve) => setTimeout(resolve, 6000)); return 'well'",
      ),
    )
    const disposed: unknown[] = []
    orchestrator.agentPool.on('agent:disposed', (agent) => disposed.push(agent))
    const flow = workflow([task('deaf', { timeout: 100, dependencies: [], onError: 'continue' }), task('b', { dependencies: [] })])
    expect((await orchestrator.executeWorkflow(flow)).results).toEqual({ deaf: null, b: 'well' })
    // Once nobody uses it any more.
    await until(() => disposed.length === 1)
  })
})

describe('shutdown', () => {
  it.each([
    ['an attempt that never stops', doing(spin)],
    ['a create that never ends', moduleOf('(() => { while (true) {} })()')],
    ['a dispose that throws', doing('return 1', "dispose: () => { throw new Error('no') }")],
    ['a dispose that exits', doing('return 1', 'dispose: () => process.exit(1)')],
  ])('is not held up by %s', async (_, module) => {
    const source = `
      import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      const orchestrator = new MultiAgentOrchestrator()
      orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module: process.argv[2] })
      const handle = await orchestrator.startWorkflow({ id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] })
      await Promise.race([handle.settled(), new Promise((resolve) => setTimeout(resolve, 400))])
      await orchestrator.shutdown({ drainMs: 0 })
      console.log('down')`
    expect(await run(userFolder(), source, [module])).toEqual({ code: 0, signal: null, stdout: 'down\n', stderr: '' })
  })
})

describe('many workers', () => {
  it('20 agents have a thread each, without a warning', async () => {
    const source = `
      import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
      const orchestrator = new MultiAgentOrchestrator()
      orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module: process.argv[2], memoryLimit: ${16 * MEBIBYTE}, maxAgents: 20, maxConcurrency: 10 })
      const ids = Array.from({ length: 20 }, (_, n) => 'agent-' + n)
      for (const id of ids) orchestrator.agentPool.registerAgent({ id, type: 'work' })
      const flow = (n) => ({ id: 'w' + n, name: 'w', version: '1', tasks: ids.map((id) => ({ id, name: id, agentId: id, dependencies: [] })) })
      const { results } = await orchestrator.executeWorkflow(flow(1))
      const again = await orchestrator.executeWorkflow(flow(2))
      console.log(new Set(Object.values(results)).size, JSON.stringify(results) === JSON.stringify(again.results))
      await orchestrator.shutdown()`
    const module = doing("return (await import('node:worker_threads')).threadId")
    expect(await run(userFolder(), source, [module])).toEqual({ code: 0, signal: null, stdout: '20 true\n', stderr: '' })
  })

  it('two do CPU-bound work at the same time, while the main thread stays free', async () => {
    const body = `
      const from = Date.now(); let n = 0
      while (Date.now() - from < 600) n += 1
      return { from, to: Date.now() }`
    const orchestrator = withWorker(doing(body))
    for (const id of ['one', 'two']) orchestrator.agentPool.registerAgent({ id, type: 'work' })
    const flow = workflow(['one', 'two'].map((id) => task(id, { agentId: id, dependencies: [] })))
    let ticks = 0
    const timer = setInterval(() => (ticks += 1), 10)
    const { results } = await orchestrator.executeWorkflow(flow)
    clearInterval(timer)
    const { one, two } = results as Record<'one' | 'two', { from: number; to: number }>
    const together = Math.min(one.to, two.to) - Math.max(one.from, two.from)
    expect(together / 600).toBeGreaterThan(0.3)
    expect(ticks).toBeGreaterThan(10)
  })
})

it('an execution that a crash interrupts goes on in a new worker', async () => {
  const path = storePath(folder)
  const source = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.argv[2] } })
    orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module: process.argv[3] })
    orchestrator.on('task:progress', () => process.kill(process.pid, 'SIGKILL'))
    await orchestrator.startWorkflow({ id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] })`
  const { signal } = await run(userFolder(), source, [path, doing(`ctx.emit(1); ${spin}`)])
  expect(signal).toBe('SIGKILL')
  const orchestrator = orchestratorWith({}, { storage: { path } })
  orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module: doing("return 'continued'") })
  await until(async () => (await orchestrator.listExecutions({ status: 'completed' })).executions.length === 1)
  expect((await orchestrator.listExecutions()).executions[0]?.results).toEqual({ a: 'continued' })
})

describe('a registration', () => {
  const module = doing('return 1')
  it.each<[string, object, string, RegExp]>([
    ['without a module', {}, 'type.module', /is missing: it exports create\(config\); give a file: URL/],
    [
      'with a relative path',
      { module: './agent.mjs' },
      'type.module',
      /`\.\/agent\.mjs` cannot be found from here: .*new URL\('\.\/agent\.mjs', import\.meta\.url\)/,
    ],
    ['with the name of a package', { module: 'my-agent' }, 'type.module', /require\.resolve/],
    ['with code', { module: new URL('data:text/javascript,1') }, 'type.module', /file: URL/],
    ['with no text', { module: 7 }, 'type.module', /^[^7]*cannot be found/],
    ['with a create', { module, create: () => 1 }, 'type.create', /leave it out here/],
    ['with too little memory', { module, memoryLimit: 1024 }, 'type.memoryLimit', /from 16777216 \(16 MiB\)/],
    ['with a memory that is no number', { module, memoryLimit: '1gb' }, 'type.memoryLimit', /whole number of bytes/],
    ['with another isolation', { isolation: 'process', module }, 'type.isolation', /'inline' or 'worker'/],
    ['inline with a module', { isolation: 'inline', module, create: () => 1 }, 'type.module', /isolation: 'worker'/],
    ['inline with a limit', { isolation: undefined, memoryLimit: 1e9, create: () => 1 }, 'type.memoryLimit', /isolation: 'worker'/],
  ])('%s is refused', (_, type, path, message) => {
    const { agentPool } = orchestratorWith()
    const error = thrownBy(() => agentPool.registerAgentType('x', { isolation: 'worker', ...type } as unknown as AgentType))
    expect([error.code, places(error)]).toEqual(['ERR_INVALID_ARGUMENT', [path]])
    expect((error as ValidationError).issues[0]?.message).toMatch(message)
  })

  it('with a configuration that cannot cross is refused', () => {
    const { agentPool } = withWorker(module)
    const error = thrownBy(() => agentPool.registerAgent({ id: 'x', type: 'work', configuration: { log: () => {} } }))
    expect([error.code, places(error)]).toEqual(['ERR_NOT_JSON', ['ERR_NOT_JSON configuration.log']])
  })
})
