// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Figures beside figures.

import type { Performance, WorkflowAnalytics } from '../api/analytics.js'
import type { ComparedFigures, FigureDifferences, PeriodComparison } from '../api/comparison.js'
import type { Figures } from './figures.js'
import { readSpan, type Period } from './period.js'

export async function comparedPeriods(figures: Figures, workflowId: string, first: unknown, second: unknown): Promise<PeriodComparison> {
  const [one, other] = [readSpan(workflowId, first, 'a'), readSpan(workflowId, second, 'b')]
  const a = sideOf(one, await figures.alone(one))
  const b = sideOf(other, await figures.alone(other))
  const ids = [...new Set([...Object.keys(a.performance.tasks), ...Object.keys(b.performance.tasks)])]
  const tasks = ids.map((task) => {
    const [before, after] = [a.performance.tasks[task], b.performance.tasks[task]]
    return {
      task,
      ...(before !== undefined && { a: before }),
      ...(after !== undefined && { b: after }),
      difference: differencesOf(before, after),
    }
  })
  /** How much of the time of one execution it was and is. */
  const shift = ({ task }: { readonly task: string }): number => Math.abs(timeIn(b, task) - timeIn(a, task))
  return {
    workflowId,
    a,
    b,
    difference: differencesOf(a.performance, b.performance),
    tasks: tasks.toSorted((x, y) => shift(y) - shift(x)),
  }
}

function sideOf({ version }: Period, { period, covers, executionCount, performance }: WorkflowAnalytics): ComparedFigures {
  return { period, covers, ...(version !== undefined && { version }), executionCount, performance }
}

function endedOf({ completed, failed }: Performance): number {
  return completed + failed
}

function timeIn(side: ComparedFigures, id: string): number {
  const task = side.performance.tasks[id]
  return task === undefined || side.executionCount === 0 ? 0 : (task.averageDuration * endedOf(task)) / side.executionCount
}

function differencesOf(a: Performance | undefined, b: Performance | undefined): FigureDifferences {
  const less = (figure: (of: Performance) => number | null): number | null => {
    const [before, after] = [a, b].map((side) => (side === undefined || endedOf(side) === 0 ? null : figure(side)))
    return before == null || after == null ? null : after - before
  }
  return {
    averageDuration: less(({ averageDuration }) => averageDuration),
    p50Duration: less(({ p50Duration }) => p50Duration),
    p95Duration: less(({ p95Duration }) => p95Duration),
    p99Duration: less(({ p99Duration }) => p99Duration),
    errorRate: less(({ errorRate }) => errorRate),
    attempts: less((side) => side.attempts / endedOf(side)),
    cost: less((side) => (side.costComplete ? side.cost / endedOf(side) : null)),
    tokens: less((side) => side.tokens.totalTokens / endedOf(side)),
  }
}
