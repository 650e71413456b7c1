// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What `npm run rooms` finds. Types once closed a circle of 48 files that no check saw.

import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root, temporaryFolder } from '../support/folder.ts'

type Files = Readonly<Record<string, string>>

const folder = temporaryFolder()
let houses = 0

function judge(files: Files): { ok: boolean; said: string } {
  const house = join(folder, `house-${(houses += 1)}`)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(house, path)), { recursive: true })
    writeFileSync(join(house, path), text)
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/rooms.mjs'), house], { encoding: 'utf8' })
  return { ok: status === 0, said: stdout + stderr }
}

const door = "import { a } from './one/a.js'\nvoid a\n"

describe('a house', () => {
  test('whose files import each other one way is as it should be', () => {
    const files = {
      'index.ts': door,
      'one/a.ts': "import type { B } from '../two/b.js'\nexport const a: B = 1\n",
      'two/b.ts': 'export type B = number\n',
    }
    expect(judge(files)).toMatchObject({ ok: true, said: expect.stringContaining('no circle') })
  })

  test.each<[what: string, files: Files, named: string[]]>([
    [
      'two files, by types alone',
      {
        'one/a.ts': "import type { B } from './b.js'\nexport const a = 1\nexport type A = B\n",
        'one/b.ts': "import type { A } from './a.js'\nexport type B = A\n",
      },
      ['one: a.ts → b.ts → a.ts', 'one/b.ts takes A from one/a.ts'],
    ],
    [
      'two files, by a type in a signature',
      {
        'one/a.ts': "export const a: import('./b.js').B = 1\nexport type A = 1\n",
        'one/b.ts': "import type { A } from './a.js'\nexport type B = A\n",
      },
      ['one: a.ts → b.ts → a.ts'],
    ],
    [
      'two rooms whose files form none',
      {
        'one/a.ts': "import { b } from '../two/b.js'\nexport const a = b\n",
        'one/c.ts': 'export const c = 1\n',
        'two/b.ts': 'export const b = 1\n',
        'two/d.ts': "import { c } from '../one/c.js'\nvoid c\n",
      },
      ['one → two → one', 'one/a.ts takes b from two/b.ts', 'two/d.ts takes c from one/c.ts'],
    ],
    [
      'three rooms, by an export that is passed on',
      {
        'one/a.ts': "import { b } from '../two/b.js'\nexport const a = b\nexport const top = 1\n",
        'two/b.ts': "export { c as b } from '../three/c.js'\n",
        'three/c.ts': "import { top } from '../one/a.js'\nexport const c = top\n",
      },
      ['one → two → three → one'],
    ],
    [
      'a file and a folder beside it',
      {
        'one/a.ts': "import { b } from './inner/b.js'\nexport const a = b\nexport const top = 1\n",
        'one/inner/b.ts': "import { top } from '../a.js'\nexport const b = top\n",
      },
      ['one: a.ts → inner → a.ts'],
    ],
  ])('with a circle of %s is refused, and the circle named', (_, files, named) => {
    const { ok, said } = judge({ 'index.ts': door, ...files })
    expect(ok, said).toBe(false)
    for (const part of named) expect(said).toContain(part)
  })

  test('with an export that no other file imports is refused', () => {
    const { ok, said } = judge({ 'index.ts': door, 'one/a.ts': 'export const a = 1\nexport interface Left {}\nvoid a\n' })
    expect(ok).toBe(false)
    expect(said).toContain('one/a.ts exports Left, which no other file imports')
    expect(said).not.toContain('exports a,')
  })
})
