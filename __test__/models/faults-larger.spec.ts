// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Requests that are too large for their model, over HTTP, on several wires: where they go on.

import { describe, expect, it } from 'vitest'
import { orchestratorWith } from '../support/orchestrators.ts'
import { wireForms, type WireForm } from '../support/wire-forms.ts'
import { modelServer, providerAt } from '../support/wire-server.ts'

const WORDS = {
  compatible: "The input (10240 tokens) is longer than the model's context length (8192 tokens).",
  anthropic: 'input length and `max_tokens` exceed context limit: 197202 + 21333 > 200000',
  gemini: 'The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).',
}

/** Models, each with its window; what is registered at `q` is another provider's. */
async function asked(
  form: WireForm,
  known: Readonly<Record<string, number>>,
  request: object = {},
  models: object = {},
): Promise<{ tried: string[]; answer: string }> {
  const server = await modelServer((seen) => {
    const model = form.model(seen)
    return model === 'small' || model === 'less' ? form.refuses(400, WORDS[form.kind as keyof typeof WORDS]) : form.says(`from ${model}`)
  })
  const at = providerAt(server, { kind: form.kind, model: 'small' })
  const { modelIntegration } = orchestratorWith({}, { models: { providers: { p: at, q: at }, ...models } })
  for (const [name, contextWindow] of Object.entries(known)) {
    const [provider, id] = name.split('/') as [string, string]
    modelIntegration.registerModel({ provider, id, contextWindow, capabilities: ['text-generation'], prices: { input: 0, output: 0 } })
  }
  const answer = await modelIntegration.generate({ model: 'p/small', prompt: 'hello', ...request }).then(
    ({ text, provider }) => `${text} at ${provider}`,
    (error: { details: { class: string } }) => `failed: ${error.details.class}`,
  )
  return { tried: server.requests.map((seen) => form.model(seen)), answer }
}

describe.each(wireForms)('what is too large for its model ($kind)', (form) => {
  // Larger than any window that is known of a real one.
  const known = { 'p/small': 50_000_000, 'p/large': 900_000_000, 'q/less': 40_000_000, 'q/large': 500_000_000 }

  // A user had named a fallback, and with that the larger window of the same provider was not looked for any more.
  it('goes to a larger window with a fallback that is named as without one', async () => {
    const larger = { tried: ['small', 'large'], answer: 'from large at p' }
    expect(await asked(form, known)).toEqual(larger)
    expect(await asked(form, known, {}, { fallback: ['p/large'] })).toEqual(larger)
    expect(await asked(form, known, { fallback: ['p/large'] })).toEqual(larger)
    expect(await asked(form, known, { fallback: ['q/less'] })).toEqual(larger)
  })

  it('goes to what is named in its order, as far as that may have more room', async () => {
    expect(await asked(form, known, { fallback: ['q/large'] })).toEqual({ tried: ['small', 'large'], answer: 'from large at q' })
    expect(await asked(form, known, { fallback: ['q/less', 'q/unknown', 'q/large'] })).toEqual({
      tried: ['small', 'unknown'],
      answer: 'from unknown at q',
    })
    const unknown = { 'p/small': 50_000_000 }
    expect(await asked(form, unknown, { fallback: ['p/other'] })).toEqual({ tried: ['small', 'other'], answer: 'from other at p' })
    expect(await asked(form, unknown, { fallback: ['q/less', 'q/large'] })).toEqual({
      tried: ['small', 'less', 'large'],
      answer: 'from large at q',
    })
  })

  it('goes nowhere where a request wants no fallback, or where there is none', async () => {
    expect(await asked(form, known, { fallback: [] })).toEqual({ tried: ['small'], answer: 'failed: context' })
    expect(await asked(form, { 'p/small': 50_000_000 })).toEqual({ tried: ['small'], answer: 'failed: context' })
  })

  it('goes at once to the one that seems to have room, past those that do not', async () => {
    const windows = { 'p/small': 100, 'p/middle': 200, 'p/large': 1_000_000 }
    const prompt = 'as long as a book '.repeat(2000)
    expect(await asked(form, windows, { prompt })).toEqual({ tried: ['small', 'large'], answer: 'from large at p' })
  })
})

describe('too many tokens for now', () => {
  it.each(wireForms)('is waited for, and goes to no larger model ($kind)', async (form) => {
    const server = await modelServer(({ index }) =>
      index === 0 ? form.refuses(429, 'Too many tokens, please wait before trying again.', { 'retry-after-ms': '1' }) : form.says('well'),
    )
    const { modelIntegration } = orchestratorWith(
      {},
      {
        models: { providers: { p: providerAt(server, { kind: form.kind, model: 'small' }) }, fallback: ['p/large'] },
      },
    )
    const { attempts } = await modelIntegration.generate({ model: 'p/small', prompt: 'hello' })
    expect(attempts.map(({ model, failure, next }) => [model, failure, next])).toEqual([
      ['small', 'rate', 'retry'],
      ['small', undefined, 'done'],
    ])
  })
})
