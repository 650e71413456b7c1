// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How an orchestrator ends: in order, or as its process does that is killed.

import { number } from '../base/reader.js'
import { readCallOptions } from '../json/entry.js'
import type { AgentRegistry } from '../pool/agent-pool.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { CancelledError, ClosedError } from '../api/errors.js'
import type { Elsewhere } from './elsewhere.js'
import type { EndedExecutions } from './ended-executions.js'
import type { Announcer } from '../events/announcer.js'
import type { LiveRuns } from './live-runs.js'
import type { Parking } from './parking.js'
import type { ModelGateway } from '../models/integration.js'
import type { Run } from '../run/run.js'
import type { Deletions } from './deletion.js'
import type { Schedules } from './schedules.js'
import { processEnded, type Stage } from './stage.js'

const DRAIN_MS_DEFAULT = 5000

/** What there is to end. */
interface StoppingHost {
  readonly dispatcher: Dispatcher
  readonly agents: AgentRegistry
  readonly models: ModelGateway
  readonly schedules: Schedules
  readonly deletions: Deletions
  readonly live: LiveRuns
  readonly parking: Parking
  /** Without a store, those that are remembered. */
  readonly ended: EndedExecutions | undefined
  readonly announcer: Announcer
  readonly elsewhere: Elsewhere | undefined
  readonly tracing: { close(): Promise<void> } | undefined
  readonly cpuProfiles: { close(): Promise<void> }
}

/** Lets go of a run that has ended, or is not driven here any more. */
export function release(host: StoppingHost, run: Run): void {
  if (run.released) return
  const { announcer, dispatcher, ended, live } = host
  // A listener that came in time hears of it before that.
  if (announcer.afterwards(run, () => release(host, run))) return
  live.delete(run)
  // Without a store a follower of its events reads to the end of them, and the holder of a handle may ask for them later.
  const kept = ended !== undefined && (run.followers > 0 || run.call === 0)
  if (kept && dispatcher.failure === undefined) announcer.keep(run)
  const bytes = dispatcher.release(run, ended?.get(run.id) !== undefined)
  ended?.weigh(run.id, bytes)
}

/** Why a call is refused: it comes after the end, or was under way when that came and has begun nothing. */
export function closed(call: string, underWay: boolean): ClosedError {
  const message = underWay
    ? `${call} was still under way when the orchestrator was shut down, and began nothing; await it before \`shutdown()\``
    : `${call} is refused: the orchestrator has been shut down; create another with \`new MultiAgentOrchestrator(…)\``
  return new ClosedError('ERR_CLOSED', message)
}

/**
 * Nothing new starts, and running attempts have `drainMs` to answer. Pending promises reject with `continues`, which says what becomes of what
 * has not ended. `ready`: a store that did not open is not written to.
 */
export async function endInOrder(
  { dispatcher, agents, models, schedules, deletions, live, parking, announcer, elsewhere, tracing, cpuProfiles }: StoppingHost,
  ready: Promise<void>,
  drainMs: number,
  continues: string,
): Promise<void> {
  const isOpen = await ready.then(
    () => true,
    () => false,
  )
  deletions.stop()
  dispatcher.drain()
  if (isOpen) await dispatcher.idle(drainMs)
  await announcer.settled()
  dispatcher.abortAll(new CancelledError('ERR_SHUTDOWN', 'the orchestrator is shutting down'))
  if (isOpen) dispatcher.interrupt()
  dispatcher.stop()
  const lost = new ClosedError('ERR_CLOSED', 'the orchestrator was shut down before this was on record')
  schedules.lose(lost)
  deletions.lose(lost)
  elsewhere?.lose(lost)
  parking.lose(new ClosedError('ERR_CLOSED', `the orchestrator was shut down before the execution was at hand; ${continues}`))
  for (const run of live.values()) {
    const message = `the orchestrator was shut down before the execution ended; ${continues}`
    run.lose(new ClosedError('ERR_CLOSED', message, { executionId: run.id }))
  }
  await agents.instances.close()
  await agents.servers.close()
  models.close()
  // One may have come while the others ended.
  await announcer.settled()
  await tracing?.close()
  await cpuProfiles.close()
  await dispatcher.engine.close()
}

/** Its process ends, as far as anybody can tell. What every later call hears. */
export function endAtOnce(
  { dispatcher, agents, models, schedules, deletions, parking, elsewhere }: StoppingHost,
  stage: Stage,
): ClosedError {
  const error = processEnded()
  dispatcher.abandon(error)
  parking.lose(error)
  schedules.lose(error)
  deletions.lose(error)
  elsewhere?.lose(error)
  void agents.servers.close()
  models.close()
  stage.crashed()
  return error
}

/** How long the agents that run have to answer. */
export function readDrainMs(options: { drainMs?: number } | undefined): number {
  const what = 'the orchestrator cannot be shut down like that'
  return readCallOptions(options, 'options', what, { drainMs: number(0) }, { drainMs: DRAIN_MS_DEFAULT }).drainMs
}
