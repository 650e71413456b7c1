// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What everybody asks, and what the server answers.

export const MODEL = 'gpt-4o'
export const KEY = 'sk-bench-not-a-real-key'
export const PROMPT = 'What is the capital of France, and since when? Answer in one sentence.'

export const PIECE = 'word '
export const PIECES = 100
export const PIECE_MS = 20
/** The whole answer. */
export const TEXT = PIECE.repeat(PIECES)

/** Nothing fast and wrong is measured. */
export function check(text) {
  if (text !== TEXT) throw new Error(`the answer should have ${TEXT.length} characters of text, not \`${text}\``)
}

/** What `fetch` sends. */
export function requestOf(stream) {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${KEY}` },
    body: JSON.stringify({ model: MODEL, messages: [{ role: 'user', content: PROMPT }], ...(stream && { stream }) }),
  }
}

/** The provider at `url`, as ours is configured. */
export const providersAt = (url) => ({ openai: { apiKey: KEY, endpoint: url, allowPrivate: true } })
