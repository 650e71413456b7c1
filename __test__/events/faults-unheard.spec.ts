// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow was started and failed. Nobody listened, nobody had kept the handle: there was no output, and the exit code was 0.

import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { MultiAgentOrchestrator, type Logger, type OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { run, type Ended } from '../support/child.ts'
import { storePath, userFolder, writeInto } from '../support/folder.ts'
import { kitWith, START } from '../support/kits.ts'
import { KeptLog } from '../support/logs.ts'
import { gate, orchestratorWith, register, task, thrownBy, until, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const fails = workflow([task('x')], { id: 'nightly' })
const down = { work: (): never => thrower('database is down') }
const LINE =
  /^@codexos\/multi-agent-orchestrator: workflow `nightly` failed at task `x`: database is down \[ERR_AGENT, execution [0-9a-f-]{36}\]\n$/

function thrower(message: string): never {
  throw new Error(message)
}

/** A program with an orchestrator `o` whose agent fails, and a workflow `w` of it. */
const source = (config: string, body: string): string => `
  import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
  const w = ${JSON.stringify(fails)}
  const make = (config) => {
    const o = new MultiAgentOrchestrator(config)
    o.agentPool.registerAgentType('work', { create: () => ({ execute: () => { throw new Error('database is down') } }) })
    return o
  }
  const o = make(${config})
  const failed = async () => { while ((await o.getStatistics()).failedTotal === 0) await new Promise(setImmediate) }
  ${body}`
const program = (config: string, body: string): Promise<Ended> => run(folder, source(config, body))

const STARTS = 'await o.startWorkflow(w)'

describe('a failure that nobody hears', () => {
  it.each([
    ['in memory', () => '{}'],
    ['at os', () => `{ storage: { path: ${JSON.stringify(storePath(folder))}, durability: 'os' } }`],
    ['at disk', () => `{ storage: { path: ${JSON.stringify(storePath(folder))} } }`],
  ])('is one line on stderr, at the end of the process at the latest: %s', async (_, config) => {
    const { code, stdout, stderr } = await program(config(), STARTS)
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toMatch(LINE)
  })

  it.each([
    [
      'a process that goes on',
      `const alive = setInterval(() => {}, 1000)
       const { write } = process.stderr
       const told = new Promise((resolve) => { process.stderr.write = (...given) => { clearInterval(alive); resolve(); return write.apply(process.stderr, given) } })
       ${STARTS}
       await told
       process.on('exit', () => { process.stderr.write = () => process.exit(1) })`,
    ],
    ['process.exit', `${STARTS}; setTimeout(() => process.exit(0), 50)`],
    ['shutdown', `${STARTS}; await failed(); await o.shutdown(); process.reallyExit(0)`],
    ['a fork', 'const { id } = await o.executeWorkflow(w).catch(({ execution }) => execution); await o.forkExecution(id, "x")'],
    ['a listener that was taken away', `const hear = () => {}; o.on('workflow:failed', hear); o.off('workflow:failed', hear); ${STARTS}`],
    ['a listener of other events', `o.on('workflow:completed', () => {}); o.on('task:started', () => {}); ${STARTS}`],
    [
      'events that were followed for a while',
      `const h = await o.startWorkflow({ ...w, tasks: [{ id: 'x', name: 'x', agentId: 'work', waitFor: { delay: '100ms' } }] }); for await (const _ of h.events()) break`,
    ],
  ])('is told of after %s', async (_, body) => {
    const { code, stderr } = await program('{}', body)
    expect(code).toBe(0)
    expect(stderr).toMatch(LINE)
  })

  it('of an execution that the process before had begun is told by the process that goes on with it', async () => {
    const path = storePath(folder)
    const first = orchestratorWith({ work: () => new Promise(() => {}) }, { storage: { path } })
    const { id } = await first.startWorkflow(fails)
    await first.shutdown({ drainMs: 0 })
    const logger = new KeptLog()
    register(orchestratorWith({}, { storage: { path }, logger }), down)
    expect(await logger.first()).toMatchObject({ event: 'execution:failed', executionId: id })
  })
})

describe('a failure that somebody hears is not told of', () => {
  it.each([
    ['a listener', `o.on('workflow:failed', () => {}); ${STARTS}`],
    ['a listener that hears once', `o.once('workflow:failed', () => {}); ${STARTS}`],
    ['a listener of tasks', `o.on('task:failed', () => {}); ${STARTS}`],
    ['executeWorkflow', 'await o.executeWorkflow(w).catch(() => {})'],
    [
      'executeWorkflow that joins by its key',
      `await o.startWorkflow(w, {}, { idempotencyKey: 'k' }); await o.executeWorkflow(w, {}, { idempotencyKey: 'k' }).catch(() => {})`,
    ],
    ['handle.result', 'const h = await o.startWorkflow(w); await h.result().catch(() => {})'],
    ['handle.settled', 'const h = await o.startWorkflow(w); await h.settled()'],
    [
      'handle.settled, a little later',
      'const h = await o.startWorkflow(w); await new Promise((resolve) => setTimeout(resolve, 200)); await h.settled()',
    ],
    [
      'handles one after the other',
      'const hs = []; for (let n = 0; n < 5; n += 1) hs.push(await o.startWorkflow(w)); for (const h of hs) await h.settled()',
    ],
    ['handle.status', 'const h = await o.startWorkflow(w); while (await h.status() !== "failed") await new Promise(setImmediate)'],
    ['handle.events', 'const h = await o.startWorkflow(w); for await (const _ of h.events());'],
    ['getHandle', 'const { id } = await o.startWorkflow(w); await o.getHandle(id).settled()'],
    [
      'getExecution',
      'const { id } = await o.startWorkflow(w); while ((await o.getExecution(id)).status !== "failed") await new Promise(setImmediate)',
    ],
    [
      'very many handles, each asked once it is there',
      'const all = Array.from({ length: 3000 }, async () => { const h = await o.startWorkflow(w); await h.settled() }); await Promise.all(all)',
    ],
    ['very many executeWorkflow', 'await Promise.allSettled(Array.from({ length: 3000 }, () => o.executeWorkflow(w)))'],
  ])('%s', async (_, body) => {
    for (const config of ['{}', `{ storage: { path: ${JSON.stringify(storePath(folder))}, durability: 'os' } }`])
      expect(await program(config, body)).toMatchObject({ code: 0, stderr: '' })
  })

  it('logger: false', async () => {
    expect(await program('{ logger: false }', `o.on('task:started', () => { throw new Error('a listener') }); ${STARTS}`)).toMatchObject({
      code: 0,
      stderr: '',
    })
  })

  it('nor is one that was cancelled, or completed', async () => {
    const logger = new KeptLog()
    const held = gate()
    const orchestrator = orchestratorWith({ work: () => held.promise, fine: () => 1 }, { logger })
    const handle = await orchestrator.startWorkflow(fails)
    await orchestrator.startWorkflow(workflow([task('a', { agentId: 'fine' })]))
    await handle.cancel()
    held.open()
    await orchestrator.shutdown()
    expect(logger.lines).toEqual([])
  })
})

describe('what is logged', () => {
  it('is a record and a message', async () => {
    const logger = new KeptLog()
    const orchestrator = orchestratorWith(down, { logger })
    const { id } = await orchestrator.startWorkflow(fails, {}, { tenant: 'acme' })
    await logger.first()
    await orchestrator.shutdown()
    const [{ err, ...rest }, ...more] = logger.lines as [KeptLog['lines'][0], ...unknown[]]
    expect(more).toEqual([])
    expect(rest).toEqual({
      level: 'error',
      event: 'execution:failed',
      code: 'ERR_AGENT',
      executionId: id,
      workflowId: 'nightly',
      taskId: 'x',
      tenant: 'acme',
      message: 'workflow `nightly` failed at task `x`: database is down',
    })
    expect(err).toMatchObject({ name: 'TaskFailedError', code: 'ERR_TASK_FAILED', cause: { message: 'database is down' } })
    // A logger that writes all that is enumerable writes no whole execution.
    expect(JSON.stringify(err).length).toBeLessThan(300)
  })

  it('names the schedule', async () => {
    const logger = new KeptLog()
    const kit = await kitWith(down, { logger })
    await kit.orchestrator.scheduleWorkflow(fails, { every: '1h' }, {}, { id: 'hourly' })
    await kit.clock.advance('1h')
    await kit.close()
    expect(logger.lines).toMatchObject([
      {
        event: 'execution:failed',
        scheduleId: 'hourly',
        message: 'workflow `nightly`, begun by schedule `hourly`, failed at task `x`: database is down',
      },
    ])
    expect(kit.clock.now().getTime()).toBe(START + 3_600_000)
  })

  it('a failure of the whole execution names no task, even where somebody listens to tasks', async () => {
    const logger = new KeptLog()
    const kit = await kitWith({}, { logger })
    kit.orchestrator.on('task:failed', () => {})
    const wait = { id: 'w', name: 'w', waitFor: { signal: 'never' } }
    await kit.orchestrator.startWorkflow(workflow([wait], { id: 'slow', deadline: '1m' }))
    await kit.clock.advance('1h')
    await kit.close()
    expect(logger.lines).toMatchObject([{ event: 'execution:failed', code: 'ERR_DEADLINE', workflowId: 'slow' }])
    expect(logger.lines[0]).not.toHaveProperty('taskId')
  })

  it('a child that fails is its parent’s to tell', async () => {
    const logger = new KeptLog()
    const orchestrator = orchestratorWith(down, { logger })
    await orchestrator.startWorkflow(workflow([{ id: 'child', name: 'c', workflow: fails }], { id: 'parent' }))
    await logger.first()
    await orchestrator.shutdown()
    expect(logger.lines).toMatchObject([{ workflowId: 'parent', taskId: 'child', code: 'ERR_TASK_FAILED' }])
  })

  it('whatever an agent throws is one line', async () => {
    const { stderr } = await run(
      folder,
      source('{}', STARTS).replace(
        "new Error('database is down')",
        String.raw`new Error('one\r\ntwo\u001b[31m\u0007\ttwo %s %d\u2028three')`,
      ),
    )
    expect(stderr).toMatch(/: one two \[31m two %s %d\u2028three \[ERR_AGENT, execution [0-9a-f-]{36}\]\n$/)
    expect(stderr.match(/\n/g)).toHaveLength(1)
  })

  it('all of many, and no warning of a leak', async () => {
    const { code, stderr } = await program(
      '{}',
      `const all = [o, ...Array.from({ length: 30 }, () => make({}))]
       for (let n = 0; n < 1500; n += 1) await all[n % 31].startWorkflow({ ...w, id: 'w' + n })`,
    )
    expect(code).toBe(0)
    const lines = stderr.trim().split('\n')
    expect(lines.filter((line) => !/^@codexos\/multi-agent-orchestrator: workflow `w\d+` failed/.test(line))).toEqual([])
    expect(lines).toHaveLength(1500)
  })

  it.each([
    ['throws', 'throw new Error("full")'],
    ['rejects', 'return Promise.reject(new Error("full"))'],
  ])('a logger that %s harms nobody, and stderr stands in', async (_, body) => {
    const { code, stderr } = await program(
      `{ logger: { error() { ${body} }, warn() {} } }`,
      `${STARTS}; await failed(); await o.shutdown()`,
    )
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /: database is down; the logger of the configuration failed to say so: full \[ERR_AGENT, execution [0-9a-f-]{36}\]\n$/,
    )
  })

  it.skipIf(process.platform === 'win32')('a stderr that nobody reads any more harms nobody', () => {
    const file = writeInto(
      folder,
      'unread.mjs',
      source('{}', `${STARTS}; await failed(); await o.shutdown(); await new Promise(setImmediate); console.log('well')`),
    )
    for (const shell of ['exec "$@" 2>&-', '{ "$@" 2>&1 1>&3 | :; } 3>&1'])
      expect(spawnSync('sh', ['-c', shell, 'sh', process.execPath, file], { encoding: 'utf8' }).stdout).toBe('well\n')
  })

  it('console takes it as it is', async () => {
    const { code, stderr } = await program('{ logger: console }', STARTS)
    expect(code).toBe(0)
    expect(stderr).toContain("event: 'execution:failed'")
    expect(stderr).toContain('} workflow `nightly` failed at task `x`: database is down')
    expect(stderr).toContain('[cause]: Error: database is down')
  })
})

describe('a logger that is none is refused by path', () => {
  it.each<[string, unknown, string]>([
    ['true', true, 'not true'],
    ['a word', 'info', "not 'info'"],
    ['null', null, 'not null'],
    ['a function', () => {}, 'not what lacks `error` and `warn`'],
    ['one without warn', { error() {} }, 'not what lacks `warn`'],
    ['one whose warn is no function', { error() {}, warn: 'yes' }, 'not what lacks `warn`'],
  ])('%s', (_, logger, what) => {
    const error = thrownBy(() => new MultiAgentOrchestrator({ logger: logger as Logger }))
    expect(error).toMatchObject({ code: 'ERR_CONFIG', issues: [{ path: 'logger', code: 'ERR_INVALID_VALUE' }] })
    expect(error.message).toContain('must be false, or have the methods `error` and `warn`')
    expect(error.message).toContain(what)
  })

  it('no logger is the default one', () => {
    const config: OrchestratorConfig = { logger: undefined }
    expect(() => orchestratorWith({}, config)).not.toThrow()
  })
})

it('a handle that is asked long after the failure was told of hears of it all the same', async () => {
  const logger = new KeptLog()
  const orchestrator = orchestratorWith(down, { logger })
  const handle = await orchestrator.startWorkflow(fails)
  await until(() => logger.lines.length > 0)
  expect((await handle.settled()).status).toBe('failed')
  expect(logger.lines).toHaveLength(1)
})
