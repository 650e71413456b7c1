// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Runs that were unusual, as insights.

import type { Insight } from '../api/analytics.js'
import { dateOf } from '../base/clock.js'
import type { AnomalyText } from './gathered.js'

const WORDS: Readonly<Record<AnomalyText['measure'], { readonly verb: string; readonly unit: (figure: number) => string }>> = {
  duration: { verb: 'took', unit: seconds },
  wait: { verb: 'waited', unit: seconds },
  cost: { verb: 'cost', unit: dollars },
  failures: { verb: 'failed', unit: seconds },
}

/** What there is to say of unusual runs: one for each task and figure. */
export function anomalyInsights(anomalies: readonly AnomalyText[]): Insight[] {
  return anomalies.map((anomaly) => ({ kind: 'anomaly', title: 'Unusual runs', description: described(anomaly) }))
}

function described({ task, measure, count, execution, ended, value, usual }: AnomalyText): string {
  const { verb, unit } = WORDS[measure]
  const who = task === null ? 'an execution' : `task \`${task}\``
  const where = execution === null ? '' : ` in execution \`${execution}\``
  const others = count > 1 ? `, the latest of ${count} such runs` : ''
  const at = dateOf(ended).toISOString()
  const profile = execution === null ? '' : '; `executionMonitor.getPerformanceProfile(id)` shows what its time went into'
  return `${who} ${verb} ${unit(value)}${where}, which ended ${at}${others}; ${unit(usual)} were usual${profile}`
}

function seconds(micros: number): string {
  return `${(micros / 1e6).toFixed(3)} s`
}

function dollars(nanos: number): string {
  return `$${(nanos / 1e9).toFixed(6)}`
}
