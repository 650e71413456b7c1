// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Workflows that run again and again, also when the process that planned them is gone.

import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { MultiAgentOrchestrator, Schedule, WorkflowExecution, WorkflowSchedule } from '@codexos/multi-agent-orchestrator'
import { run, start } from './support/child.ts'
import { storePath, userFolder } from './support/folder.ts'
import { gate, orchestratorWith, places, register, rejection, task, until, workflow } from './support/orchestrators.ts'

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

const completed = (orchestrator: MultiAgentOrchestrator, count: number): Promise<void> =>
  until(async () => (await orchestrator.getStatistics()).completedTotal >= count)

describe('a schedule', () => {
  it('runs its workflow at each planned instant, as an execution that says so', async () => {
    const seen: unknown[] = []
    const orchestrator = orchestratorWith({ work: ({ context }) => seen.push(context['who']) })
    const started: string[] = []
    orchestrator.on('workflow:started', ({ id }) => started.push(id))
    const before = Date.now()
    const schedule = await orchestrator.scheduleWorkflow(
      flow,
      { ...SECOND, missed: 'all' },
      { who: 'me' },
      { id: 'each-second', tenant: 't' },
    )
    const first = schedule.next
    expect(schedule).toMatchObject({ id: 'each-second', workflowId: 'flow' })
    expect((first?.getTime() ?? 0) - before).toBeGreaterThanOrEqual(999)
    await completed(orchestrator, 2)
    const executions = await planned(orchestrator)
    expect(executions.map(({ id }) => id).slice(0, 2)).toEqual(started.slice(0, 2))
    expect(executions[0]).toMatchObject({
      id: `each-second@${first?.toISOString()}`,
      workflowId: 'flow',
      status: 'completed',
      tenant: 't',
      schedule: { id: 'each-second', at: first },
    })
    expect(executions[0]?.startTime.getTime()).toBeGreaterThanOrEqual(first?.getTime() ?? 0)
    expect(new Set(await gaps(orchestrator))).toEqual(new Set([1000]))
    expect(seen.slice(0, 2)).toEqual(['me', 'me'])
    expect((schedule.next?.getTime() ?? 0) - (first?.getTime() ?? 0)).toBeGreaterThanOrEqual(2000)
  })

  it('can be found, listed and cancelled; what has begun goes on', async () => {
    const release = gate()
    const orchestrator = orchestratorWith({ work: () => release.promise })
    const schedule = await orchestrator.scheduleWorkflow(flow, SECOND)
    await orchestrator.scheduleWorkflow(flow, { cron: '0 2 * * *', timezone: 'Europe/Berlin' }, {}, { id: 'a-nightly' })
    expect((await orchestrator.listSchedules()).map(({ id }) => id)).toEqual(['a-nightly', 'flow'])
    const found = await orchestrator.getSchedule('flow')
    expect(found?.next).toEqual(schedule.next)
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 1)
    await Promise.all([schedule.cancel(), found?.cancel()])
    await schedule.cancel()
    expect([schedule.next, await orchestrator.getSchedule('flow')]).toEqual([undefined, undefined])
    expect((await orchestrator.listSchedules()).map(({ id }) => id)).toEqual(['a-nightly'])
    release.open()
    await completed(orchestrator, 1)
    await new Promise((resolve) => setTimeout(resolve, 1200))
    expect(await planned(orchestrator)).toHaveLength(1)
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
    const orchestrator = orchestratorWith({ work: () => new Promise((resolve) => setTimeout(resolve, 1200)) })
    await orchestrator.scheduleWorkflow(flow, { ...SECOND, overlap: 'skip' })
    await completed(orchestrator, 2)
    expect((await gaps(orchestrator)).slice(0, 1)).toEqual([2000])
  })

  it('gives its options to each execution', async () => {
    const started: number[] = []
    const work = (): Promise<void> => {
      started.push(Date.now())
      return new Promise((resolve) => setTimeout(resolve, 1500))
    }
    const orchestrator = orchestratorWith({ work })
    await orchestrator.scheduleWorkflow(flow, SECOND, {}, { concurrency: { key: 'k', limit: 1 } })
    await completed(orchestrator, 2)
    expect((started[1] ?? 0) - (started[0] ?? 0)).toBeGreaterThanOrEqual(1499)
    expect((await gaps(orchestrator))[0]).toBe(1000)
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
const [path, durability, log, schedule] = process.argv.slice(2)
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
await orchestrator.scheduleWorkflow(flow, JSON.parse(schedule), { who: 'me' }, { id: 's' })
`

interface Killed {
  readonly path: string
  calls(): string[]
  /** Logs as the killed process did. */
  work(task: { executionId: string; context: { [key: string]: unknown } }): string
}

/** Runs the program, kills it in its second execution, and lets some planned instants pass. */
async function killed(durability: string, schedule: WorkflowSchedule): Promise<Killed> {
  const path = storePath(folder)
  const log = `${path}.log`
  const child = start(folder, program, [path, durability, log, JSON.stringify(schedule)])
  await child.says('stuck')
  expect((await child.kill()).signal).toBe('SIGKILL')
  await new Promise((resolve) => setTimeout(resolve, 2500))
  return {
    path,
    calls: () => readFileSync(log, 'utf8').trim().split('\n'),
    work: ({ executionId, context }) => {
      appendFileSync(log, `${executionId} ${String(context['who'])}\n`)
      return 'second'
    },
  }
}

describe.each(['os', 'disk'] as const)('after SIGKILL, durability %s, a schedule goes on by itself', (durability) => {
  let all: Killed
  let once: Killed
  beforeAll(async () => {
    ;[all, once] = await Promise.all([killed(durability, { ...SECOND, missed: 'all' }), killed(durability, SECOND)])
  })

  it("with missed: 'all' for each planned instant, once", async () => {
    const { path, work, calls } = all
    const orchestrator = orchestratorWith({ work }, { storage: { path, durability } })
    await completed(orchestrator, 5)
    await (await orchestrator.getSchedule('s'))?.cancel()
    const executions = await planned(orchestrator)
    expect(new Set(await gaps(orchestrator))).toEqual(new Set([1000]))
    expect(executions.slice(0, 2).map(({ results }) => results)).toEqual([{ a: 'first' }, { a: 'second' }])
    // The call that was cut short is made again; no other is.
    const ids = executions.map(({ id }) => id)
    expect(calls().toSorted()).toEqual([...ids, ids[1]].map((id) => `${id} me`).toSorted())
  })

  it('by default once for all that was missed', async () => {
    const { path, work } = once
    const orchestrator = orchestratorWith({ work }, { storage: { path, durability } })
    await completed(orchestrator, 3)
    const [first, second = 0, third] = await gaps(orchestrator)
    expect(first).toBe(1000)
    expect(second).toBeGreaterThanOrEqual(2000)
    // The rhythm is what it was.
    expect([second % 1000, third ?? 1000]).toEqual([0, 1000])
  })
})

describe('in a file that is opened again, a schedule', () => {
  it('waits for its agents, and says for whom', async () => {
    const storage = { path: storePath(folder), durability: 'os' as const }
    const first = orchestratorWith({ work: () => 1 }, { storage })
    await first.scheduleWorkflow(flow, SECOND)
    await first.shutdown()
    await new Promise((resolve) => setTimeout(resolve, 1200))
    const second = orchestratorWith({}, { storage })
    const [waiting] = await second.listSchedules()
    expect((await second.getStatistics()).waitingForAgents).toEqual({ flow: ['work'] })
    const next = waiting?.next?.getTime() ?? 0
    expect(next).toBeLessThan(Date.now())
    await new Promise((resolve) => setTimeout(resolve, 100))
    expect(await planned(second)).toEqual([])
    register(second, { work: () => 2 })
    await completed(second, 1)
    expect((await second.getStatistics()).waitingForAgents).toEqual({})
    expect(waiting?.next?.getTime()).toBeGreaterThan(next)
  })

  it('waits for functions that are conditions too, and has them when it is asked for again', async () => {
    const path = storePath(folder)
    const storage = { path, durability: 'os' as const }
    const conditional = workflow([
      task('a', {
        conditions: [
          function decides() {
            return true
          },
        ],
      }),
    ])
    const first = orchestratorWith({ work: () => 1 }, { storage })
    await first.scheduleWorkflow(conditional, SECOND)
    await first.shutdown()
    const second = orchestratorWith({ work: () => 2 }, { storage })
    expect((await second.getStatistics()).waitingForAgents).toEqual({ flow: ['function decides@tasks[0].conditions[0]'] })
    const again = await second.scheduleWorkflow(conditional, SECOND)
    expect((await second.getStatistics()).waitingForAgents).toEqual({})
    await completed(second, 1)
    expect((await planned(second))[0]?.results).toEqual({ a: 2 })
    await again.cancel()
    await second.shutdown()
    expect(await orchestratorWith({}, { storage }).listSchedules()).toEqual([])
  })

  it('can be cancelled while it waits', async () => {
    const path = storePath(folder)
    const storage = { path, durability: 'os' as const }
    const first = orchestratorWith({ work: () => 1 }, { storage })
    await first.scheduleWorkflow(flow, SECOND)
    await first.shutdown()
    const second = orchestratorWith({}, { storage })
    await (await second.getSchedule('flow'))?.cancel()
    expect((await second.getStatistics()).waitingForAgents).toEqual({})
    register(second, { work: () => expect.fail('nothing is planned any more') })
    await new Promise((resolve) => setTimeout(resolve, 1200))
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
      orchestrator.on('workflow:completed', () => void schedule.cancel())
    `
    expect(await run(folder, source)).toMatchObject({ code: 0, stdout: 'at work\n', stderr: '' })
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
