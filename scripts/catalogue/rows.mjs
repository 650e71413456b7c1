// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The row of a model as it stands in the catalogue.

/** Families and names of models that were made to write code. */
const FOR_CODE = /codex|codestral|devstral|coder|-code\b|-build\b/

const RATES = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWriteHour']

/** One model as it is written. */
export function rowOf({ provider, id, row, values, from }, quality) {
  const kinds = (side, all) => all.filter((kind) => kind === 'text' || values[`${side}.${kind}`] === true)
  const model = {
    id,
    provider,
    family: row.family,
    context: values.context,
    maxOutput: values.maxOutput,
    input: kinds('in', ['text', 'image', 'audio', 'video', 'pdf']),
    output: kinds('out', ['text', 'image']),
    tools: values.tools,
    structuredOutput: values.structuredOutput,
    reasoning: values.reasoning,
    promptCaching: values.cacheRead === undefined ? undefined : true,
    batch: values['batch.input'] === undefined ? undefined : true,
    prices: { ...priceList(values, ''), ...batchOf(values) },
    released: values.released,
    deprecated: values.retires,
    quality,
  }
  return { ...model, types: typesOf(model), from: provenance(from) }
}

function batchOf(values) {
  const batch = priceList(values, 'batch.')
  return Object.keys(batch).length > 0 ? { batch } : {}
}

/** The end of a field that holds beyond so many input tokens. */
const STEP = /@(\d+)$/

function priceList(values, prefix) {
  const list = rates(values, prefix, '')
  const ends = new Set(
    Object.keys(values).flatMap(
      (name) =>
        STEP.exec(name)
          ?.slice(1)
          .filter(() => name.startsWith('batch.') === (prefix !== '')) ?? [],
    ),
  )
  const above = [...ends]
    .map(Number)
    .toSorted((one, other) => one - other)
    .map((tokens) => ({ tokens, ...rates(values, prefix, `@${tokens}`) }))
  return above.length > 0 ? { ...list, above } : list
}

function rates(values, prefix, suffix) {
  const all = RATES.map((name) => [name, values[`${prefix}${name}${suffix}`]])
  return Object.fromEntries(all.filter(([, value]) => value !== undefined))
}

/** What a model can do, in the words of `selectModel`. A model that thinks and uses tools is one that agents write code with. */
function typesOf({ id, family = '', input, tools, reasoning }) {
  const types = ['text-generation']
  if (FOR_CODE.test(`${family} ${id}`) || (tools && reasoning)) types.push('code-generation')
  if (reasoning) types.push('reasoning')
  if (tools) types.push('tool-use')
  if (input.includes('image')) types.push('vision')
  if (input.includes('audio')) types.push('audio')
  return types
}

/** By sources, the fields that they gave. */
function provenance(from) {
  const groups = {}
  for (const [field, sources] of Object.entries(from).toSorted()) (groups[sources] ??= []).push(field)
  return Object.fromEntries(
    Object.entries(groups)
      .toSorted()
      .map(([sources, fields]) => [sources, fields.join(' ')]),
  )
}

/** Rows in order, and those that only name another in a second way, like a dated snapshot, as `aliases` of that one. */
export function withAliases(entries) {
  const same = new Map()
  for (const { model, canonical } of entries) {
    const { id, aliases: _, released: _released, deprecated: _deprecated, from: _from, quality: _quality, ...rest } = model
    const key = JSON.stringify([canonical ?? `${model.provider}/${id.replace(DATED, '')}`, rest])
    same.set(key, [...(same.get(key) ?? []), model])
  }
  const key = ({ provider, id }) => `${provider} ${id}`
  return [...same.values()]
    .map((group) => merged(group, new Set(entries.map(({ canonical }) => canonical))))
    .toSorted((one, other) => (key(one) < key(other) ? -1 : 1))
}

const DATED = /-(\d{8}|\d{4}-\d{2}-\d{2}|\d{4}|latest)$/

/** The one that others name is the model, else the one with the shortest name. */
function merged(group, named) {
  const rank = ({ provider, id }) => (named.has(`${provider}/${id}`) ? 0 : id.length)
  const [first, ...others] = group.toSorted((one, other) => rank(one) - rank(other))
  return others.length > 0 ? { ...first, aliases: others.map(({ id }) => id).toSorted() } : first
}
