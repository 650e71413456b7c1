// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The thresholds of a configuration, as rules that Rust follows.

import type { ResolvedMonitoring } from '../config/config.js'
import type { RuleName } from '../config/alert-rules.js'
import type { Alert } from '../api/alert.js'

/** A rule as `src/alerting.rs` reads it; times in milliseconds. */
interface RuleText {
  readonly threshold: number
  readonly critical: number
  readonly clear: number
  readonly hold: number
  readonly clearAfter: number
  readonly cooldown: number
  readonly minSamples: number
}

/** How an alert of a rule reads. */
interface Wording extends Pick<Alert, 'type' | 'title'> {
  readonly isShare: boolean
  readonly figure: string
  readonly bound: string
  readonly describe: (figure: string, bound: string) => string
}

const MIB = 2 ** 20

export const WORDINGS: Readonly<Record<RuleName, Wording>> = {
  taskFailureRate: {
    type: 'error',
    title: 'Many tasks fail',
    isShare: true,
    figure: 'failedPercent',
    bound: 'thresholdPercent',
    describe: (figure, bound) =>
      `${figure} of the tasks that ended in the last 5 minutes failed (threshold ${bound}); \`listExecutions({ fields: 'summary', status: 'failed' })\` lists them with their errors`,
  },
  memoryUsage: {
    type: 'resource',
    title: 'The process needs much memory',
    isShare: false,
    figure: 'rssBytes',
    bound: 'thresholdBytes',
    describe: (figure, bound) =>
      `the process holds ${figure} of memory (threshold ${bound}); give it less work at once (\`maxConcurrentWorkflows\`, \`maxAgents\`) or more memory`,
  },
  cpuUsage: {
    type: 'resource',
    title: 'The process needs much CPU',
    isShare: true,
    figure: 'cpuPercent',
    bound: 'thresholdPercent',
    describe: (figure, bound) =>
      `the process uses ${figure} of the cores it may use (threshold ${bound}); agents that compute belong in worker threads (\`isolation: 'worker'\`) or on more cores`,
  },
}

/** A figure as its alert writes it. */
export function worded(name: RuleName, figure: number): string {
  return WORDINGS[name].isShare ? `${figure.toFixed(1)} %` : `${(figure / MIB).toFixed(1)} MiB`
}

/** The rules that are configured, by name. */
export function rulesOf({ alertThresholds, rules }: ResolvedMonitoring): ReadonlyMap<RuleName, RuleText> {
  const found = new Map<RuleName, RuleText>()
  for (const name of Object.keys(WORDINGS) as RuleName[]) {
    const given = alertThresholds[name]
    if (given === undefined) continue
    // At 0 anything is too much, and nothing is not.
    const threshold = Math.max(given, Number.MIN_VALUE)
    const { for: hold, clear, clearAfter, cooldown, minSamples } = rules[name]
    const critical = WORDINGS[name].isShare ? threshold + (100 - threshold) / 2 : 2 * threshold
    found.set(name, { threshold, critical, clear: (threshold * clear) / 100, hold, clearAfter, cooldown, minSamples })
  }
  return found
}
