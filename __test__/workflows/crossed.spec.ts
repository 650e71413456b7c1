// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Most faults lie where two features meet that were each tested alone. Random workflows cross them, and a slow, obvious interpreter says how each must end.
// `CROSSED_CASES` says how many (300), `CROSSED_SEED` where to begin (0).

import { expect, it } from 'vitest'
import { differenceIn } from '../crossed/drive.ts'
import { caseOf } from '../crossed/generate.ts'

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const [first, cases] = [number('CROSSED_SEED', 0), number('CROSSED_CASES', 300)]

it(`package and interpreter agree on ${cases} cases`, { timeout: 3_600_000 }, async () => {
  for (let seed = first; seed < first + cases; seed += 1) {
    const given = caseOf(seed)
    const difference = await differenceIn(given)
    expect(difference, `seed ${seed}: ${JSON.stringify(given, null, 1)}`).toBe(undefined)
  }
})
