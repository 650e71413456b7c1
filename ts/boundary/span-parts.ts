// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The spans of an execution as the engine tells them: in one pass, and what has been told is not held.

import type { SpansText } from './shapes.js'

/** Spans that are told at once, about. */
const ABOUT = 1000

/** `next` gives the next part as `Spanning` in Rust writes it. */
export async function* spanParts(next: (about: number) => Promise<string | undefined>): AsyncGenerator<SpansText> {
  for (let left = 1; left === 1;) {
    const text = await next(ABOUT)
    if (text === undefined) return
    const end = text.indexOf('\n')
    const [count = 0, more = 0] = text.slice(0, end).split(' ').map(Number)
    left = more
    yield { spans: text.slice(end + 1), count }
  }
}
