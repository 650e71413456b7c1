// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What figures say of themselves: what they are of, and what they are not.

import type { FigureInsight } from '../api/analytics.js'
import { nearest } from '../base/near.js'
import type { Period } from './period.js'

/** What figures were made of. */
interface Provenance {
  readonly executionCount: number
  readonly covers: { readonly start: Date; readonly end: Date }
  /** The ids of the workflows that there are, where there is nothing of this one. */
  readonly workflows: readonly string[] | null
  /** Executions are missing that were deleted. */
  readonly deleted: boolean
  readonly isStored: boolean
  readonly enableMetrics: boolean
}

export function provenanceInsights({ workflowId, start, end }: Period, made: Provenance): FigureInsight[] {
  const { executionCount, covers, workflows, deleted, isStored, enableMetrics } = made
  const insights: FigureInsight[] = []
  const say = (kind: FigureInsight['kind'], title: string, description: string): void => void insights.push({ kind, title, description })
  const kept = isStored ? 'on record' : 'remembered'
  const isCut = covers.start > start
  if (workflows !== null) {
    const near = nearest(workflowId, workflows)
    const others = workflows.slice(0, 5).map((id) => `\`${id}\``)
    const known =
      workflows.length === 0 ? 'no workflow is' : `${others.join(', ')}${workflows.length > others.length ? ' and others' : ''} are`
    const hint = near === undefined ? `; ${known.replace(/^(`[^`]*`) are$/, '$1 is')}` : `; did you mean \`${near}\`?`
    say('unknown-workflow', 'Nothing of this workflow', `no execution of workflow \`${workflowId}\` is ${kept}${hint}`)
  } else if (executionCount === 0) {
    const time = `from ${start.toISOString()} until ${end.toISOString()}`
    say(
      'no-executions',
      'No executions',
      `no execution of workflow \`${workflowId}\` ended ${time}, as far as any is ${kept}; ask for another time`,
    )
  }
  if (isCut && executionCount > 0) {
    const reach = isStored
      ? 'what is older is kept no more (`storage.retention.rollups`)'
      : 'without `storage` the latest ended executions are remembered (`memory.remember`), none of an earlier process; `storage: { path }` keeps all'
    say('period-cut', 'A part of the time', `the figures begin at ${covers.start.toISOString()}: ${reach}`)
  }
  if (!enableMetrics) {
    const made =
      'the figures were made of the executions that are there, which takes longer the more they are, and lack those that were deleted'
    say('metrics-off', 'No figures are kept', `\`monitoring.enableMetrics\` is false: ${made}`)
  }
  if (deleted) {
    const where = enableMetrics ? 'the hours in which the time begins and ends' : 'that time'
    say(
      'executions-deleted',
      'Executions were deleted',
      `executions of ${where} were deleted, and are not in the figures; whole hours have all`,
    )
  }
  return insights
}
