// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// THIRD-PARTY-LICENSES.txt: the notices of every crate that is linked into the addon, on any platform that it is published for. Committed,
// so that a build needs the sources of no other platform; `npm run generated` makes it anew and notices when it was stale.
//   node scripts/licences.mjs

import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { root, StepError } from './steps.mjs'

export const LICENCES = 'THIRD-PARTY-LICENSES.txt'

/** What a crate may call the files that its licence asks to be kept. */
const NOTICE = /^(licen[cs]es?|copying|copyright|notice|unlicen[cs]e|patents)(?![a-z])/i
const RULE = '='.repeat(80)

export const licencesStep = {
  title: `${LICENCES} of the crates that are linked`,
  run: () => writeFileSync(join(root, LICENCES), notices(linked())),
}

/** Every crate that ends up in the addon of a published target, by name and version. */
function linked() {
  const { targets } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).napi
  const crates = new Map(targets.flatMap((target) => linkedFor(target).map((crate) => [`${crate.name} ${crate.version}`, crate])))
  return [...crates.values()].toSorted((one, other) => compare(one.name, other.name) || compare(one.version, other.version))
}

function linkedFor(target) {
  const args = ['metadata', '--format-version', '1', '--locked', '--filter-platform', target]
  const output = execFileSync('cargo', args, { cwd: root, encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] })
  const { packages, resolve } = JSON.parse(output)
  const byId = new Map(packages.map((one) => [one.id, one]))
  const nodes = new Map(resolve.nodes.map((node) => [node.id, node]))
  const found = new Set([resolve.root])
  // A set is walked in the order in which it grows.
  for (const id of found) {
    for (const { pkg, dep_kinds: kinds } of nodes.get(id).deps) {
      // What tests is not in what it tests; what builds, and macros, may leave code of theirs in it.
      if (kinds.some(({ kind }) => kind !== 'dev')) found.add(pkg)
    }
  }
  return [...found].map((id) => byId.get(id)).filter(({ source }) => source !== null)
}

/** One text for all that have it: most of them have the same. */
function notices(crates) {
  const holders = new Map()
  const without = []
  for (const crate of crates) {
    const texts = textsOf(crate)
    if (texts.length === 0) without.push(crate)
    for (const text of texts) holders.set(text, [...(holders.get(text) ?? []), named(crate)])
  }
  const sections = [...holders].map(([text, names]) => `${names.join('\n')}\n\n${text}`)
  const bare = without.map(
    (crate) => `${named(crate)}${crate.authors.length > 0 ? `, by ${crate.authors.join(', ')}` : ''}: ${crate.repository}`,
  )
  return [
    [
      `The addon of this package is made of the Rust standard library (MIT OR Apache-2.0) and ${crates.length} packages of others, on one platform or another.`,
      'Their notices follow, each text once, under the names of the packages that carry it. SQLite, within libsqlite3-sys, is in the public domain.',
    ].join('\n'),
    ...sections,
    `These packages carry no text of their own. They are used under the licence that each of them names, whose text stands above.\n\n${bare.join('\n')}`,
  ]
    .join(`\n\n${RULE}\n\n`)
    .concat('\n')
}

const named = ({ name, version, license, license_file: file }) => `${name} ${version} (${license ?? file})`

function textsOf({ name, manifest_path: manifest, license, license_file: own }) {
  const folder = dirname(manifest)
  const files = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile() && (NOTICE.test(entry.name) || entry.name === own))
    .map((entry) => entry.name)
    .toSorted(compare)
  if (files.length === 0 && license === null) throw new StepError(`${name} is linked and says nothing of its licence`)
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').replaceAll('\r\n', '\n').trim())
  return [...new Set(texts)].filter((text) => text !== '')
}

/** By code units: the same on every machine. */
const compare = (one, other) => (one < other ? -1 : Number(one > other))

if (process.argv[1] === import.meta.filename) licencesStep.run()
