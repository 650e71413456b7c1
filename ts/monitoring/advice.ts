// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the latest executions of a workflow advise. Rust finds and predicts it; here it is worded, ranked by what such promises were worth, and given on.

import type { Change, PoolChange } from '../api/change.js'
import { NotFoundError, ValidationError } from '../api/errors.js'
import type { AppliedInsight, Evidence, Recommendation, RecommendationKind } from '../api/insight.js'
import type { AgentWorkflow } from '../api/workflow.js'
import type { Issue } from '../api/issue.js'
import { changedDefinition } from '../boundary/analytics.js'
import { savingInWords, wordsOf } from './advice-words.js'
import type { Promises } from './promises.js'
import { predictionOf, withPlaces, type PlacesEach, type PredictionText, type RefusalText } from './prediction.js'
import { heldApart } from './held-apart.js'

/** As `runtime::traces::advising` writes it. */
export interface AdviceText {
  readonly version: string
  readonly definition: AgentWorkflow
  readonly advice: readonly {
    readonly kind: RecommendationKind
    readonly about: readonly string[]
    readonly change: readonly (Change | { readonly agent: string; readonly places: number })[]
    readonly evidence: readonly (readonly [figure: string, value: number, executions: readonly string[]])[]
    readonly savesCost: boolean
    readonly prediction: PredictionText
  }[]
  readonly proposals: readonly ({ readonly prediction: PredictionText } | RefusalText)[]
}

/** Of which workflow, and of executions that began when. */
interface AdviceSpan {
  readonly workflowId: string
  readonly since?: Date | undefined
  readonly until?: Date | undefined
}

/** What it needs of the orchestrator. */
interface AdviceHost {
  /** The answer to a question about records; `undefined` if there are none. */
  ask(question: object): Promise<string | undefined>
  /** The same as long as the same is on record. */
  mark(): string
  readonly placesEach: PlacesEach
}

/** What a model makes of it: other words, another order, and what it proposes besides. */
export type Narrate = (found: readonly Recommendation[], text: AdviceText, judge: JudgeProposals) => Promise<readonly Recommendation[]>

/** Judges changes as Rust does: a recommendation, or `undefined` if it cannot be made or is worth nothing. */
export type JudgeProposals = (
  proposals: readonly { readonly title: string; readonly description: string; readonly change: readonly Change[] }[],
) => Promise<readonly (Recommendation | undefined)[]>

/** What a proposal saves at least, as `analytics::insights` has it. */
const SAVING_MIN = 0.03

/** Answers that are remembered. */
const ANSWERS_MAX = 20

export class Advice {
  readonly #host: AdviceHost
  readonly #promises: Promises
  readonly #narrate: Narrate | undefined
  /** The latest of each id, at most so many. */
  readonly #known = new Map<string, Recommendation>()
  /** The latest answers by what was asked, the oldest first: each reads up to 60 journals, and pages ask for the same again and again. */
  readonly #answers = new Map<string, { readonly mark: string; readonly answer: Promise<string | undefined> }>()

  constructor(host: AdviceHost, promises: Promises, narrate: Narrate | undefined) {
    this.#host = host
    this.#promises = promises
    this.#narrate = narrate
  }

  /** What is advised, the best first. */
  async of(span: AdviceSpan): Promise<readonly Recommendation[]> {
    const text = await this.#asked(span)
    if (text === undefined) return []
    const found = text.advice.map((one) => this.#recommendation(span.workflowId, text.version, one))
    const ranked = found.toSorted((a, b) => this.#rank(b) - this.#rank(a))
    const judge: JudgeProposals = (proposals) => this.#judged(span, proposals)
    const told = this.#narrate === undefined ? ranked : await this.#narrate(ranked, text, judge)
    for (const one of told) this.#remember(one)
    return told
  }

  async #asked({ workflowId, since, until }: AdviceSpan, proposals: readonly (readonly object[])[] = []): Promise<AdviceText | undefined> {
    const micros = (date: Date | undefined): number | undefined => date && Math.max(date.getTime(), 0) * 1000
    const answered = await this.#remembered(
      JSON.stringify({ what: 'advice', workflowId, since: micros(since), until: micros(until), proposals }),
    )
    return answered === undefined ? undefined : (JSON.parse(answered) as AdviceText)
  }

