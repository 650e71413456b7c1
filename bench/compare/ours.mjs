// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The orchestrator at each level of durability, and the ways of calling it that are measured.

import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { agent, firstOf } from './shapes.mjs'

const EVENTS = ['started', 'completed', 'failed', 'cancelled'].map((name) => `workflow:${name}`)
EVENTS.push(...['started', 'completed', 'failed', 'retrying', 'skipped', 'cancelled'].map((name) => `task:${name}`))
const TASKS_MAX = 10_000
/** One instance takes all there is, as peers let agents do. */
const ONE = { maxAgents: 1, maxConcurrency: 1_000_000 }
/** A pool as people have it: many instances, and each does one thing at a time. */
export const POOL = { minAgents: 1024, maxAgents: 1024 }
const FILE_STORE = 'MAO_BENCH_FILE_STORE'
const SQLITE = 'SQLite format 3'

/** Why a level cannot be measured. */
export class MissingError extends Error {}

/** A shape as a workflow. */
export function workflowOf({ name, tasks }) {
  return {
    id: name,
    name,
    version: '1',
    tasks: tasks.map(({ id, dependencies }) => ({ id, name: id, agentId: 'nothing', dependencies })),
  }
}

/** An orchestrator with its agent registered. `level` is `memory`, `os`, `disk`, or `file`: the append-and-fdatasync file of the bench build. */
export async function openOurs(level, folder, agents = ONE) {
  const path = join(folder, `${level}.store`)
  const durability = level === 'os' ? 'os' : 'disk'
  // Read while it opens, on another thread.
  if (level === 'file') process.env[FILE_STORE] = '1'
  try {
    const orchestrator = new MultiAgentOrchestrator({
      ...(level !== 'memory' && { storage: { path, durability } }),
      workflow: { maxTasks: TASKS_MAX, enableValidation: true },
    })
    const nothing = { execute: (task) => agent(firstOf(task.context.dependencies)) }
    orchestrator.agentPool.registerAgentType('nothing', { create: () => nothing, ...agents })
    await orchestrator.ready()
    if (level === 'file') refuseSqlite(path)
    return orchestrator
  } finally {
    delete process.env[FILE_STORE]
  }
}

/** Runs as callers do who listen to everything. Returns how to stop it. */
export function listen(orchestrator) {
  let heard = 0
  const listener = () => {
    heard += 1
  }
  for (const name of EVENTS) orchestrator.on(name, listener)
  return () => {
    for (const name of EVENTS) orchestrator.off(name, listener)
    if (heard === 0) throw new Error('the listeners heard nothing')
  }
}

/** A build without the feature does not know the variable, and would measure SQLite against itself. */
function refuseSqlite(path) {
  const start = Buffer.alloc(SQLITE.length)
  const file = openSync(path)
  readSync(file, start, 0, start.length, 0)
  closeSync(file)
  if (start.toString('latin1') === SQLITE)
    throw new MissingError('the addon was built without the feature `bench`; `npm run bench` builds it')
}
