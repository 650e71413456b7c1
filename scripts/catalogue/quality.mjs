// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How good a model is, from the scores that people's votes gave it at LMArena; see docs/models.md for the rule.

/** Half of the votes would go to the model if it were as good as the best; below these thousandths of that, a tier ends. */
const TIERS = { excellent: 800, good: 500 }

/** What a relative's score proves at most: that a model is good. Beyond a year it proves nothing. */
const INFERRED_MAX = TIERS.excellent - 1
const YEAR = 366 * 24 * 3600 * 1000

/** The quality of each model: of its own score, inferred from the nearest of its family, or unknown. */
export function qualities(models, { scores, best, published }) {
  const found = new Map(Object.entries(scores).map(([name, score]) => [plain(name), score]))
  const scoreOf = ({ id, row }) =>
    [id, row.canonical_model_id, row.name]
      .filter(Boolean)
      .map((name) => found.get(plain(name)))
      .find(Boolean)
  const own = models.map(scoreOf)
  return models.map((model, index) => {
    if (own[index] !== undefined) return { ...rated(own[index], best), score: own[index], date: published }
    const sibling = nearest(
      model,
      models.filter((_, other) => own[other] !== undefined),
    )
    if (!sibling) return undefined
    const { share } = rated(own[models.indexOf(sibling)], best)
    return { ...tiered(Math.min(share, INFERRED_MAX)), inferred: sibling.id, date: published }
  })
}

/** The votes that a model would get against the best, in thousandths of what an equal one gets. */
export function rated(score, best) {
  return tiered(Math.round(2000 / (1 + 10 ** ((best - score) / 400))))
}

function tiered(share) {
  return { tier: share >= TIERS.excellent ? 'excellent' : share >= TIERS.good ? 'good' : 'basic', share }
}

function nearest({ provider, id, row }, scored) {
  // A size in the name makes it another model than its relatives.
  if (!row.family || !row.release_date || /\d+b\b/i.test(id)) return undefined
  const distance = (other) => Math.abs(Date.parse(other.row.release_date) - Date.parse(row.release_date))
  const family = scored.filter((other) => other.provider === provider && other.row.family === row.family && distance(other) <= YEAR)
  return family.toSorted((one, other) => distance(one) - distance(other) || (one.id < other.id ? -1 : 1))[0]
}

/** The name without whose it is, and without what spellings differ in. */
const plain = (name) =>
  name
    .slice(name.lastIndexOf('/') + 1)
    .toLowerCase()
    .replaceAll(/[. _]/g, '-')
    .replace(/-preview$/, '')
