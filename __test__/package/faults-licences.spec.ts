// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The addon is made of some 250 packages whose licences ask that their notices be kept, and the package carried those of three that are
// bundled as JavaScript. Now the notices of all of them are in what `npm pack` makes, of the package and of each platform's.

import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../support/folder.ts'

const NAME = 'THIRD-PARTY-LICENSES.txt'
const linked = readFileSync(join(root, NAME), 'utf8')

/** The files of a package as it would be packed. */
function packed(folder: string, ...flags: string[]): string[] {
  const shell = process.platform === 'win32'
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', ...flags], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    shell,
  })
  const [{ files }] = JSON.parse(output.slice(output.indexOf('['))) as [{ files: { path: string }[] }]
  return files.map(({ path }) => path)
}

it('every package that is linked is named, with the text of its licence', () => {
  for (const name of [
    'jsonschema',
    'libsqlite3-sys',
    'minijinja',
    'napi',
    'reqwest',
    'ring',
    'rmcp',
    'rusqlite',
    'rustls',
    'serde_json',
    'tokio',
  ])
    expect(linked).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+`, 'm'))
  // On each platform that it is published for.
  for (const name of ['windows-sys', 'security-framework']) expect(linked).toMatch(new RegExp(`^${name} `, 'm'))
  for (const text of ['Permission is hereby granted, free of charge', 'Apache License', 'Mozilla', 'ISC']) expect(linked).toContain(text)
})

it('names no version that is not locked, so that it is not of another day', () => {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8')
  const locked = new Set([...lock.matchAll(/^name = "(.+)"\nversion = "(.+)"$/gm)].map(([, name, version]) => `${name} ${version}`))
  const named = [...linked.matchAll(/^([\w-]+) (\d+\.\d+\.\d+\S*) \(/gm)].map(([, name, version]) => `${name} ${version}`)
  expect(new Set(named).size).toBeGreaterThan(200)
  expect(named.filter((one) => !locked.has(one))).toEqual([])
})

it('is in the package, behind the notices of what is bundled', () => {
  expect(packed(root)).toContain(`dist/${NAME}`)
  const shipped = readFileSync(join(root, 'dist', NAME), 'utf8')
  expect(shipped).toMatch(/^yaml \d/)
  expect(shipped.endsWith(linked)).toBe(true)
})

it.each(readdirSync(join(root, 'npm')))(
  'is in the package of %s',
  (platform) => {
    const folder = join(root, 'npm', platform)
    // As `prepack` does; without the addon of another platform, which is not built here, that ends with an error after it.
    spawnSync(process.execPath, [join(root, 'scripts/pack.mjs'), folder], { stdio: 'ignore' })
    expect(packed(folder, '--ignore-scripts')).toContain(NAME)
  },
  120_000,
)
