// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the report of a workflow is made of: its figures over a time, and over each part of it.

import type { Alert } from '../api/alert.js'
import { ValidationError } from '../api/errors.js'
import { describe } from '../api/issue.js'
import type { Figures } from './figures.js'
import { reportPage, type ReportData } from './page/report.js'
import { readPeriod, type Period } from './period.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** So long a time is shown hour by hour. */
const HOURS_MAX = 48 * HOUR_MS
/** Parts at most; of a longer time each has several days. */
const PARTS_MAX = 62

export async function reportOf(figures: Figures, alerts: readonly Alert[], workflowId: unknown, period: unknown): Promise<string> {
  if (typeof period !== 'object' || period === null) {
    const issues = [{ path: 'period', message: `must be { start, end }, not ${describe(period)}` }]
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'there is no report of that', issues)
  }
  const { start, end } = period as { start?: unknown; end?: unknown }
  const asked = readPeriod(workflowId, start, end)
  const whole = await figures.of(asked)
  const { per, step } = stepOf(whole.covers)
  const parts: ReportData['parts'][number][] = []
  // Whole hours and days are read from figures that are kept; so each begins where one does.
  for (let at = Math.floor(whole.covers.start.getTime() / step) * step; at < whole.covers.end.getTime(); at += step) {
    const part = { workflowId: asked.workflowId, start: later(at, whole.covers.start), end: earlier(at + step, whole.covers.end) }
    parts.push({ start: new Date(at), figures: (await figures.of(part, 1)).performance })
  }
  const isIn = ({ timestamp }: Alert): boolean => timestamp >= asked.start && timestamp < asked.end
  return reportPage({ whole, parts, per, alerts: alerts.filter(isIn).toReversed() })
}

function stepOf({ start, end }: Omit<Period, 'workflowId'>): { readonly per: ReportData['per']; readonly step: number } {
  const span = end.getTime() - start.getTime()
  if (span <= HOURS_MAX) return { per: 'hour', step: HOUR_MS }
  const days = Math.ceil(span / DAY_MS / PARTS_MAX)
  return { per: days === 1 ? 'day' : 'days', step: days * DAY_MS }
}

function later(at: number, other: Date): Date {
  return new Date(Math.max(at, other.getTime()))
}

function earlier(at: number, other: Date): Date {
  return new Date(Math.min(at, other.getTime()))
}
