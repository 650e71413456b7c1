// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Random workflows are stopped anywhere, mended and go on. `npm run prove -- mended` has more of them. `MENDED_CASES` says how many (100), `MENDED_SEED` where to
// begin (0).

import { expect, it } from 'vitest'
import { mendedCase } from '../mended/drive.ts'

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise)
const [first, cases] = [number('MENDED_SEED', 0), number('MENDED_CASES', 100)]

it(
  `package and oracle agree on what ${cases} mends keep, and each comes to what it does from its beginning`,
  { timeout: 3_600_000 },
  async () => {
    let [kept, ends] = [0, 0]
    for (let seed = first; seed < first + cases; seed += 1) {
      const held = await mendedCase(seed)
      expect(held.difference, `seed ${seed}`).toBe(undefined)
      kept += held.kept
      ends += held.ends
    }
    // Neither all nor nothing: else they would say little.
    expect(kept).toBeGreaterThan(ends / 10)
    expect(kept).toBeLessThan((ends * 9) / 10)
  },
)
