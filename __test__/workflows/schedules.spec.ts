// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Workflows that run again and again, also when the process that planned them is gone. But for processes that are killed and processes that
// must not end, by the time of the test kit.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type {
  AgentWorkflow,
  MultiAgentOrchestrator,
  Schedule,
  WorkflowExecution,
  WorkflowSchedule,
} from '@codexos/multi-agent-orchestrator'
import type { TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { run, start } from '../support/child.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, places, register, rejection, task, until, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const flow = workflow([task('a')])
const SECOND = { every: '1s' } as const

/** The executions of a schedule, in the order of their planned instants. */
async function planned(orchestrator: MultiAgentOrchestrator): Promise<WorkflowExecution[]> {
  const { executions } = await orchestrator.listExecutions({ limit: 1000 })
  const at = ({ schedule }: WorkflowExecution): number => schedule?.at.getTime() ?? 0
  return executions.filter(({ schedule }) => schedule !== undefined).toSorted((one, other) => at(one) - at(other))
}

/** Milliseconds from each planned instant to the one after. */
async function gaps(orchestrator: MultiAgentOrchestrator): Promise<number[]> {
  const instants = (await planned(orchestrator)).map(({ schedule }) => schedule?.at.getTime() ?? 0)
  return instants.slice(1).map((instant, index) => instant - (instants[index] ?? 0))
}

describe('a schedule', () => {
  it('runs its workflow at each planned instant, as an execution that says so', async () => {
    const seen: unknown[] = []
    const { orchestrator, clock } = await kitWith({ work: ({ context }) => seen.push(context['who']) })
    const started: string[] = []
    orchestrator.on('workflow:started', ({ id }) => started.push(id))
    const before = clock.now().getTime()
    const schedule = await orchestrator.scheduleWorkflow(
      flow,
      { ...SECOND, missed: 'all' },
      { who: 'me' },
      { id: 'each-second', tenant: 't' },
    )
    const first = schedule.next
    expect(schedule).toMatchObject({ id: 'each-second', workflowId: 'flow' })
    expect((first?.getTime() ?? 0) - before).toBe(1000)
    await clock.advance('2s')
    const executions = await planned(orchestrator)
    expect(executions.map(({ id }) => id)).toEqual(started)
    expect(executions[0]).toMatchObject({
      id: `each-second@${first?.toISOString()}`,
      workflowId: 'flow',
      status: 'completed',
      tenant: 't',
      startTime: first,
      schedule: { id: 'each-second', at: first },
    })
    expect(await gaps(orchestrator)).toEqual([1000])
    expect(seen).toEqual(['me', 'me'])
    expect((schedule.next?.getTime() ?? 0) - (first?.getTime() ?? 0)).toBe(2000)
  })

  it('runs registered workflows as they were when it was made', async () => {
    const { orchestrator, clock } = await kitWith({ work: ({ input }) => input.data })
    const inner = (data: string): AgentWorkflow => ({ ...workflow([task('x', { input: { data } })]), id: 'inner', version: data })
    orchestrator.workflowEngine.registerWorkflow(inner('old'))
    await orchestrator.scheduleWorkflow(workflow([{ id: 'child', name: 'child', workflow: 'inner' }]), SECOND)
    orchestrator.workflowEngine.registerWorkflow(inner('new'))
    await clock.advance('1s')
    expect((await planned(orchestrator))[0]?.results).toEqual({ child: { x: 'old' } })
  })

  it('can be found, listed and cancelled; what has begun goes on', async () => {
    const release = gate()
    const { orchestrator, clock } = await kitWith({ work: () => release.promise })
    const schedule = await orchestrator.scheduleWorkflow(flow, SECOND)
    await orchestrator.scheduleWorkflow(flow, { cron: '0 2 * * *', timezone: 'Europe/Berlin' }, {}, { id: 'a-nightly' })
    expect((await orchestrator.listSchedules()).map(({ id }) => id)).toEqual(['a-nightly', 'flow'])
    const found = await orchestrator.getSchedule('flow')
    expect(found?.next).toEqual(schedule.next)
    await clock.advance('1s')
    expect((await orchestrator.getStatistics()).runningTasks).toBe(1)
    await Promise.all([schedule.cancel(), found?.cancel()])
    await schedule.cancel()
    expect([schedule.next, await orchestrator.getSchedule('flow')]).toEqual([undefined, undefined])
    expect((await orchestrator.listSchedules()).map(({ id }) => id)).toEqual(['a-nightly'])
    release.open()
    await clock.advance('10s')
    expect((await planned(orchestrator)).map(({ status }) => status)).toEqual(['completed'])
  })

  it('is planned by the clocks of its time zone', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    const { next } = await orchestrator.scheduleWorkflow(flow, { cron: '30 4 * * *', timezone: 'America/New_York' })
    const clock = new Intl.DateTimeFormat('en-US', { timeZone: 'America/New_York', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' })
    expect(clock.format(next)).toBe('04:30')
    const { next: utc } = await orchestrator.scheduleWorkflow(flow, { cron: '30 4 * * *' }, {}, { id: 'utc' })
    expect([utc?.getUTCHours(), utc?.getUTCMinutes()]).toEqual([4, 30])
  })

  it('is one, however often it is asked for; another of its id is refused', async () => {
    const orchestrator = orchestratorWith({ work: () => 1, other: () => 2 })
    const asked = (schedule: WorkflowSchedule, context: object, options = {}): Promise<Schedule> =>
      orchestrator.scheduleWorkflow(workflow([task('a')]), schedule, context, { id: 's', ...options })
    const [one, other] = await Promise.all([
      asked({ every: 60_000 }, { n: 1, m: 2 }),
      asked({ every: '1m', missed: 'once' }, { m: 2, n: 1 }),
    ])
    expect(one.next).toEqual(other.next)
    expect(await orchestrator.listSchedules()).toHaveLength(1)
    const changed = [
      asked({ every: '2m' }, { n: 1, m: 2 }),
      asked({ every: '1m', missed: 'skip' }, { n: 1, m: 2 }),
      asked({ every: '1m' }, { n: 2 }),
      asked({ every: '1m' }, { n: 1, m: 2 }, { priority: 1 }),
      orchestrator.scheduleWorkflow(workflow([task('b')]), { every: '1m' }, { n: 1, m: 2 }, { id: 's' }),
    ]
    const errors = await Promise.all(changed.map(rejection))
    expect(errors.map(({ name, code }) => `${name} ${code}`)).toEqual(changed.map(() => 'ConflictError ERR_SCHEDULE_CHANGED'))
    await one.cancel()
    expect((await asked({ every: '2m' }, {})).id).toBe('s')
  })

  it('leaves out an instant that comes while an execution runs, if asked', async () => {
    const kit: TestKit = await kitWith({ work: () => kit.clock.sleep(1200) })
    await kit.orchestrator.scheduleWorkflow(flow, { ...SECOND, overlap: 'skip' })
    await kit.clock.advance('6s')
    expect(await gaps(kit.orchestrator)).toEqual([2000, 2000])
  })

  it('gives its options to each execution', async () => {
    const started: number[] = []
    const work = (): Promise<void> => {
      started.push(kit.clock.now().getTime())
      return kit.clock.sleep(1500)
    }
    const kit: TestKit = await kitWith({ work })
    await kit.orchestrator.scheduleWorkflow(flow, SECOND, {}, { concurrency: { key: 'k', limit: 1 } })
    await kit.clock.advance('3s')
    expect((started[1] ?? 0) - (started[0] ?? 0)).toBe(1500)
    expect(await gaps(kit.orchestrator)).toEqual([1000, 1000])
  })
})

describe('what cannot be kept is refused by path', () => {
  const orchestrator = (): MultiAgentOrchestrator => orchestratorWith({ work: () => 1 })
  it.each<[unknown, unknown, string[]]>([
    [undefined, undefined, ['schedule']],
    [{}, undefined, ['schedule']],
    [{ cron: '* * * * *', every: '1m' }, undefined, ['schedule']],
    [{ cron: '61 * * * *' }, undefined, ['schedule.cron']],
    [{ cron: '61 25 * * *', timezone: 'Europe/Atlantis' }, undefined, ['schedule.cron', 'schedule.cron', 'schedule.timezone']],
    [{ cron: '0 0 30 2 *' }, undefined, ['schedule.cron']],
    [{ cron: 5 }, undefined, ['schedule.cron']],
    [{ cron: '* * * * *', timezone: 7 }, undefined, ['schedule.timezone']],
    [{ every: '1m', timezone: 'UTC' }, undefined, ['schedule.timezone']],
    [{ every: 999 }, undefined, ['schedule.every']],
    [{ every: 'soon' }, undefined, ['ERR_INVALID_VALUE schedule.every']],
    [{ every: '1m', missed: 'never' }, undefined, ['schedule.missed']],
    [{ every: '1m', overlap: 'wait' }, undefined, ['schedule.overlap']],
    [{ every: '1m', missed: 'all', overlap: 'skip' }, undefined, ['schedule.overlap']],
    [{ every: '1m', zone: 'UTC' }, undefined, ['schedule.zone']],
    [{ every: '1m' }, { id: '' }, ['options.id']],
    [{ every: '1m' }, { executionId: 'x' }, ['options.executionId']],
    [{ every: '1m' }, { priority: 0.5 }, ['options.priority']],
    [{ every: '1m' }, 5, ['options']],
  ])('%j %j', async (schedule, options, expected) => {
    const error = await rejection(orchestrator().scheduleWorkflow(flow, schedule as WorkflowSchedule, {}, options as object))
    expect([error.code, ...places(error)]).toEqual(['ERR_INVALID_ARGUMENT', ...expected])
  })

  it('a workflow that cannot run, a context that is not JSON, an orchestrator that is closed', async () => {
    const bad = orchestrator()
    const codes = [
      bad.scheduleWorkflow(workflow([task('a', { agentId: 'nobody' })]), SECOND),
      bad.scheduleWorkflow(workflow([]), SECOND),
      bad.scheduleWorkflow(flow, SECOND, { n: 1n }),
    ].map(async (promise) => (await rejection(promise)).code)
    expect(await Promise.all(codes)).toEqual(['ERR_VALIDATION', 'ERR_VALIDATION', 'ERR_NOT_JSON'])
    const schedule = await bad.scheduleWorkflow(flow, { every: '1h' })
    await bad.shutdown()
    const closed = [bad.scheduleWorkflow(flow, SECOND), bad.listSchedules(), bad.getSchedule('flow'), schedule.cancel()]
    expect((await Promise.all(closed.map(rejection))).map(({ code }) => code)).toEqual(closed.map(() => 'ERR_CLOSED'))
  })
})

/** Schedules a workflow each second; its agent writes the execution of each call into a file, and the second call never ends. */
const program = `
import { appendFileSync } from 'node:fs'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
const [path, durability, log] = process.argv.slice(2)
const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability } })
let calls = 0
orchestrator.agentPool.registerAgentType('work', { create: () => ({
  execute: async ({ executionId, context }) => {
    appendFileSync(log, executionId + ' ' + context.who + '\\n')
    if (++calls === 2) { console.log('stuck'); await new Promise(() => {}) }
    return 'first'
  },
}) })
const flow = { id: 'flow', name: 'Flow', version: '1.0.0', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }
await orchestrator.scheduleWorkflow(flow, { every: '1s', missed: 'all' }, { who: 'me' }, { id: 's' })
`

describe('after SIGKILL a schedule goes on by itself', () => {
  const paths = { os: storePath(folder), disk: storePath(folder) }
  const logs = { os: `${paths.os}.log`, disk: `${paths.disk}.log` }

  /** Runs the program and kills it in its second execution. */
  async function killed(durability: 'os' | 'disk'): Promise<void> {
    const child = start(folder, program, [paths[durability], durability, logs[durability]])
    await child.says('stuck')
    expect((await child.kill()).signal).toBe('SIGKILL')
  }

  beforeAll(async () => {
    await Promise.all([killed('os'), killed('disk')])
    // Some planned instants pass.
    await new Promise((resolve) => setTimeout(resolve, 2100))
  })

  it.each(['os', 'disk'] as const)("with missed: 'all' for each planned instant, once, at durability %s", async (durability) => {
    const work: Execute = ({ executionId, context }) => {
      appendFileSync(logs[durability], `${executionId} ${String(context['who'])}\n`)
      return 'second'
    }
    const orchestrator = orchestratorWith({ work }, { storage: { path: paths[durability], durability } })
    await until(async () => (await orchestrator.getStatistics()).completedTotal >= 3)
    await (await orchestrator.getSchedule('s'))?.cancel()
    await until(async () => (await orchestrator.getStatistics()).activeWorkflows === 0)
    const executions = await planned(orchestrator)
    expect(executions.length).toBeGreaterThanOrEqual(4)
    expect(new Set(await gaps(orchestrator))).toEqual(new Set([1000]))
    expect(executions.slice(0, 2).map(({ results }) => results)).toEqual([{ a: 'first' }, { a: 'second' }])
    // The call that was cut short is made again; no other is.
    const ids = executions.map(({ id }) => id)
    const calls = readFileSync(logs[durability], 'utf8').trim().split('\n')
    expect(calls.toSorted()).toEqual([...ids, ids[1]].map((id) => `${id} me`).toSorted())
  })
})

describe('in a file that is opened again, a schedule', () => {
  /** A kit whose first process has the agent, and no other. */
  async function orphaned(): Promise<TestKit> {
    let processes = 0
    const setup = (orchestrator: MultiAgentOrchestrator): void => {
      processes += 1
      if (processes === 1) register(orchestrator, { work: () => 1 })
    }
    return kitWith({}, { storage: 'file', setup })
  }

  it('runs by default once for all that was missed, and keeps its rhythm', async () => {
    const kit = await kitWith({ work: () => 1 }, { storage: 'file' })
    await kit.orchestrator.scheduleWorkflow(flow, SECOND)
    await kit.clock.advance('2s')
    await kit.crash()
    await kit.clock.advance(2500)
    await kit.reopen()
    await kit.clock.advance(0)
    expect(await gaps(kit.orchestrator)).toEqual([1000, 2000])
    await kit.clock.advance(500)
    expect(await gaps(kit.orchestrator)).toEqual([1000, 2000, 1000])
  })

  it('waits for its agents, and says for whom', async () => {
    const kit = await orphaned()
    await kit.orchestrator.scheduleWorkflow(flow, SECOND)
    const second = await kit.reopen()
    const [waiting] = await second.listSchedules()
    const next = waiting?.next?.getTime() ?? 0
    await kit.clock.advance(1200)
    expect((await second.getStatistics()).waitingForAgents).toEqual({ flow: ['work'] })
    expect([waiting?.next?.getTime(), await planned(second)]).toEqual([next, []])
    register(second, { work: () => 2 })
    await kit.clock.advance(0)
    expect((await planned(second)).map(({ results }) => results)).toEqual([{ a: 2 }])
    expect((await second.getStatistics()).waitingForAgents).toEqual({})
    expect(waiting?.next?.getTime()).toBe(next + 1000)
  })

  it('waits for functions that are conditions too, and has them when it is asked for again', async () => {
    const conditional = workflow([
      task('a', {
        conditions: [
          function decides() {
            return true
          },
        ],
      }),
    ])
    const kit = await kitWith({ work: () => 2 }, { storage: 'file' })
    await kit.orchestrator.scheduleWorkflow(conditional, SECOND)
    const second = await kit.reopen()
    await kit.clock.advance('1s')
    expect((await second.getStatistics()).waitingForAgents).toEqual({ flow: ['function decides@tasks[0].conditions[0]'] })
    const again = await second.scheduleWorkflow(conditional, SECOND)
    expect((await second.getStatistics()).waitingForAgents).toEqual({})
    await kit.clock.advance(0)
    expect((await planned(second)).map(({ results }) => results)).toEqual([{ a: 2 }])
    await again.cancel()
    expect(await (await kit.reopen()).listSchedules()).toEqual([])
  })

  it('can be cancelled while it waits', async () => {
    const kit = await orphaned()
    await kit.orchestrator.scheduleWorkflow(flow, SECOND)
    const second = await kit.reopen()
    await (await second.getSchedule('flow'))?.cancel()
    expect((await second.getStatistics()).waitingForAgents).toEqual({})
    register(second, { work: () => expect.fail('nothing is planned any more') })
    await kit.clock.advance('10s')
    expect(await planned(second)).toEqual([])
  })
})

describe('the process', () => {
  const head = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const [path, register] = process.argv.slice(2)
    const orchestrator = new MultiAgentOrchestrator(path ? { storage: { path, durability: 'os' } } : {})
    const flow = { id: 'flow', name: 'Flow', version: '1.0.0', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }
    const agents = () => orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => console.log('at work') }) })
  `

  it('stays alive while something is planned, and ends when nothing is', async () => {
    const source = `${head}
      agents()
      const schedule = await orchestrator.scheduleWorkflow(flow, { every: '1s' })
      orchestrator.on('workflow:completed', ({ startTime, schedule: { at } }) => {
        console.log(startTime < at ? 'early' : 'at its time')
        void schedule.cancel()
      })
    `
    expect(await run(folder, source)).toMatchObject({ code: 0, stdout: 'at work\nat its time\n', stderr: '' })
  })

  it('ends by itself where what is planned waits for agents, and at once after a shutdown', async () => {
    const path = storePath(folder)
    const planning = `${head}
      agents()
      await orchestrator.scheduleWorkflow(flow, { every: '1h' })
      await orchestrator.shutdown()
      console.log('planned')
    `
    expect(await run(folder, planning, [path])).toMatchObject({ code: 0, stdout: 'planned\n' })
    expect(existsSync(path)).toBe(true)
    const looking = `${head}
      console.log((await orchestrator.listSchedules()).map(({ id }) => id).join())
    `
    expect(await run(folder, looking, [path])).toMatchObject({ code: 0, stdout: 'flow\n' })
  })
})
