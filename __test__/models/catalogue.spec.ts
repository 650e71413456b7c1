// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How the catalogue of models is made of its sources: the arithmetic, the votes, the decisions, the aliases.

import { describe, expect, it } from 'vitest'

const part = (name: string) => import(new URL(`../../scripts/catalogue/${name}.mjs`, import.meta.url).href)
const { decimal, fromLitellm, fromModelsDev } = await part('sources')
const { Decisions, vote } = await part('vote')
const { qualities, rated } = await part('quality')
const { withAliases } = await part('rows')

describe('prices', () => {
  it.each([
    [7.5e-7, 6, '0.75'],
    [3e-5, 6, '30'],
    [1.25e-6, 6, '1.25'],
    [3.625e-9, 6, '0.003625'],
    [0.00001, 6, '10'],
    [0, 6, '0'],
    [10, 0, '10'],
    [100, 0, '100'],
    [0.15, 0, '0.15'],
  ])('%s by ten to the power of %i is exactly %s', (value, places, text) => {
    expect(decimal(value, places)).toBe(text)
  })

  it('of long requests and of batches are fields of their own', () => {
    const row = {
      input_cost_per_token: 5e-6,
      input_cost_per_token_above_272k_tokens: 1e-5,
      input_cost_per_token_above_272k_tokens_batches: 5e-6,
      input_cost_per_token_priority: 9e-6,
      cache_creation_input_token_cost: 6e-6,
      cache_creation_input_token_cost_above_1hr: 1e-5,
    }
    expect(fromLitellm(row)).toEqual({
      input: '5',
      'input@272000': '10',
      'batch.input@272000': '5',
      cacheWrite: '6',
      cacheWriteHour: '10',
    })
    const tiers = [{ input: 2, tier: { type: 'context', size: 200000 } }]
    expect(fromModelsDev({ cost: { input: 1, output: null, tiers } })).toMatchObject({ input: '1', 'input@200000': '2' })
  })

  it('of LiteLLM say nothing about the window', () => {
    expect(fromLitellm({ max_input_tokens: 922000, max_output_tokens: 128000 })).toEqual({ maxOutput: 128000 })
  })
})

describe('a vote', () => {
  const decide = (m: object, l: object, g: object, decisions: object[] = []) => {
    const list = new Decisions(decisions)
    const open: object[] = []
    const sources = [
      ['m', m],
      ['l', l],
      ['g', g],
    ]
    const { values, from } = vote('acme/swift', sources, list, open)
    return { values, from, open, unused: list.unused().length }
  }

  it.each([
    ['two that agree', { m: 1, l: 1, g: 2 }, 'ml', 1],
    ['one of two that speaks', { m: undefined, l: 1, g: 2 }, 'l', 1],
    ['the one whom the third agrees with', { m: 1, l: 2, g: 1 }, 'mg', 1],
    ['the other whom the third agrees with', { m: 1, l: 2, g: 2 }, 'lg', 2],
  ])('goes to %s', (_, { m, l, g }, sources, value) => {
    const said = (x: number | undefined) => (x === undefined ? {} : { x })
    expect(decide(said(m), said(l), said(g))).toEqual({ values: { x: value }, from: { x: sources }, open: [], unused: 0 })
  })

  it('that nobody wins is open until it is decided by hand', () => {
    expect(decide({ x: 1 }, { x: 2 }, { x: 3 }).open).toEqual([{ model: 'acme/swift', field: 'x', m: 1, l: 2, g: 3 }])
    const by = (take: string) => decide({ x: 2 }, { x: 1 }, { x: 3 }, [{ models: ['acme/*'], fields: ['x'], take }])
    expect([by('m'), by('l'), by('g'), by('less'), by('unknown')].map(({ values, open }) => [values.x, open.length])).toEqual([
      [2, 0],
      [1, 0],
      [3, 0],
      [1, 0],
      [undefined, 0],
    ])
  })

  it('is not asked of the third alone, unless that is decided by hand', () => {
    expect(decide({}, {}, { x: 3 })).toEqual({ values: {}, from: {}, open: [], unused: 0 })
    const decision = { models: ['acme/swift'], fields: ['*'], take: 'g' }
    expect(decide({}, {}, { x: 3 }, [decision])).toMatchObject({ values: { x: 3 }, from: { x: 'd' } })
  })

  it('leaves over the decisions that decide nothing any more', () => {
    expect(decide({ x: 1 }, { x: 1 }, {}, [{ models: ['*'], fields: ['x'], take: 'm' }]).unused).toBe(1)
  })
})

describe('quality', () => {
  it('is drawn from the distance to the best', () => {
    expect([0, 70, 71, 190, 191].map((behind) => rated(1500 - behind, 1500).tier)).toEqual([
      'excellent',
      'excellent',
      'good',
      'good',
      'good',
    ])
    expect(rated(1500 - 192, 1500).tier).toBe('basic')
    expect(rated(1500, 1500).share).toBe(1000)
  })

  it('is inferred from the nearest of the family, as good at most, and not of a size or over more than a year', () => {
    const model = (id: string, release_date: string) => ({ provider: 'acme', id, row: { family: 'swift', release_date } })
    const models = [
      model('swift-2', '2026-01-01'),
      model('swift-3', '2026-09-01'),
      model('swift-2-mini', '2026-02-01'),
      model('swift-9b', '2026-02-01'),
      model('swift-0', '2024-01-01'),
    ]
    const scores = { best: 1500, published: '2026-10-08', scores: { 'acme/swift.2': 1500, 'acme/swift-3': 1400 } }
    const [two, three, mini, sized, old] = qualities(models, scores)
    expect([two.tier, three.tier, sized, old]).toEqual(['excellent', 'good', undefined, undefined])
    expect(mini).toMatchObject({ tier: 'good', inferred: 'swift-2' })
  })
})

it('a second name for the same model becomes an alias, and one that differs stays', () => {
  const entry = (id: string, context: number, canonical?: string) => ({ model: { id, provider: 'acme', context }, canonical })
  const rows = withAliases([
    entry('swift-2026-01-02', 1),
    entry('swift', 1),
    entry('swift-latest', 2),
    entry('w', 3, 'acme/wise-large'),
    entry('wise-large', 3),
  ])
  expect(rows).toEqual([
    { id: 'swift', provider: 'acme', context: 1, aliases: ['swift-2026-01-02'] },
    { id: 'swift-latest', provider: 'acme', context: 2 },
    { id: 'wise-large', provider: 'acme', context: 3, aliases: ['w'] },
  ])
})