  #remembered(question: string): Promise<string | undefined> {
    const mark = this.#host.mark()
    const known = this.#answers.get(question)
    if (known?.mark === mark) return known.answer
    const answer = this.#host.ask(JSON.parse(question) as object)
    this.#answers.delete(question)
    this.#answers.set(question, { mark, answer })
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > ANSWERS_MAX && oldest !== undefined) this.#answers.delete(oldest)
    answer.catch(() => this.#answers.delete(question))
    return answer
  }

  #recommendation(workflowId: string, version: string, one: AdviceText['advice'][number]): Recommendation {
    const evidence = one.evidence.map(evidenceOf)
    const saves = one.savesCost ? 'cost' : 'time'
    const prediction = predictionOf(one.prediction)
    const change = one.change.map((part) => this.#pool(part))
    const told = { about: one.about, evidence, saving: savingOf(saves, prediction) }
    const id = idOf(workflowId, version, one.kind, one.about)
    const head = { kind: one.kind, ...wordsOf(one.kind, told), id, workflowId, version, about: one.about }
    return this.#promises.kept({ ...head, change, saves, prediction, evidence })
  }

  /** Places are taken by instances, each with so many. */
  #pool(part: Change | { readonly agent: string; readonly places: number }): Change {
    if (!('places' in part)) return part
    return { agent: part.agent, maxAgents: Math.ceil(part.places / (this.#host.placesEach(part.agent) ?? 1)) }
  }

  /** What it promises, by what promises of its kind were worth. */
  #rank({ kind, saves, prediction }: Recommendation): number {
    return shareOf(saves, prediction) * this.#promises.worth(kind)
  }

  async #judged(span: AdviceSpan, proposals: Parameters<JudgeProposals>[0]): Promise<readonly (Recommendation | undefined)[]> {
    const changes = proposals.map(({ change }) => withPlaces(change, this.#host.placesEach))
    const text = await this.#asked(span, changes)
    return proposals.map(({ title, description, change }, place) => {
      const judged = text?.proposals[place]
      if (text === undefined || judged === undefined || 'refused' in judged) return undefined
      const prediction = predictionOf(judged.prediction)
      const saves = shareOf('cost', prediction) > Math.max(prediction.saving, SAVING_MIN) ? 'cost' : 'time'
      const saving = shareOf(saves, prediction)
      // What would do harm is no advice, and what would do nothing is none if that is known.
      if (saving < SAVING_MIN && (prediction.unknown.length === 0 || saving < 0)) return undefined
      const about = [JSON.stringify(change)]
      const id = idOf(span.workflowId, text.version, 'proposal', about)
      const head = { kind: 'proposal' as const, title, description, id, workflowId: span.workflowId, version: text.version }
      return this.#promises.kept({ ...head, about: tasksOf(change), change, saves, prediction, evidence: [] })
    })
  }

  #remember(one: Recommendation): void {
    this.#known.delete(one.id)
    this.#known.set(one.id, one)
    const [oldest] = this.#known.keys()
    if (this.#known.size > KNOWN_MAX && oldest !== undefined) this.#known.delete(oldest)
  }

  /** What is advised and was not told before. */
  async unseen(span: AdviceSpan): Promise<readonly Recommendation[]> {
    const seen = new Set(this.#known.keys())
    return (await this.of(span)).filter(({ id }) => !seen.has(id))
  }

  /** The definition with a recommendation in it. */
  async apply(id: string, given: AgentWorkflow | undefined): Promise<AppliedInsight> {
    const workflowId = workflowOf(id)
    const known = this.#known.get(id)
    const text = workflowId === undefined ? undefined : await this.#asked({ workflowId })
    const insight =
      known ?? text?.advice.map((one) => this.#recommendation(workflowId ?? '', text.version, one)).find((one) => one.id === id)
    if (insight === undefined || text === undefined) {
      const message = `there is no insight \`${id}\`: what it was found in is not on record any more, or it holds no longer; ask \`getWorkflowAnalytics\` for those there are`
      throw new NotFoundError('ERR_INSIGHT_NOT_FOUND', message)
    }
    const agents = insight.change.filter((part): part is PoolChange => 'agent' in part)
    const edits = insight.change.filter((part) => !('agent' in part))
    const base = given ?? text.definition
    if (edits.length === 0) return this.#applied(insight, { ...base }, agents)
    const { text: definition, restored } = heldApart(base)
    const answer = JSON.parse(changedDefinition(JSON.stringify({ definition, change: edits }))) as
      | { readonly definition: AgentWorkflow }
      | { readonly refused: readonly Issue[] }
    if ('refused' in answer) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the insight does not fit this workflow', answer.refused)
    const changed = restored(answer.definition)
    // The same id and version mean the same definition.
    return this.#applied(insight, { ...changed, version: `${base.version ?? '1'}+${insight.kind}` }, agents)
  }

  #applied(insight: Recommendation, workflow: AgentWorkflow, agents: readonly PoolChange[]): AppliedInsight {
    this.#promises.begin(insight)
    return { workflow, agents }
  }
}

/** Recommendations that are remembered. */
const KNOWN_MAX = 1000

function evidenceOf([name, value, executions]: AdviceText['advice'][number]['evidence'][number]): Evidence {
  if (name.endsWith('Micros')) return { figure: name.replace(/Micros$/, 'Ms'), value: value / 1000, executions }
  if (name.endsWith('Nanos')) return { figure: name.replace(/Nanos$/, 'Usd'), value: value / 1e9, executions }
  return { figure: name, value, executions }
}

/** What is saved, as a share of the time or of the cost. */
function shareOf(saves: 'time' | 'cost', { saving, cost }: Recommendation['prediction']): number {
  if (saves === 'time') return saving
  return cost === undefined || cost.before === 0 ? 0 : 1 - cost.predicted / cost.before
}

export function savingOf(saves: 'time' | 'cost', prediction: Recommendation['prediction']): string {
  const { duration, predicted, cost } = prediction
  const [before, after] = saves === 'cost' ? [cost?.before ?? 0, cost?.predicted ?? 0] : [duration, predicted]
  return savingInWords(saves, shareOf(saves, prediction), before, after)
}

/** Names in an id are written so that they hold no `/`. */
function idOf(workflowId: string, version: string, kind: string, about: readonly string[]): string {
  return [workflowId, version, kind, ...about].map(encodeURIComponent).join('/')
}

function workflowOf(id: string): string | undefined {
  try {
    return decodeURIComponent(id.split('/')[0] ?? '')
  } catch {
    return undefined
  }
}

/** The tasks and agents that changes name. */
function tasksOf(change: readonly Change[]): readonly string[] {
  const named = change.flatMap((one): string[] => {
    if ('agent' in one) return [one.agent]
    return one.path.flatMap((segment) => (typeof segment === 'object' ? [segment.id] : []))
  })
  return [...new Set(named)]
}
