// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What recommendations promised that were applied, and what came of it. Nothing else on record says that one was applied: with a store it is kept beside the
// facts, and lost with that file; without one it lasts as long as the orchestrator.

import type { Change } from '../api/change.js'
import type { InsightOutcome, Recommendation, RecommendationKind } from '../api/insight.js'

/** As it is kept. */
interface Kept {
  readonly insight: Recommendation
  /** Since when, in microseconds. */
  readonly since: number
  readonly outcome?: InsightOutcome | undefined
}

/** What it needs of the orchestrator. */
interface PromisesHost {
  now(): number
  /** The names and texts that were kept. */
  kept(): readonly (readonly [string, string])[]
  keep(name: string, text: string | null): void
  ask(question: object): Promise<string | undefined>
}

/** As `runtime::traces::advising` writes it. */
interface OutcomeText {
  readonly before: SideText
  readonly after: SideText
}

interface SideText {
  readonly duration: number
  readonly cost: number
  readonly runs: number
}

/** What names begin with that are kept beside alerts. */
export const KEPT_INSIGHT = 'insight/'

/** Executions under a change before what it saves is measured. */
const RUNS_MIN = 20

export class Promises {
  readonly #host: PromisesHost
  #made: Map<string, Kept> | undefined

  constructor(host: PromisesHost) {
    this.#host = host
  }

  get #all(): Map<string, Kept> {
    this.#made ??= new Map(
      this.#host
        .kept()
        .filter(([name]) => name.startsWith(KEPT_INSIGHT))
        .map(([name, text]) => [name.slice(KEPT_INSIGHT.length), JSON.parse(text) as Kept]),
    )
    return this.#made
  }

  /** A recommendation is applied: from now on it is measured. */
  begin(insight: Recommendation): void {
    if (this.#all.has(insight.id)) return
    this.#keep({ insight, since: this.#host.now() })
  }

  #keep(kept: Kept): void {
    this.#all.set(kept.insight.id, kept)
    this.#host.keep(KEPT_INSIGHT + kept.insight.id, JSON.stringify(kept))
  }

  /** With what came of it, if it was applied. */
  kept(insight: Recommendation): Recommendation {
    const outcome = this.#all.get(insight.id)?.outcome
    return outcome === undefined ? insight : { ...insight, outcome }
  }

  /** The recommendations about a workflow that were applied and measured. */
  measured(workflowId: string): readonly Recommendation[] {
    const ours = [...this.#all.values()].filter(({ insight, outcome }) => insight.workflowId === workflowId && outcome !== undefined)
    return ours.map(({ insight }) => this.kept(insight))
  }

  /** Whether something of a workflow is applied and not measured yet. */
  areOpen(workflowId: string): boolean {
    return [...this.#all.values()].some(({ insight, outcome }) => insight.workflowId === workflowId && outcome === undefined)
  }

  /** What promises of a kind are worth, from 0 to 1: the share that was kept, on average, where one more was kept whole. */
  worth(kind: RecommendationKind): number {
    const outcomes = [...this.#all.values()].filter(({ insight }) => insight.kind === kind).flatMap(({ outcome }) => outcome ?? [])
    const shares = outcomes.map(({ predicted, measured }) => (predicted <= 0 ? 1 : Math.min(Math.max(measured / predicted, 0), 1)))
    return (1 + shares.reduce((sum, share) => sum + share, 0)) / (1 + shares.length)
  }

  /** Measures what was applied of a workflow, and returns what is measured now for the first time. */
  async measure(workflowId: string): Promise<readonly Recommendation[]> {
    const found: Recommendation[] = []
    for (const kept of this.#all.values()) {
      if (kept.insight.workflowId !== workflowId || kept.outcome !== undefined) continue
      const outcome = await this.#outcome(kept)
      if (outcome === undefined || this.#all.get(kept.insight.id)?.outcome !== undefined) continue
      this.#keep({ ...kept, outcome })
      found.push({ ...kept.insight, outcome })
    }
    return found
  }

  async #outcome({ insight, since }: Kept): Promise<InsightOutcome | undefined> {
    const { workflowId, change, saves, prediction } = insight
    const answered = await this.#host.ask({ what: 'outcome', workflowId, change: change satisfies readonly Change[], since })
    if (answered === undefined) return undefined
    const { before, after } = JSON.parse(answered) as OutcomeText
    const [was, is] = saves === 'cost' ? [before.cost, after.cost] : [before.duration, after.duration]
    if (after.runs < RUNS_MIN || was === 0) return undefined
    const { cost } = prediction
    const predicted = saves === 'cost' ? 1 - (cost?.predicted ?? 0) / (cost?.before ?? 1) : prediction.saving
    return { predicted, measured: 1 - is / was, runs: after.runs }
  }
}
