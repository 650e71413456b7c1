// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Colours and widths. Every painter returns plain text where colours are not wanted.
import { relative } from 'node:path'

const WIDTH_PIPED = 100

export class Paint {
  #on
  #stream

  constructor(/** @type {NodeJS.WriteStream} */ stream) {
    this.#stream = stream
    this.#on = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb'
  }

  /** The columns of the terminal now; a pipe is as wide as `COLUMNS` says, or 100. */
  get width() {
    return this.#stream.columns || Number(process.env.COLUMNS) || WIDTH_PIPED
  }

  bold = (/** @type {string} */ text) => this.#sgr('1', text)
  dim = (/** @type {string} */ text) => this.#sgr('2', text)
  red = (/** @type {string} */ text) => this.#sgr('31', text)
  green = (/** @type {string} */ text) => this.#sgr('32', text)
  yellow = (/** @type {string} */ text) => this.#sgr('33', text)

  /** Each agent has its own colour, the same in bars and timeline. */
  agent(/** @type {number} */ index, /** @type {string} */ text) {
    return this.#sgr(['36', '34', '35', '33', '31', '32', '95', '94', '96'][index % 9], text)
  }

  #sgr(/** @type {string} */ code, /** @type {string} */ text) {
    return this.#on && text !== '' ? `\x1b[${code}m${text}\x1b[0m` : text
  }
}

/** A text cut or filled up to a width; where it is cut an ellipsis says so. */
export function fit(/** @type {string} */ text, /** @type {number} */ width) {
  return text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…`.slice(0, width) : text.padEnd(width)
}

/** A path or list cut in the middle, where it says least. */
export function squeeze(/** @type {string} */ text, /** @type {number} */ width) {
  if (text.length <= width) return text
  const head = Math.floor((width - 1) / 3)
  return `${text.slice(0, head)}…${text.slice(text.length - (width - 1 - head))}`
}

/** A text as lines no wider than `width`, broken between words. */
export function wrap(/** @type {string} */ text, /** @type {number} */ width) {
  return text.split(' ').reduce((/** @type {string[]} */ lines, word) => {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`
    return longer.length <= width || lines.length === 0 ? [...lines.slice(0, -1), longer] : [...lines, word]
  }, [])
}

/** A path as one would type it here: relative where it lies below the working directory. */
export function near(/** @type {string} */ path) {
  const way = relative(process.cwd(), path)
  return way === '' || way.startsWith('..') ? path : way
}

/** A duration in the unit that reads best. */
export function duration(/** @type {number} */ ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`
}
