// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An orchestrator begins: its store is opened, the engine learns its limits, and what was interrupted is taken up.

import { processName } from '../base/process-name.js'
import type { Engine, OpenedStore } from '../boundary/native.js'
import type { ResolvedConfig } from '../config/config.js'
import { readingLimits } from '../definition/definition.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Alerts } from '../events/alerts.js'
import type { AgentRegistry } from '../pool/agent-pool.js'
import type { Run } from '../run/run.js'
import { cancelOrphans, type ChildrenHost } from './children.js'
import type { LiveRuns } from './live-runs.js'
import { tellDamaged } from './damaged.js'
import type { Parking } from './parking.js'
import type { InterruptedRuns } from './recovery.js'
import type { Schedules } from './schedules.js'

/** What is there to be continued; nothing where executions are in memory. */
async function openBackend(
  engine: Engine,
  { storage, redis, monitoring }: ResolvedConfig,
): Promise<Awaited<ReturnType<Engine['openFile']>> | undefined> {
  if (redis !== null) return engine.openRedis(redis)
  if (storage !== null) return engine.openFile(storage, monitoring.enableMetrics)
  engine.openMemory()
  return undefined
}

/** What takes part. */
export interface OpeningParts {
  readonly dispatcher: Dispatcher
  readonly agents: AgentRegistry
  readonly interrupted: InterruptedRuns
  readonly schedules: Schedules
  readonly alerts: Alerts
  readonly live: LiveRuns
  readonly parking: Parking
  readonly childrenHost: ChildrenHost
}

export async function openStore(config: ResolvedConfig, parts: OpeningParts): Promise<void> {
  const { workflow } = config
  const { dispatcher, agents, alerts, interrupted, parking } = parts
  const { engine, clock } = dispatcher
  const opened = await openBackend(engine, config)
  if (opened !== undefined) clock.notBefore(opened.now)
  alerts.tell(engine)
  agents.open(engine)
  const { maxConcurrentWorkflows: runningMax, tenantWeights, allowRedefinition: redefinable } = workflow
  const process = processName()
  const { maxJournalEvents, maxJournalBytes: bytesMax, maxTasks } = workflow
  const eventsMax = maxJournalEvents ?? Math.max(1_000_000, 10 * maxTasks)
  const limits = {
    definitions: readingLimits(workflow),
    redefinable,
    eventsMax,
    bytesMax,
    counts: config.monitoring.enableMetrics,
    process,
  }
  engine.limit({ ...(runningMax !== null && { runningMax }), tenantWeights, ...limits })
  const left = opened ?? { groups: [], families: new Uint32Array(), unreadable: [], now: 0 }
  await interrupted.inTurn(() => takeUp(left, parts))
  parking.opened()
}

/** Goes on with what another process has left, and what is this one's now. */
export function takeOver({ dispatcher, interrupted, ...parts }: OpeningParts): void {
  const take = (): Promise<void> => {
    const left = dispatcher.engine.taken(interrupted.known)
    dispatcher.clock.notBefore(left.now)
    return takeUp(left, { dispatcher, interrupted, ...parts })
  }
  // What fails here fails for all of the orchestrator.
  interrupted.inTurn(take).catch(() => {})
}

/** What was found joins what is known, and goes on as soon as it can. */
async function takeUp({ groups, families, unreadable }: OpenedStore, parts: OpeningParts): Promise<void> {
  const { interrupted, schedules, alerts, live, parking, childrenHost } = parts
  const found = await interrupted.found(groups, families)
  await interrupted.takeUp()
  tellDamaged(alerts, unreadable)
  const isThere = (id: string): boolean => live.has(id) || parking.has(id) || unreadable.some((one) => one.id === id && !one.isSchedule)
  const isOrphan = ({ options: { parent } }: Run): boolean => parent !== undefined && !isThere(parent.execution)
  cancelOrphans(childrenHost, found.filter(isOrphan))
  schedules.takeUp(unreadable)
}
