// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The text that Prometheus reads: https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format, version 0.0.4.

type Labels = Readonly<Record<string, string>>

/** Times by their lengths, as the engine counts them: microseconds. */
export interface TimesText {
  readonly counts: readonly number[]
  readonly sum: number
}

/** Text in the making: metric by metric, each with all of its samples. */
export class Exposition {
  #text = ''

  /** A remark. */
  comment(text: string): void {
    this.#text += `# ${text}\n`
  }

  /** What only grows; its name ends with `_total`. */
  counter(name: `mao_${string}_total`, help: string, samples: readonly (readonly [Labels, number])[]): void {
    this.#metric(name, help, 'counter', samples)
  }

  /** What is now. */
  gauge(name: `mao_${string}`, help: string, samples: readonly (readonly [Labels, number])[]): void {
    this.#metric(name, help, 'gauge', samples)
  }

  /** Times in seconds; `bounds`: the upper ones of all counts but the last, in microseconds. */
  times(name: `mao_${string}_seconds`, help: string, bounds: readonly number[], samples: readonly (readonly [Labels, TimesText])[]): void {
    if (samples.length === 0) return
    this.#head(name, help, 'histogram')
    for (const [labels, { counts, sum }] of samples) {
      let below = 0
      bounds.forEach((bound, place) => {
        below += counts[place] ?? 0
        this.#sample(`${name}_bucket`, { ...labels, le: String(bound / 1e6) }, below)
      })
      const all = below + (counts[bounds.length] ?? 0)
      this.#sample(`${name}_bucket`, { ...labels, le: '+Inf' }, all)
      this.#sample(`${name}_sum`, labels, sum / 1e6)
      this.#sample(`${name}_count`, labels, all)
    }
  }

  text(): string {
    return this.#text
  }

  #metric(name: string, help: string, type: 'counter' | 'gauge', samples: readonly (readonly [Labels, number])[]): void {
    if (samples.length === 0) return
    this.#head(name, help, type)
    for (const [labels, value] of samples) this.#sample(name, labels, value)
  }

  #head(name: string, help: string, type: string): void {
    this.#text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
    this.#text += `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
  }
}

function escaped(text: string): string {
  return text.toWellFormed().replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
