// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is known of models: three public sources, their majority, and where nobody has one a decision by hand. Writes crates/models/catalogue.json.
//   node scripts/catalogue.mjs           needs cargo and python3 with pip; what was fetched stays in .cache/

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DAY, genaiPrices, litellm, modelsDev, PINS } from './catalogue/packages.mjs'
import { qualities } from './catalogue/quality.mjs'
import { rowOf, withAliases } from './catalogue/rows.mjs'
import { fromLitellm, fromModelsDev, PROVIDERS } from './catalogue/sources.mjs'
import { Decisions, vote } from './catalogue/vote.mjs'
import { root, StepError } from './steps.mjs'

const json = (file) => JSON.parse(readFileSync(join(root, 'scripts/catalogue', file), 'utf8'))
const scores = json('arena-scores.json')
const byHand = json('decisions.json')

const candidates = select(await modelsDev(), await litellm())
const asked = candidates.map(({ provider, id }) => [PROVIDERS[provider].genai, id])
const third = await genaiPrices(asked)

const decisions = new Decisions(byHand.fields)
const open = []
const models = candidates.map(({ provider, id, row, other }) => {
  const m = ['m', fromModelsDev(row)]
  const g = ['g', third[`${PROVIDERS[provider].genai} ${id}`] ?? {}]
  const sources = PROVIDERS[provider].litellm.length > 0 ? [m, ['l', fromLitellm(other)], g] : [m, g, ['l', {}]]
  const decided = vote(`${provider}/${id}`, sources, decisions, open)
  return { provider, id, row, ...decided }
})
refuse(open, decisions.unused())

const rated = qualities(models, scores)
// What models.dev calls a second name for a model of this provider has that model's id there.
const canonical = ({ provider, row }) =>
  models.some(({ provider: its, id }) => its === provider && row.canonical_model_id === `${its}/${id}`) ? row.canonical_model_id : undefined
const rows = models.map((model, index) => ({ model: rowOf(model, rated[index]), canonical: canonical(model) }))
const lines = withAliases(rows).map((model) => JSON.stringify(model))
const header = {
  attribution: scores.attribution,
  day: DAY,
  sources: {
    m: `models.dev as shipped by rig-core ${PINS['rig-core']} (MIT)`,
    l: `LiteLLM ${PINS.litellm} (MIT)`,
    g: `genai-prices ${PINS['genai-prices']} (MIT), asked where m and l disagree, and the second source of OpenRouter`,
    d: 'decided by hand, with the reason in scripts/catalogue/decisions.json',
  },
  best: scores.best,
  sameAs: { azure: 'openai' },
}
const text = `{\n${Object.entries(header)
  .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)},\n`)
  .join('')}"models":[\n${lines.join(',\n')}\n]}\n`
JSON.parse(text)
writeFileSync(join(root, 'crates/models/catalogue.json'), text)
process.stdout.write(`${lines.length} models, ${Math.round(text.length / 1000)} kB\n`)

/** The models that are listed: they answer in text, have a price, can still be called, and at OpenRouter, which lists hundreds, have a score of their own. */
function select(dev, lite) {
  const scored = new Set(Object.keys(scores.scores))
  return Object.entries(PROVIDERS).flatMap(([provider, names]) =>
    Object.entries(dev[names.modelsDev].models).flatMap(([id, row]) => {
      const name = `${provider}/${id}`
      const other = names.litellm.map((prefix) => lite[prefix + id]).find(Boolean) ?? {}
      const talks =
        [undefined, 'chat'].includes(row.type) &&
        (row.modalities?.output ?? ['text']).includes('text') &&
        !row.modalities?.output?.includes('audio')
      const priced = row.cost?.input !== undefined && row.cost.input !== null
      const chat = other.mode === undefined || ['chat', 'responses'].includes(other.mode)
      // Without a day on which it ends, what is marked deprecated has ended or may any day.
      const retired = other.deprecation_date === undefined ? row.status === 'deprecated' : other.deprecation_date <= DAY
      const wanted = provider !== 'openrouter' || scored.has(id)
      return talks && priced && chat && !retired && wanted && !byHand.leaveOut.some(({ models }) => models.includes(name))
        ? [{ provider, id, row, other }]
        : []
    }),
  )
}

function refuse(undecided, stale) {
  const lines = [
    ...undecided.map((one) => `undecided: ${JSON.stringify(one)}`),
    ...stale.map(({ models, fields }) => `decides nothing any more: ${models.join(', ')}: ${fields.join(', ')}`),
  ]
  if (lines.length === 0) return
  process.stderr.write(`${lines.join('\n')}\n`)
  throw new StepError(`${lines.length} entries are missing or too many in scripts/catalogue/decisions.json`)
}
