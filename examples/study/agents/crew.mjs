// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// All agents of the study, and how they are introduced to the orchestrator.
import { setTimeout as sleep } from 'node:timers/promises'
import { counter } from './counter.mjs'
import { duplicateFinder } from './duplicate-finder.mjs'
import { functionFinder } from './function-finder.mjs'
import { lister } from './lister.mjs'
import { reporter } from './reporter.mjs'
import { summariser } from './summariser.mjs'
import { todoFinder } from './todo-finder.mjs'

/**
 * What an agent does with a task. The context is the execution's own (`root`, `report`) and the outputs of the task's dependencies.
 * @typedef {{ id: string, input: { data: any }, context: { root: string, report: string, dependencies: Record<string, any> } }} StudyTask
 * `execution` gives the whole of it, as it is on record by then.
 * @typedef {{ signal: AbortSignal, execution: () => Promise<import('@codexos/multi-agent-orchestrator').WorkflowExecution> }} StudyContext
 * @typedef {(task: StudyTask, ctx: StudyContext) => unknown} Work
 */

const CREW = [lister, counter, functionFinder, todoFinder, duplicateFinder, summariser, reporter]

/**
 * @param {import('@codexos/multi-agent-orchestrator').MultiAgentOrchestrator} orchestrator
 * @param {{ ledger: import('../ledger.mjs').Ledger, paceMs: number }} options
 */
export function registerCrew(orchestrator, { ledger, paceMs }) {
  const pause = pacer(paceMs)
  for (const { name, execute } of CREW) {
    orchestrator.agentPool.registerAgentType(name, {
      create: async () => ({
        execute: async (/** @type {any} */ task, /** @type {{ signal: AbortSignal }} */ ctx) => {
          ledger.write('invoked', task.id)
          const execution = async () => /** @type {any} */ (await orchestrator.getExecution(task.executionId))
          const result = await execute(task, { signal: ctx.signal, execution })
          await pause(ctx.signal)
          return result
        },
      }),
    })
  }
}

/** Lets calls through one at a time, at least `paceMs` apart: tasks then end at a pace that the eye can follow. */
function pacer(/** @type {number} */ paceMs) {
  let last = -Infinity
  return async (/** @type {AbortSignal} */ signal) => {
    if (paceMs === 0) return
    const now = performance.now()
    last = Math.max(now, last + paceMs)
    await sleep(last - now, undefined, { signal })
  }
}
