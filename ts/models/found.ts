// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The JSON in what a model wrote. Models that are not held to a shape put thoughts before it, a fence around it or words beside it, and some write it twice
// over. Which of several values is meant is for a schema to say, and only where one alone fits.

import type { Json } from '../json/json.js'

/** Thoughts that stand before an answer; where a server begins them itself, only their end is there. */
const THOUGHTS = /^\s*<(think|thinking|thought|reasoning|reflection)>[^]*?<\/\1>/i
const THOUGHTS_END = /^[^]*?<\/think(?:ing)?>/i
const FENCE = /^(?:`{3,}|~{3,})/

/** How often a text is read, counted in its own length, before what is in it is given up: braces may stand in it by the thousand. */
const READINGS_MAX = 8

/** The values that may be meant, each once. `cut`: the text may lack its end, so that a number may lack digits. */
export function valuesIn(text: string, cut: boolean): Json[] {
  const bare = text.replace(/^\uFEFF/, '')
  const answer = withoutThoughts(bare)
  const alone = parsed(bare) ?? parsed(answer)
  if (alone !== undefined) return cut && typeof alone.value === 'number' ? [] : unwrapped(alone.value)
  const fenced = fencedIn(answer).flatMap((inside) => parsed(inside) ?? [])
  const found = fenced.length > 0 ? fenced.map(({ value }) => value) : amid(answer)
  return [...new Map(found.map((value) => [JSON.stringify(value), value])).values()]
}

function parsed(text: string): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(text.trim()) as Json }
  } catch {
    return undefined
  }
}

/** A text may be the value, or hold it: an object or a list that was written as JSON once more. A number in quotes is a text. */
function unwrapped(value: Json): Json[] {
  const inner = typeof value === 'string' ? parsed(value)?.value : undefined
  return typeof inner === 'object' && inner !== null ? [value, inner] : [value]
}

function withoutThoughts(text: string): string {
  let rest = text
  while (THOUGHTS.test(rest)) rest = rest.replace(THOUGHTS, '')
  return rest === text ? rest.replace(THOUGHTS_END, '') : rest
}

/** What stands between fences. Line by line: a pattern that looks for both ends at once takes minutes for some texts. */
function fencedIn(text: string): string[] {
  const found: string[] = []
  let fence: string | undefined
  let inside: string[] = []
  for (const line of text.split('\n')) {
    const bare = line.trim()
    if (fence === undefined) {
      fence = FENCE.exec(bare)?.[0]
      inside = []
    } else if (bare.startsWith(fence) && FENCE.exec(bare)?.[0] === bare) {
      found.push(inside.join('\n'))
      fence = undefined
    } else inside.push(line)
  }
  return found
}

/** Objects and lists that stand amid other text, the outermost of each. */
function amid(text: string): Json[] {
  const found: Json[] = []
  const opening = /[{[]/g
  let left = text.length * READINGS_MAX
  for (let match = opening.exec(text); match !== null; match = opening.exec(text)) {
    const start = match.index
    const end = endOf(text, start)
    left -= (end ?? text.length) - start
    // What was not looked at may be meant too.
    if (left < 0) return []
    const value = end === undefined ? undefined : parsed(text.slice(start, end))
    if (value === undefined) continue
    found.push(value.value)
    opening.lastIndex = end ?? text.length
  }
  return found
}

/** Where the object or list that begins at `start` ends, if it does. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0
  let quoted = false
  for (let at = start; at < text.length; at += 1) {
    const letter = text[at]
    if (quoted) {
      if (letter === '\\') at += 1
      else if (letter === '"') quoted = false
    } else if (letter === '"') quoted = true
    else if (letter === '{' || letter === '[') depth += 1
    else if (letter === '}' || letter === ']') {
      depth -= 1
      if (depth === 0) return at + 1
    }
  }
  return undefined
}
