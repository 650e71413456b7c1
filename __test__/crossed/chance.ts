// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Random numbers that a seed makes: the same seed is the same case, on every machine.

export class Chance {
  #state: bigint

  constructor(seed: number) {
    // Mixed: seeds side by side would give the same numbers, one later.
    this.#state = mix(BigInt(seed))
  }

  /** A whole number from 0 to `bound` - 1 (SplitMix64). */
  below(bound: number): number {
    this.#state = (this.#state + 0x9e3779b97f4a7c15n) & MASK
    return Number(mix(this.#state) % BigInt(bound))
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T
  }
}

function mix(number: bigint): bigint {
  let mixed = number
  mixed = ((mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK
  mixed = ((mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn) & MASK
  return mixed ^ (mixed >> 31n)
}

const MASK = 0xffff_ffff_ffff_ffffn
