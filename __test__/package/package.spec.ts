// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is packed. Of a README with links into docs/, neither docs/ nor index.d.ts was in the package: eleven of its links led nowhere.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { expect, it } from 'vitest'
import { root } from '../support/folder.ts'

const isWindows = process.platform === 'win32'
const npm = (...args: string[]): string =>
  execFileSync('npm', args, { cwd: root, encoding: 'utf8', shell: isWindows, stdio: ['ignore', 'pipe', 'ignore'] })
const [{ files }] = JSON.parse(npm('pack', '--dry-run', '--json', '--ignore-scripts')) as [{ files: { path: string }[] }]
const packed = new Set(files.map(({ path }) => path))
const pages = [...packed].filter((path) => path.endsWith('.md'))

it('has what runs, what is typed and what is read, and no addon', () => {
  const needed = ['package.json', 'README.md', 'CHANGELOG.md', 'LICENSE', 'index.d.ts', 'testing.d.ts', 'dist/THIRD-PARTY-LICENSES.txt']
  const modules = ['index', 'testing'].flatMap((name) => ['cjs', 'mjs', 'd.cts', 'd.mts'].map((kind) => `dist/${name}.${kind}`))
  const loaded = ['dist/orchestrator.cjs', 'dist/worker.mjs', 'dist/yaml.mjs', 'dist/watchdog.mjs']
  for (const path of [...needed, ...modules, ...loaded, 'docs/install.md', 'docs/logging.md']) expect(packed, path).toContain(path)
  expect([...packed].filter((path) => path.endsWith('.node') || /^(ts|src|crates|scripts|bench|__test__)\//.test(path))).toEqual([])
})

it.each(pages)('has what %s links to', (page) => {
  const text = readFileSync(join(root, page), 'utf8')
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link))
  for (const link of links) {
    const [path = '', place] = link.split('#')
    const target = path === '' ? page : posix.join(posix.dirname(page), path)
    expect(packed, `${page}: ${link}`).toContain(target)
    if (place === undefined) continue
    const headings = [...readFileSync(join(root, target), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, words = '']) =>
      words
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} -]/gu, '')
        .replaceAll(' ', '-'),
    )
    expect(headings, `${page}: ${link}`).toContain(place)
  }
  if (page === 'README.md') expect(links.length).toBeGreaterThan(8)
})

it('has files under every name that a page gives in so many words', () => {
  for (const page of pages)
    for (const [, path = ''] of readFileSync(join(root, page), 'utf8').matchAll(/\b(docs\/[a-z-]+\.md)\b/g))
      expect(packed, `${page}: ${path}`).toContain(path)
})

it('is installed by the line that the README prints', () => {
  const { name } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name: string }
  const lines = [...readFileSync(join(root, 'README.md'), 'utf8').matchAll(/^npm install .*$/gm)].map(([line]) => line)
  expect(lines).toEqual([`npm install ${name}`])
})
