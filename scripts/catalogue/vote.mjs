// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What several sources say of a field, made one: models.dev (`m`) and LiteLLM (`l`) where they agree or one is silent, genai-prices (`g`) where
// they do not, and a decision by hand (`d`) where that settles nothing.

/** Decides each field of one model. Answers `{ values, from }`; what nobody decides is added to `open`. */
export function vote(name, { m, l, g }, decisions, open) {
  const values = {}
  const from = {}
  for (const field of new Set([...Object.keys(m), ...Object.keys(l)])) {
    const said = { m: m[field], l: l[field] }
    let taken
    if (said.m === undefined || said.l === undefined) taken = said.m === undefined ? ['l', said.l] : ['m', said.m]
    else if (said.m === said.l) taken = ['ml', said.m]
    else if (g[field] === said.m) taken = ['mg', said.m]
    else if (g[field] === said.l) taken = ['lg', said.l]
    taken ??= byHand(decisions.find(name, field), said)
    if (!taken) open.push({ model: name, field, ...said, ...(g[field] !== undefined && { g: g[field] }) })
    else [from[field], values[field]] = taken
  }
  return { values, from }
}

function byHand(decision, said) {
  if (decision === undefined) return undefined
  return ['d', decision.take === 'less' ? (said.m < said.l ? said.m : said.l) : said[decision.take]]
}

/** Decisions by hand: whose word is taken (`m`, `l`), or the `less` of two: the smaller number, `false`. Each is for models and fields that may end in `*`. One that decides nothing is out of date. */
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
