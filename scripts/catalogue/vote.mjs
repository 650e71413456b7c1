// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What several sources say of a field, made one: the first two (models.dev, `m`, and LiteLLM, `l`) where they agree or one is silent, the third
// (genai-prices, `g`) where they do not, and a decision by hand (`d`) where that settles nothing or the third alone speaks.

/** Decides each field of one model by what `[letter, fields]` say of it. Answers `{ values, from }`; what nobody decides is added to `open`. */
export function vote(name, [first, second, third], decisions, open) {
  const values = {}
  const from = {}
  for (const field of new Set([first, second, third].flatMap(([, fields]) => Object.keys(fields)))) {
    const said = Object.fromEntries([first, second, third].map(([letter, fields]) => [letter, fields[field]]))
    const [one, other, last] = [first, second, third].map(([letter]) => letter)
    let taken
    if (said[one] === undefined || said[other] === undefined) taken = alone(said, [one, other])
    else if (said[one] === said[other]) taken = [one + other, said[one]]
    else if (said[last] === said[one]) taken = [one + last, said[one]]
    else if (said[last] === said[other]) taken = [other + last, said[other]]
    taken ||= byHand(decisions.find(name, field), said, [one, other])
    if (taken) [from[field], values[field]] = taken
    else if (said[one] !== undefined) open.push({ model: name, field, ...said })
  }
  return { values, from }
}

/** What the only one of two says who says anything. */
function alone(said, letters) {
  const letter = letters.find((one) => said[one] !== undefined)
  return letter && [letter, said[letter]]
}

function byHand(decision, said, [one, other]) {
  if (decision === undefined) return undefined
  if (decision.take === 'unknown') return ['d', undefined]
  return ['d', decision.take === 'less' ? (said[one] < said[other] ? said[one] : said[other]) : said[decision.take]]
}

/**
 * Decisions by hand: whose word is taken (`m`, `l`, `g`), the `less` of two (the smaller number, `false`), or nobody's (`unknown`).
 * Each is for models and fields that may end in `*`. One that decides nothing is out of date.
 */
export class Decisions {
  #list

  constructor(list) {
    this.#list = list.map((decision) => ({ ...decision, used: false }))
  }

  find(model, field) {
    const found = this.#list.find(
      ({ models, fields }) => models.some((one) => matches(one, model)) && fields.some((one) => matches(one, field)),
    )
    if (found) found.used = true
    return found
  }

  unused() {
    return this.#list.filter(({ used }) => !used)
  }
}

const matches = (pattern, text) => (pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : pattern === text)
