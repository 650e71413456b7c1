// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Text of pages. What is put into a template is escaped unless it is HTML already.

/** HTML text. */
export interface Html {
  readonly text: string
}

/** Writes HTML with values put in. */
export function html(parts: TemplateStringsArray, ...values: (string | Html)[]): Html {
  let text = ''
  for (const [place, part] of parts.entries()) {
    // Indentation of the source is no part of the page.
    text += part.replaceAll(/\n\s*/g, '\n')
    const value = values[place]
    if (value !== undefined) text += typeof value === 'string' ? escaped(value) : value.text
  }
  return { text }
}

/** Text that is HTML, or the inside of a style or a script, as it is: never anything of a user's. */
export function raw(text: string): Html {
  return { text }
}

export function joined(parts: readonly Html[]): Html {
  return { text: parts.map(({ text }) => text).join('\n') }
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ESCAPES[letter] ?? '')
}

/** A share from 0 to 1 as a percentage with two decimals at most. */
export function percent(share: number): string {
  return `${Number((share * 100).toFixed(2))}%`
}

/** Microseconds as people read them: `340 µs`, `1.25 ms`, `3.2 s`, `4 min 5 s`, `2 h 3 min`, `3 d 4 h`. */
export function microsText(micros: number): string {
  if (micros < 1000) return `${micros} µs`
  if (micros < 1e6) return `${Number((micros / 1e3).toPrecision(3))} ms`
  if (micros < 60e6) return `${Number((micros / 1e6).toPrecision(3))} s`
  const seconds = Math.round(micros / 1e6)
  if (seconds < 3600) return both(Math.floor(seconds / 60), 'min', seconds % 60, 's')
  const minutes = Math.round(seconds / 60)
  if (minutes < 24 * 60) return both(Math.floor(minutes / 60), 'h', minutes % 60, 'min')
  return both(Math.floor(minutes / 1440), 'd', Math.floor((minutes % 1440) / 60), 'h')
}

function both(many: number, large: string, few: number, small: string): string {
  return few === 0 ? `${many} ${large}` : `${many} ${large} ${few} ${small}`
}
