// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Time per task, and what to make of several such times.

import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

const SETTLE_MS = 10

/** The clocks to measure by, in microseconds. */
export const wallMicros = () => performance.now() * 1000
export const cpuMicros = () => {
  const { user, system } = process.cpuUsage()
  return user + system
}

/** Runs `once` again and again for about `ms`, always `concurrency` at once; resolves with microseconds per task. */
export async function measure(once, tasksPerRun, { concurrency, ms, clock }) {
  await settle()
  let runs = 0
  const end = performance.now() + ms
  const began = clock()
  const repeat = async () => {
    do {
      await once()
      runs += 1
    } while (performance.now() < end)
  }
  await Promise.all(Array.from({ length: concurrency }, repeat))
  return (clock() - began) / (runs * tasksPerRun)
}

/** Nobody pays for the garbage, or the checkpoint, that the one before has left. */
export async function settle() {
  await setTimeout(SETTLE_MS)
  collectGarbage()
}

export function median(numbers) {
  const sorted = numbers.toSorted((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** The number that the share `q` of them does not exceed. */
export function quantile(numbers, q) {
  const sorted = numbers.toSorted((one, other) => one - other)
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}

/**
 * What was measured in one cell: a shape at a concurrency. Every variant has one time per round, so times of one round lie close
 * together and are compared with each other: a ratio is the median of the rounds' ratios.
 */
export class Cell {
  #times = new Map()

  add(variant, micros) {
    const times = this.#times.get(variant)
    if (times === undefined) this.#times.set(variant, [micros])
    else times.push(micros)
  }

  /** Microseconds per task, the median of the rounds; `undefined` if it was not measured. */
  micros(variant) {
    const times = this.#times.get(variant)
    return times === undefined ? undefined : median(times)
  }

  /** How many times as long `variant` takes as `base`. */
  ratio(variant, base) {
    return this.#compare(variant, base, (time, other) => time / other)
  }

  /** How many microseconds more `variant` takes than `base`. */
  excess(variant, base) {
    return this.#compare(variant, base, (time, other) => time - other)
  }

  #compare(variant, base, compare) {
    const [times, bases] = [this.#times.get(variant), this.#times.get(base)]
    if (times === undefined || bases === undefined) return undefined
    return median(times.map((time, round) => compare(time, bases[round])))
  }
}
