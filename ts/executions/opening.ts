// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An orchestrator begins: its store is opened, the engine learns its limits, and what was interrupted is taken up.

import { processName } from '../base/process-name.js'
import type { Engine } from '../boundary/native.js'
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
interface Parts {
  readonly dispatcher: Dispatcher
  readonly agents: AgentRegistry
  readonly interrupted: InterruptedRuns
  readonly schedules: Schedules
  readonly alerts: Alerts
  readonly live: LiveRuns
  readonly parking: Parking
  readonly children: ChildrenHost
}

export async function openStore(config: ResolvedConfig, parts: Parts): Promise<void> {
  const { workflow } = config
  const { dispatcher, agents, interrupted, schedules, alerts, live, parking, children } = parts
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
  const { groups, families, unreadable } = opened ?? { groups: [], families: [], unreadable: [] }
  const found = await interrupted.found(groups, families)
  await interrupted.takeUp()
  tellDamaged(alerts, unreadable)
  const isThere = (id: string): boolean => live.has(id) || parking.has(id) || unreadable.some((one) => one.id === id && !one.isSchedule)
  const isOrphan = ({ options: { parent } }: Run): boolean => parent !== undefined && !isThere(parent.execution)
  cancelOrphans(children, found.filter(isOrphan))
  schedules.takeUp(unreadable)
  parking.opened()
}
