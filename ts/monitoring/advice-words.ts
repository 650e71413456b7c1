// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Recommendations in words: what was found, and what to do.

import type { Evidence, RecommendationKind } from '../api/insight.js'

/** What a text is made of. */
interface Told {
  readonly about: readonly string[]
  readonly evidence: readonly Evidence[]
  readonly saving: string
}

type Words = (told: Told, figure: (name: string) => number) => { readonly title: string; readonly description: string }

const WORDS: Readonly<Record<Exclude<RecommendationKind, 'proposal'>, Words>> = {
  'false-dependency': ({ about: [task, other], saving }, figure) => ({
    title: 'A dependency that is never read',
    description:
      `\`${task}\` waits for \`${other}\` and did not look at its output in ${figure('runsWithoutReading')} runs; without that dependency ${saving}. ` +
      `Keep it if \`${task}\` needs what \`${other}\` does besides its output`,
  }),
  'repeated-call': ({ about: [task], saving }, figure) => ({
    title: 'The same call again and again',
    description:
      `${figure('repeats')} of ${figure('calls')} calls of \`${task}\` had an input that had been seen, and gave the same; with \`cache: true\` ${saving}. ` +
      `Leave it if \`${task}\` does something besides its output`,
  }),
  'dear-model': ({ about: [task, agent], saving }, figure) => ({
    title: 'A dearer model than the task needs',
    description:
      `\`${task}\` cost ${dollars(figure('costUsd'))} a time in ${figure('runs')} runs; agent \`${agent}\` did it ${figure('otherRuns')} times for ` +
      `${dollars(figure('otherCostUsd'))} and failed no more often. With that ${saving}; compare the answers first`,
  }),
  'small-pool': ({ about: [agent], saving }, figure) => ({
    title: 'Too few places of an agent',
    description:
      `the critical path waited ${seconds(figure('waitMs'))} a run for one of the ${figure('placesTaken')} places of agent \`${agent}\`; ` +
      `with ${figure('places')} places ${saving}`,
  }),
  'wasteful-retries': ({ about: [task], saving }, figure) => ({
    title: 'Retries that never help',
    description:
      `none of ${figure('attemptsInVain')} attempts of \`${task}\` after number ${figure('usefulAttempts')} ended well; they took ` +
      `${seconds(figure('wastedMs'))} a run. Without them ${saving}`,
  }),
  'missing-timeout': ({ about: [task], saving }, figure) => ({
    title: 'Attempts that hang',
    description:
      `${figure('hangingAttempts')} of ${figure('attempts')} attempts of \`${task}\` took ${seconds(figure('hangingMs'))} on average, all others at most ` +
      `${seconds(figure('slowestOtherMs'))}; with a time-out between the two ${saving}`,
  }),
}

/** The title and the description of a recommendation. */
export function wordsOf(kind: RecommendationKind, told: Told): { readonly title: string; readonly description: string } {
  if (kind === 'proposal') return { title: 'A change that a model proposes', description: `a model proposes it; ${told.saving}` }
  const figure = (name: string): number => told.evidence.find((one) => one.figure === name)?.value ?? 0
  return WORDS[kind](told, figure)
}

/** A saving in words: of what the executions took or cost. */
export function savingInWords(saves: 'time' | 'cost', share: number, before: number, after: number): string {
  const percent = `${(100 * share).toFixed(1)} %`
  return saves === 'cost'
    ? `a run would have cost ${dollars(after)} and not ${dollars(before)} (${percent} less)`
    : `a run would have taken ${seconds(after)} and not ${seconds(before)} (${percent} less)`
}

function seconds(millis: number): string {
  return millis < 1000 ? `${Number(millis.toPrecision(3))} ms` : `${Number((millis / 1000).toPrecision(3))} s`
}

function dollars(usd: number): string {
  return `$${Number(usd.toPrecision(3))}`
}
