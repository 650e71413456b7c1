// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// When a threshold becomes an alert, and when that is over: `monitoring.rules`.

import type { Duration } from '../api/duration.js'
import type { Issue } from '../api/issue.js'
import { integer, number, readGroup, type Fields, type Read } from '../base/reader.js'
import { readDuration } from '../api/duration.js'

/** When a threshold of `alertThresholds` becomes an alert, and when that is over. */
export interface AlertRuleConfig {
  /** How long the figure is at the threshold before the alert begins. Default 0; of `memoryUsage` and `cpuUsage` 10000 (10 s). */
  for?: Duration | undefined
  /** The share of the threshold below which it is over, in per cent. Default 90. */
  clear?: number | undefined
  /** How long the figure is below that before it is over. Default 120000 (2 min). */
  clearAfter?: Duration | undefined
  /** How long after it was over it does not begin again. Default 300000 (5 min). */
  cooldown?: Duration | undefined
  /** Of fewer ends there is no failure rate. Default 20. */
  minSamples?: number | undefined
}

/** By the thresholds they are about. `executionDuration` has none: it begins once an execution, and is over when that ends. */
export interface AlertRulesConfig {
  taskFailureRate?: AlertRuleConfig | undefined
  memoryUsage?: Omit<AlertRuleConfig, 'minSamples'> | undefined
  cpuUsage?: Omit<AlertRuleConfig, 'minSamples'> | undefined
}

export type RuleName = keyof AlertRulesConfig

interface ResolvedRule {
  readonly for: number
  readonly clear: number
  readonly clearAfter: number
  readonly cooldown: number
  readonly minSamples: number
}

export type ResolvedRules = Readonly<Record<RuleName, ResolvedRule>>

const usual: ResolvedRule = { for: 0, clear: 90, clearAfter: 120_000, cooldown: 300_000, minSamples: 1 }

export const ALERT_RULES: ResolvedRules = {
  taskFailureRate: { ...usual, minSamples: 20 },
  memoryUsage: { ...usual, for: 10_000 },
  cpuUsage: { ...usual, for: 10_000 },
}

/** Of a figure that is measured. */
const measuredFields = { for: readDuration, clear: number(0, 100), clearAfter: readDuration, cooldown: readDuration }

/** Of a figure that is counted. */
const countedFields: Fields<ResolvedRule>['read'] = { ...measuredFields, minSamples: integer(1) }

const ONE_AT_A_TIME = 'means nothing here: the figure is measured, not counted; leave it out'

const rule =
  (name: RuleName): Read<ResolvedRule> =>
  (value, path, issues) => {
    const counted = name === 'taskFailureRate'
    const fields = { read: counted ? countedFields : measuredFields, ...(!counted && { refused: { minSamples: ONE_AT_A_TIME } }) }
    return readGroup(value, path, issues, fields as Fields<ResolvedRule>, ALERT_RULES[name])
  }

const rulesFields: Fields<ResolvedRules> = {
  read: { taskFailureRate: rule('taskFailureRate'), memoryUsage: rule('memoryUsage'), cpuUsage: rule('cpuUsage') },
  refused: { executionDuration: 'has no rule: its alert begins once an execution, and is over when that ends; leave it out' },
}

export function readAlertRules(value: unknown, path: string, issues: Issue[]): ResolvedRules {
  return readGroup(value, path, issues, rulesFields, ALERT_RULES)
}
