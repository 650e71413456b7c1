// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The figures of the agent pool, in the words of the caller.

/** Figures of an agent pool, or of one type in it. */
export interface PoolFigures {
  /** Instances: `available + busy + offline`. */
  readonly total: number
  /** Healthy instances without an attempt. */
  readonly available: number
  /** Instances with an attempt. */
  readonly busy: number
  /** Instances that are being created, are unhealthy, or are being removed. */
  readonly offline: number
  /** Attempts that have a place. */
  readonly running: number
  /** Attempts that wait for tasks they spawned, and have lent their place. */
  readonly lent: number
  /** Used places, in percent. */
  readonly utilisation: number
  /** Attempts that wait for an agent. */
  readonly queued: number
  /** Attempts that were given up, whose agent ignores its signal and has not returned. */
  readonly leaked: number
  /** Recent waiting times of attempts for an agent, in milliseconds. */
  readonly wait: { readonly p50: number; readonly p95: number }
}

/** Current figures of an agent pool. */
export interface PoolStatistics extends PoolFigures {
  /** By the name of the type. */
  readonly types: Readonly<Record<string, PoolFigures>>
}

const NOTHING: PoolFigures = {
  total: 0,
  available: 0,
  busy: 0,
  offline: 0,
  running: 0,
  lent: 0,
  utilisation: 0,
  queued: 0,
  leaked: 0,
  wait: { p50: 0, p95: 0 },
}

/** The statistics out of the engine's text; before it is open there is nothing yet. */
export function poolStatisticsOf(text: string | undefined): PoolStatistics {
  if (text === undefined) return { ...NOTHING, types: {} }
  const { all, types } = JSON.parse(text) as { all: PoolFigures; types: [string, PoolFigures][] }
  return { ...inPercent(all), types: Object.fromEntries(types.map(([name, figures]) => [name, inPercent(figures)])) }
}

function inPercent(figures: PoolFigures): PoolFigures {
  return { ...figures, utilisation: Math.round(figures.utilisation * 1000) / 10 }
}
