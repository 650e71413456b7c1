// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What people must know while an orchestrator runs.

import type { Recommendation } from './insight.js'

/**
 * The kinds of alert:
 *
 * - `store:log-held` (resource, medium): another program reads the store, and its log has grown beyond 256 MiB;
 * - `store:blocked` (resource, high): another program has kept commits waiting for more than 5 s;
 * - `store:log-damaged` (error, high): the log was damaged when the store was opened, and what lies behind cannot be read;
 * - `store:damaged` (error, high): an execution or a schedule cannot be read and is left alone; of an execution it is over when that is deleted, else when the orchestrator is closed, which is not announced;
 * - `store:full` (resource, critical): the disk of the store is full, and new work is refused;
 * - `store:log-full` (resource, critical): another program reads the store, its log is longer than `storage.maxLog`, and new work is refused;
 * - `store:facts-behind` (resource, medium): summaries have lacked for more than a minute what is on record, and lists of them may be refused;
 * - `store:not-copied` (resource, low): a store of an older version has the new format, and was too large to be copied before;
 * - `store:memory` (resource, high): a server of Redis has 80 % of its `maxmemory` in use; at 90 % new work is refused, and what was accepted goes on;
 * - `store:volatile` (resource, medium), `store:lonely` (resource, high), `store:untold` (resource, low): what is good to know of a server of Redis, found when
 *   it is opened: a crash of it loses executions; it has no replica to acknowledge anything; it does not say how it is set up;
 * - `store:newer` (resource, medium): a later version of this package has written what this one cannot read, and it is left alone;
 * - `taskFailureRate` (error), `memoryUsage`, `cpuUsage` (resource), `executionDuration` (performance): a threshold of `monitoring.alertThresholds` is
 *   reached: high, and critical at twice the threshold, or, of the two percentages, half-way from it to 100;
 * - `anomaly:duration`, `anomaly:wait`, `anomaly:cost` (anomaly, medium), `anomaly:failures` (anomaly, high): a task takes longer, waits longer for its
 *   agent, costs more or fails more often than it did, and stays so; where many tasks of one model, agent or workflow do, it is one alert that names it;
 * - `agent:lost` (error, high): the worker of an isolated agent ended unasked; `agent:unresponsive` (resource, medium): an agent still runs a second after it
 *   was told to stop; with `enableProfiling`, `agent:blocking` (performance, medium): an agent held the event loop for 50 ms or more. All are over when it has not happened again for five minutes;
 * - `eventLoop:delay` (performance, medium): the event loop was a second late three times in a minute; `schedule:missed` (error, medium): a planned instant passed more than a minute before
 *   anything could be done about it. Both are over when it has not happened again for five minutes;
 * - `agent:missing` (error, high): a minute after the store was opened interrupted executions still wait for an agent that is not registered;
 * - `task:poisoned` (error, high): a task was given up, since its process ended each time it ran;
 * - `budget:spent` (resource): 80 % of a budget of a day or month are spent (medium), or all of it (high).
 */
export type AlertRule =
  | 'store:full'
  | 'store:log-full'
  | 'store:log-held'
  | 'store:blocked'
  | 'store:log-damaged'
  | 'store:damaged'
  | 'store:facts-behind'
  | 'store:not-copied'
  | 'store:memory'
  | 'store:volatile'
  | 'store:lonely'
  | 'store:untold'
  | 'store:newer'
  | 'taskFailureRate'
  | 'memoryUsage'
  | 'cpuUsage'
  | 'executionDuration'
  | 'anomaly:duration'
  | 'anomaly:wait'
  | 'anomaly:cost'
  | 'anomaly:failures'
  | 'budget:spent'
  | 'agent:lost'
  | 'agent:unresponsive'
  | 'agent:blocking'
  | 'agent:missing'
  | 'eventLoop:delay'
  | 'schedule:missed'
  | 'task:poisoned'

/** Something that people must know. It is announced when it begins, and again, with the same `id`, when it becomes critical, and when it is over. */
export interface Alert {
  /** The name of this one. It has the same when it begins and when it is over, and no other alert has it. */
  readonly id: string
  /** Its kind, for programs. Titles may change, rules do not. */
  readonly rule: AlertRule
  /** Whether it begins or is over. */
  readonly state: 'firing' | 'resolved'
  readonly type: 'performance' | 'resource' | 'error' | 'anomaly'
  readonly severity: 'low' | 'medium' | 'high' | 'critical'
  /** Its kind, in a few words for people. */
  readonly title: string
  /** What has happened and what to do about it. */
  readonly description: string
  /** When it began, or was over. */
  readonly timestamp: Date
  readonly executionId?: string
  /** The path of the task; of an anomaly its id. */
  readonly taskId?: string
  /** Figures, by name: bytes where the name ends in `Bytes`, milliseconds where in `Ms`, per cent where in `Percent`. */
  readonly metrics?: Readonly<Record<string, number>>
}

/** The events of `executionMonitor`. */
export interface MonitorEvents {
  alert: [alert: Alert]
  /** Executions recommend a change that was not recommended before. It is looked for while there is a listener, as executions end. */
  insight: [insight: Recommendation]
  /** A recommendation that was applied has been measured: it has an `outcome`. */
  'insight:outcome': [insight: Recommendation]
}
