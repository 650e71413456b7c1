// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The figures of the agent pool, in the words of the caller.

/** Figures of an agent pool, or of one type in it. */
export interface PoolFigures {
  /** Instances: `available + busy + offline`. */
  readonly total: number
  /** Instances that are well and run nothing. */
  readonly available: number
  /** Instances that run something. */
  readonly busy: number
  /** Instances that are being made, are ill, or are given up and not gone yet. */
  readonly offline: number
  /** Attempts that have a place. */
  readonly running: number
  /** Attempts that wait for what they spawned, and have lent their place. */
  readonly lent: number
  /** The share of the places that is used, in percent. */
  readonly utilisation: number
  /** Attempts that wait for an agent. */
  readonly queued: number
  /** Attempts that were given up although their agent has not returned: it ignored its signal. */
  readonly leaked: number
  /** How long attempts waited for an agent lately, in milliseconds. */
  readonly wait: { readonly p50: number; readonly p95: number }
}

/** What an agent pool is doing. */
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
