// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The rows of each source in one shape: `fields`, flat, so that they can be voted on one by one. A field that a source does not speak of is not there.
// Prices are decimal texts in dollars per million tokens: `input`, beyond a number of input tokens `input@272000`, in batches `batch.input`.

/** How each source calls our providers, and by what its models begin there. Ollama is local: it has no prices and no list.
 * LiteLLM knows nothing of OpenRouter, so that genai-prices is the second source there. */
export const PROVIDERS = {
  openai: { modelsDev: 'openai', litellm: ['', 'openai/'], genai: 'openai' },
  anthropic: { modelsDev: 'anthropic', litellm: ['', 'anthropic/'], genai: 'anthropic' },
  google: { modelsDev: 'gcp.gemini', litellm: ['gemini/'], genai: 'google' },
  mistral: { modelsDev: 'mistral', litellm: ['mistral/'], genai: 'mistral' },
  groq: { modelsDev: 'groq', litellm: ['groq/'], genai: 'groq' },
  deepseek: { modelsDev: 'deepseek', litellm: ['deepseek/', ''], genai: 'deepseek' },
  xai: { modelsDev: 'xai', litellm: ['xai/'], genai: 'x-ai' },
  together: { modelsDev: 'together', litellm: ['together_ai/'], genai: 'together' },
  openrouter: { modelsDev: 'openrouter', litellm: [], genai: 'openrouter' },
  cohere: { modelsDev: 'cohere', litellm: ['', 'cohere/', 'cohere_chat/'], genai: 'cohere' },
}

const RATES = { input: 'input', output: 'output', cacheRead: 'cache_read', cacheWrite: 'cache_write' }

/** One row of models.dev. */
export function fromModelsDev(row) {
  const fields = {
    context: row.limit?.context,
    maxOutput: row.limit?.output,
    tools: row.tool_call,
    structuredOutput: row.structured_output,
    reasoning: row.reasoning,
    released: row.release_date,
    ...prices(row.cost),
  }
  for (const tier of row.cost?.tiers ?? []) Object.assign(fields, prices(tier, `@${tier.tier.size}`))
  for (const kind of ['image', 'audio', 'video', 'pdf']) fields[`in.${kind}`] = row.modalities?.input?.includes(kind)
  for (const kind of ['text', 'image', 'audio']) fields[`out.${kind}`] = (row.modalities?.output ?? ['text']).includes(kind)
  return defined(fields)
}

function prices(cost = {}, suffix = '') {
  return Object.fromEntries(
    Object.entries(RATES).map(([field, key]) => [`${field}${suffix}`, isPrice(cost[key]) ? decimal(cost[key], 0) : undefined]),
  )
}

const LITELLM_RATES = {
  input: 'input_cost_per_token',
  output: 'output_cost_per_token',
  cacheRead: 'cache_read_input_token_cost',
  cacheWrite: 'cache_creation_input_token_cost',
  cacheWriteHour: 'cache_creation_input_token_cost_above_1hr',
}

/** One row of LiteLLM. Its `max_input_tokens` is often the window less the output, so it says nothing about `context`. */
export function fromLitellm(row) {
  const fields = {
    maxOutput: row.max_output_tokens,
    tools: row.supports_function_calling,
    structuredOutput: row.supports_response_schema,
    reasoning: row.supports_reasoning,
    retires: row.deprecation_date,
    'in.image': row.supports_vision,
    'in.audio': row.supports_audio_input,
    'in.pdf': row.supports_pdf_input,
  }
  for (const [field, key] of Object.entries(LITELLM_RATES)) {
    for (const [name, value] of Object.entries(row)) {
      if (!name.startsWith(key) || !isPrice(value)) continue
      const rest = /^(?:_above_(\d+)k_tokens)?(_batches)?$/.exec(name.slice(key.length))
      if (rest) fields[`${rest[2] ? 'batch.' : ''}${field}${rest[1] ? `@${rest[1]}000` : ''}`] = decimal(value, 6)
    }
  }
  return defined(fields)
}

const isPrice = (value) => typeof value === 'number' && value >= 0
const defined = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))

/** `value` times ten to the power of `places`, exactly as its shortest text says: a float times a million would not be. */
export function decimal(value, places) {
  const [digits, exponent = '0'] = String(value).split('e')
  const [whole, fraction = ''] = digits.split('.')
  const point = whole.length + Number(exponent) + places
  const all = (whole + fraction).padEnd(point, '0')
  const padded = point > 0 ? all : '0'.repeat(1 - point) + all
  const at = Math.max(point, 1)
  const text = `${padded.slice(0, at)}.${padded.slice(at)}`.replace(/0+$/, '').replace(/\.$/, '')
  return text.replace(/^0+(?=\d)/, '')
}
