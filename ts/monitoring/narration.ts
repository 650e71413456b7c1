// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A model words and orders recommendations, and may propose more. It is believed in nothing: what it proposes is judged as every change is, and a text stands
// only if each of its numbers is in the evidence.

import type { Change } from '../api/change.js'
import type { Recommendation } from '../api/insight.js'
import type { GenerateRequest, GenerateResult } from '../api/models.js'
import { messageOf } from '../failure/failure.js'
import type { Log } from '../log/log.js'
import { savingOf, type AdviceText, type JudgeProposals, type Narrate } from './advice.js'

/** What it needs of the orchestrator. */
interface NarrationHost {
  generate(request: GenerateRequest): Promise<GenerateResult>
  readonly log: Log
}

/** What a model answers. */
interface Answer {
  readonly insights?: readonly { readonly id: string; readonly title: string; readonly description: string }[]
  readonly proposals?: readonly { readonly title: string; readonly description: string; readonly change: readonly Change[] }[]
}

const PROPOSALS_MAX = 10
const LETTERS_MAX = 1000
/** Answers that are remembered. */
const ANSWERS_MAX = 100

const SYSTEM = `You advise the author of a workflow. You get its definition and recommendations that were computed from recorded runs.
Answer with JSON alone: {"insights":[{"id","title","description"}],"proposals":[{"title","description","change":[…]}]}.
"insights": the given recommendations, the most useful first, each in clear words for the author. Copy numbers exactly as "figures" has them; write no other number, in digits or in words.
"proposals": at most three further changes, or none. A change is {"path":["tasks",{"id":"<task id>"},"<field>"],"operation":{"type":"replace","content":<value>}}, or {"agent":"<agent id>","maxAgents":<count>}. Use ids and fields of the definition alone. What a change saves is computed later: write no number about it.`

const SCHEMA = {
  type: 'object',
  properties: {
    insights: {
      type: 'array',
      items: {
        type: 'object',
        properties: { id: { type: 'string' }, title: { type: 'string' }, description: { type: 'string' } },
        required: ['id', 'title', 'description'],
      },
    },
    proposals: {
      type: 'array',
      items: {
        type: 'object',
        properties: { title: { type: 'string' }, description: { type: 'string' }, change: { type: 'array', items: { type: 'object' } } },
        required: ['title', 'description', 'change'],
      },
    },
  },
}

/** Has a model word, order and add to recommendations; asked once about the same ones. */
export function narratedBy(model: string, host: NarrationHost): Narrate {
  const answers = new Map<string, Promise<Answer | undefined>>()
  const ask = async (found: readonly Recommendation[], { definition }: AdviceText): Promise<Answer | undefined> => {
    const insights = found.map((one) => ({ id: one.id, kind: one.kind, about: one.about, title: one.title, figures: one.description }))
    const prompt = JSON.stringify({ definition, insights })
    try {
      const { output } = await host.generate({ model, system: SYSTEM, prompt, schema: SCHEMA })
      return output as Answer
    } catch (error) {
      const message = `model \`${model}\` did not word the insights, which are given in our own words: ${messageOf(error)}`
      host.log.warnOnce({ event: 'insight:failed' }, message, 'insight:failed model')
      return undefined
    }
  }
  return async (found, text, judge) => {
    const about = JSON.stringify([text.definition, found.map(({ id }) => id)])
    const known = answers.get(about) ?? ask(found, text)
    answers.set(about, known)
    const [oldest] = answers.keys()
    if (answers.size > ANSWERS_MAX && oldest !== undefined) answers.delete(oldest)
    const answer = await known
    if (answer === undefined) return found
    return [...worded(found, answer), ...(await proposed(found, answer, judge))]
  }
}

/** In the words and the order of the answer, as far as these can stand; what it leaves out comes last. */
function worded(found: readonly Recommendation[], { insights = [] }: Answer): readonly Recommendation[] {
  const order = insights.map(({ id }) => id)
  const place = ({ id }: Recommendation): number => (order.includes(id) ? order.indexOf(id) : order.length)
  const inOrder = found.toSorted((a, b) => place(a) - place(b))
  return inOrder.map((one) => {
    const words = insights.find(({ id }) => id === one.id)
    if (words === undefined || !stands(`${words.title} ${words.description}`, [one])) return one
    return { ...one, title: words.title, description: words.description }
  })
}

async function proposed(
  found: readonly Recommendation[],
  { proposals = [] }: Answer,
  judge: JudgeProposals,
): Promise<readonly Recommendation[]> {
  const standing = proposals
    .slice(0, PROPOSALS_MAX)
    .filter(({ title, description, change }) => stands(`${title} ${description}`, found, JSON.stringify(change)))
  if (standing.length === 0) return []
  const judged = await judge(standing)
  // What it saves is said by the fold, not by the model.
  return judged.flatMap((one) =>
    one === undefined ? [] : { ...one, description: `${one.description} (${savingOf(one.saves, one.prediction)})` },
  )
}

/** Numbers in words. */
const WORDS =
  /\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|twice|thrice|double[sd]?|triple[sd]?|half|halve[sd]?|halving|thirds?|quarters?|\w+fold)\b/i

/** Whether each number of a text is in what is known: the figures of these recommendations, their names, or the change itself. */
function stands(text: string, known: readonly Recommendation[], change = ''): boolean {
  // Other digits than these, fractions and such.
  const others = text.replaceAll(/[0-9]/g, '')
  if (text.length > LETTERS_MAX || WORDS.test(text) || /\p{N}/u.test(others)) return false
  const names = known.flatMap(({ about, workflowId, version }) => [...about, workflowId, version])
  const figures = known.flatMap((one) => [one.description, ...one.evidence.map(({ value }) => String(value))])
  const given = new Set(numbersOf([...figures, ...names, change].join(' ')))
  return numbersOf(text).every((number) => given.has(number))
}

/** The numbers of a text, as they are meant: `1.50` is `1.5`. */
function numbersOf(text: string): string[] {
  return [...text.matchAll(/\d+(?:[.,]\d+)*/g)].map(([digits]) => String(Number(digits.replaceAll(',', '')) || digits))
}
