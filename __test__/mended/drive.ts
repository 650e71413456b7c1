// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Lets the package run a workflow, stops it anywhere, mends it, and holds what goes on to the oracle and to a run of the mended workflow from its beginning.

import type {
  AgentTask,
  AgentWorkflow,
  AttemptContext,
  MultiAgentOrchestrator,
  TaskInput,
  WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import { createTestKit, type TestKit } from '@codexos/multi-agent-orchestrator/testing'
import type { Deed } from '../crossed/case.ts'
import { Chance } from '../crossed/chance.ts'
import { caseOf } from '../crossed/generate.ts'
import { edited, listsIn, pureCase } from './edits.ts'
import { keptBy, keptInPlace } from './oracle.ts'

/** What a pair of a workflow and its mend came to. */
export interface Held {
  readonly difference?: string
  /** Ends that were kept, of those there were. */
  readonly kept: number
  readonly ends: number
}

interface Call {
  readonly execution: string
  readonly path: string
}

export async function mendedCase(seed: number): Promise<Held> {
  const kit = await createTestKit({
    storage: seed % 16 === 0 ? 'file' : 'memory',
    workflow: { maxTasks: 1000 },
    patience: '20s',
    logger: false,
  })
  try {
    return await new Driver(kit, seed).drive()
  } finally {
    await kit.close()
  }
}

class Driver {
  readonly #kit: TestKit
  readonly #orchestrator: MultiAgentOrchestrator
  readonly #seed: number
  readonly #chance: Chance
  readonly #calls: Call[] = []
  /** At which call it stops. */
  #stopsAt = Infinity
  /** Attempts that sleep. */
  #asleep = 0

  constructor(kit: TestKit, seed: number) {
    this.#kit = kit
    this.#orchestrator = kit.orchestrator
    this.#seed = seed
    this.#chance = new Chance(seed * 7 + 3)
  }

  async drive(): Promise<Held> {
    const { flow, registered, context } = pureCase(caseOf(this.#seed))
    for (const agent of ['work', 'undo', 'stand-in', 'apart']) {
      const execute = (task: TaskInput, given: AttemptContext): unknown => this.#work(agent, task, given)
      this.#orchestrator.agentPool.registerAgentType(agent, { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 10_000 })
    }
    for (const one of registered) this.#orchestrator.workflowEngine.registerWorkflow(one)
    const mended = this.#mendOf(flow)
    if (mended === undefined) return { kept: 0, ends: 0 }
    if (!this.#chance.oneIn(3)) this.#stopsAt = 1 + this.#chance.below(12)
    await this.#orchestrator.startWorkflow(flow, context, { executionId: 'first' })
    const first = await this.#quiet()
    this.#stopsAt = Infinity
    if (first.endTime === undefined && this.#chance.oneIn(2)) return this.#move(first, flow, mended, context)
    const own = first.tasks.filter(({ taskId }) => !/[!/]/.test(taskId))
    const from = own.length > 0 && this.#chance.oneIn(4) ? [this.#chance.of(own).taskId] : []
    const expected = keptBy(flow, mended, first.tasks, from)
    const plan =
      from.length === 0
        ? await this.#orchestrator.forkExecution('first', { workflow: mended, dryRun: true })
        : await this.#orchestrator.forkExecution('first', from[0] as string, { workflow: mended, dryRun: true })
    const kept = plan.kept.filter((path) => !path.includes('/')).toSorted()
    const held = {
      kept: kept.length,
      ends: own.filter(({ status }) => ['completed', 'failed', 'skipped', 'cancelled'].includes(status)).length,
    }
    const at = `${first.status}, from ${JSON.stringify(from)}, ${JSON.stringify(own.map(({ taskId, status, reason }) => `${taskId} ${status} ${reason ?? ''}`))}`
    if (JSON.stringify(kept) !== JSON.stringify(expected))
      return { ...held, difference: `kept ${JSON.stringify(kept)}, and the oracle ${JSON.stringify(expected)}; ${at}` }
    const options = { workflow: mended, executionId: 'moved' }
    const moved =
      from.length === 0
        ? await this.#orchestrator.forkExecution('first', options)
        : await this.#orchestrator.forkExecution('first', from[0] as string, options)
    const end = await this.#kit.until(moved.settled())
    const again = this.#calls.find(({ execution, path }) => `${execution}/`.startsWith('moved/') && this.#isKept(execution, path, kept))
    if (again !== undefined) return { ...held, difference: `a kept task was called: ${JSON.stringify(again)}; ${at}` }
    // What was kept is there at once: where a join goes by who is first, and others run again, a fork may be decided otherwise.
    if (decidesOtherwise(flow, mended, from)) return held
    const fresh = await this.#orchestrator.startWorkflow(mended, context, { executionId: 'fresh' })
    const other = await this.#kit.until(fresh.settled())
    const difference = differing(end, other)
    return { ...held, ...(difference !== undefined && { difference: `${difference}; kept ${JSON.stringify(kept)}; ${at}` }) }
  }

  /** It goes on where it is. */
  async #move(first: WorkflowExecution, flow: AgentWorkflow, mended: AgentWorkflow, context: { [key: string]: unknown }): Promise<Held> {
    const own = first.tasks.filter(({ taskId }) => !/[!/]/.test(taskId))
    const at = `moved, ${JSON.stringify(own.map(({ taskId, status, reason }) => `${taskId} ${status} ${reason ?? ''}`))}`
    const ends = own.filter(({ status }) => ['completed', 'failed', 'skipped', 'cancelled'].includes(status)).length
    const expected = keptInPlace(flow, mended, first.tasks)
    const before = this.#calls.length
    const plan = await this.#orchestrator.moveExecution('first', mended).catch((error: Error & { code?: string }) => error)
    // What is being stopped, or is to be undone and would not stay, is refused.
    if (plan instanceof Error) {
      const difference = plan.code === 'ERR_NOT_MOVABLE' ? undefined : `it was refused: ${plan.message}; ${at}`
      return { kept: 0, ends: 0, ...(difference !== undefined && { difference }) }
    }
    const kept = plan.kept.filter((path) => !path.includes('/')).toSorted()
    const held = { kept: kept.length, ends }
    if (JSON.stringify(kept) !== JSON.stringify(expected))
      return { ...held, difference: `stayed ${JSON.stringify(kept)}, and the oracle ${JSON.stringify(expected)}; ${at}` }
    await this.#orchestrator.resumeExecution('first')
    const end = await this.#kit.until(this.#orchestrator.getHandle('first').settled())
    const again = this.#calls
      .slice(before)
      .find(({ execution, path }) => execution === 'first' && kept.includes(path.split(/[!/]/)[0] ?? '') && !path.endsWith('!compensate'))
    if (again !== undefined) return { ...held, difference: `what stayed was called: ${JSON.stringify(again)}; ${at}` }
    if (decidesOtherwise(flow, mended, [])) return held
    const fresh = await this.#orchestrator.startWorkflow(mended, context, { executionId: 'fresh' })
    const difference = differing(end, await this.#kit.until(fresh.settled()))
    return { ...held, ...(difference !== undefined && { difference: `${difference}; stayed ${JSON.stringify(kept)}; ${at}` }) }
  }

  /** A mend that is a workflow. */
  #mendOf(flow: AgentWorkflow): AgentWorkflow | undefined {
    for (let tries = 0; tries < 20; tries += 1) {
      const mended = edited(flow, this.#chance)
      if (this.#orchestrator.workflowEngine.validateWorkflow(mended).valid) return mended
    }
    return undefined
  }

  /** The execution when it has ended, or is paused and nothing of it works or sleeps. Time does not pass for what the pause holds back. */
  async #quiet(): Promise<WorkflowExecution> {
    const { clock } = this.#kit
    for (;;) {
      await clock.advance(0)
      const execution = (await this.#orchestrator.getExecution('first')) as WorkflowExecution
      if (execution.endTime !== undefined || (execution.status === 'paused' && this.#asleep === 0)) return execution
      if (!(await clock.advanceToNext())) return execution
    }
  }

  /** Whether a call of the fork, or of what is below it, is in the name of a task that is kept. */
  #isKept(execution: string, path: string, kept: readonly string[]): boolean {
    const below = execution === 'moved' ? path.split('/')[0] : decodeURIComponent(execution.split('/')[1] ?? '')
    return kept.includes(below ?? '')
  }

  async #work(agent: string, task: TaskInput, { signal, attempt, idempotencyKey, spawn }: AttemptContext): Promise<unknown> {
    const { said, deed = {} } = (task.input.data ?? {}) as { said?: unknown; deed?: Deed }
    const path = decodeURIComponent(idempotencyKey.slice(idempotencyKey.lastIndexOf(':') + 1))
    this.#calls.push({ execution: task.executionId, path })
    // It is not awaited: the attempt goes on meanwhile.
    if (this.#calls.length === this.#stopsAt) void this.#orchestrator.pauseExecution('first')
    if (deed.slow !== undefined) await this.#sleep(deed.slow, signal)
    if (agent !== 'work') return { id: task.id, said: null }
    for (const spawned of deed.spawns ?? []) {
      try {
        await spawn(spawned)
      } catch (error) {
        if (deed.catches !== true) throw error
      }
    }
    if (attempt > (deed.fails ?? 0)) return { id: task.id, said }
    throw Object.assign(new Error('no'), deed.code !== undefined && { code: deed.code }, deed.final === true && { retryable: false })
  }

  async #sleep(time: number, signal: AbortSignal): Promise<void> {
    const stopped = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    this.#asleep += 1
    await Promise.race([this.#kit.clock.sleep(time), stopped]).finally(() => void (this.#asleep -= 1))
  }
}

/** Whether a group that is decided by who is first has changed inside, or runs a part of it again. */
function decidesOtherwise(before: AgentWorkflow, after: AgentWorkflow, from: readonly string[]): boolean {
  const joined = (flow: AgentWorkflow): AgentTask[] =>
    listsIn(flow.tasks as AgentTask[])
      .flat()
      .filter(({ join }) => join !== undefined && join !== 'all' && join !== 'settled')
  const now = new Set(joined(after).map((group) => JSON.stringify(group)))
  const isFrom = (group: AgentTask): boolean => (group.tasks ?? []).some(({ id }) => from.some((path) => path.endsWith(id)))
  return joined(before).some((group) => !now.has(JSON.stringify(group)) || isFrom(group))
}

function differing(moved: WorkflowExecution, fresh: WorkflowExecution): string | undefined {
  const words = ({ status, results, error }: WorkflowExecution): string => JSON.stringify([status, error?.code, error?.taskId, results])
  return words(moved) === words(fresh) ? undefined : `it came to ${words(moved)}, and from its beginning to ${words(fresh)}`
}
