// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Judges how the files of ts/ import each other, types included:  npm run rooms
//
//   In each folder, what stands in it, files and folders, forms no circle. So no circle of files is left anywhere, and none of rooms.
//   What a file exports, another one imports.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix, relative, sep } from 'node:path'
import ts from 'typescript-6'
import { root } from './steps.mjs'

/** What is bundled or published from here: nothing of ours imports it. */
const DOORS = ['index.ts', 'testing.ts', 'pool/worker/entry.ts', 'definition/yaml/entry.ts']
/** Generated. */
const LEFT_OUT = 'native/'

const asked = process.argv[2]
const house = asked ?? join(root, 'ts')
const files = new Map(sourcesIn(house).map((path) => [path, read(house, path)]))
// Specs import what is best tested alone.
const guests = asked === undefined ? sourcesIn(join(root, '__test__')).map((path) => read(join(root, '__test__'), path, '../ts/')) : []

const findings = [...circles(), ...deadExports()]
for (const finding of findings) process.stderr.write(`${finding}\n`)
if (findings.length > 0) process.exit(1)
process.stdout.write(
  `${files.size} files in ${new Set([...files.keys()].map((path) => posix.dirname(path))).size} folders: no circle, no dead export\n`,
)

function sourcesIn(folder) {
  const paths = readdirSync(folder, { recursive: true }).map((path) => path.split(sep).join('/'))
  return paths.filter((path) => /(?<!\.d)\.[cm]?ts$/.test(path) && !path.startsWith(LEFT_OUT)).toSorted()
}

/** A file: for each other one that it imports the names that it takes, and the names that it exports. */
function read(folder, path, prefix = '') {
  const source = ts.createSourceFile(path, readFileSync(join(folder, path), 'utf8'), ts.ScriptTarget.Latest)
  const imports = new Map()
  const exports = new Set()
  const take = (specifier, names) => {
    const target = specifier.startsWith('.') ? inHouse(posix.join(posix.dirname(path), specifier), prefix) : undefined
    if (target !== undefined) imports.set(target, [...(imports.get(target) ?? []), ...names])
  }
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) take(node.moduleSpecifier.text, namesOf(node.importClause))
    else if (ts.isExportDeclaration(node)) {
      const names = node.exportClause !== undefined && ts.isNamedExports(node.exportClause) ? node.exportClause.elements : []
      if (node.moduleSpecifier !== undefined) take(node.moduleSpecifier.text, names.length > 0 ? names.map(sourceName) : ['*'])
      for (const { name } of names) exports.add(name.text)
    } else if (ts.isImportTypeNode(node)) take(node.argument.literal.text, ['*'])
    else if (isImportCall(node)) take(node.arguments[0].text, ['*'])
    else if (node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) {
      for (const { name } of node.declarationList?.declarations ?? [node]) exports.add(name.text)
    }
    ts.forEachChild(node, visit)
  }
  ts.forEachChild(source, visit)
  return { imports, exports }
}

function sourceName({ propertyName, name }) {
  return (propertyName ?? name).text
}

function namesOf(clause) {
  if (clause === undefined) return []
  const bindings = clause.namedBindings
  return bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map(sourceName) : ['*']
}

function isImportCall(node) {
  return ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword && ts.isStringLiteralLike(node.arguments[0])
}

/** The source that a specifier stands for, as its path in the house. */
function inHouse(path, prefix) {
  if (!path.startsWith(prefix)) return undefined
  const source = path.slice(prefix.length).replace(/\.js$/, '.ts')
  return !source.startsWith('..') && existsSync(join(house, source)) ? source : undefined
}

/** The circles among what stands in one folder, for each folder: the shortest through each arrow that lies on one. */
function circles() {
  const arrows = new Map()
  for (const [from, { imports }] of files) {
    for (const [to, names] of imports) {
      const [folder, one, other] = parting(from, to)
      if (one === other) continue
      const here = arrows.get(folder) ?? arrows.set(folder, new Map()).get(folder)
      const out = here.get(one) ?? here.set(one, new Map()).get(one)
      out.set(other, [...(out.get(other) ?? []), `    ${from} takes ${names.join(', ')} from ${to}`])
    }
  }
  return [...arrows].flatMap(([folder, here]) => circlesAmong(here).map((circle) => told(folder, circle, here)))
}

/** The innermost folder that holds both, and what of it leads to each. */
function parting(from, to) {
  const [one, other] = [from.split('/'), to.split('/')]
  let depth = 0
  while (depth < one.length - 1 && depth < other.length - 1 && one[depth] === other[depth]) depth += 1
  return [one.slice(0, depth).join('/'), one[depth], other[depth]]
}

function circlesAmong(arrows) {
  const found = new Map()
  for (const start of [...arrows.keys()].toSorted()) {
    const circle = shortest(arrows, start)
    const members = circle?.toSorted().join()
    if (circle !== undefined && !found.has(members)) found.set(members, circle)
  }
  return [...found.values()]
}

/** The shortest way from here to here. */
function shortest(arrows, start) {
  const cameFrom = new Map()
  const queue = [start]
  for (const at of queue) {
    for (const next of arrows.get(at)?.keys() ?? []) {
      if (next === start) {
        const way = [at]
        while (way[0] !== start) way.unshift(cameFrom.get(way[0]))
        return way
      }
      if (cameFrom.has(next)) continue
      cameFrom.set(next, at)
      queue.push(next)
    }
  }
  return undefined
}

function told(folder, circle, arrows) {
  const steps = circle.map((one, place) => [one, circle[(place + 1) % circle.length]])
  const ties = steps.flatMap(([one, other]) => [`  ${one} → ${other}`, ...arrows.get(one).get(other)])
  return [`a circle in ${posix.join(relative(root, house) || '.', folder)}: ${[...circle, circle[0]].join(' → ')}`, ...ties].join('\n')
}

function deadExports() {
  const taken = new Map([...files.keys()].map((path) => [path, new Set()]))
  for (const { imports } of [...files.values(), ...guests]) {
    for (const [to, names] of imports) for (const name of names) taken.get(to)?.add(name)
  }
  const dead = []
  for (const [path, { exports }] of files) {
    const names = taken.get(path)
    if (DOORS.includes(path) || names.has('*')) continue
    for (const name of exports) if (!names.has(name)) dead.push(`${path} exports ${name}, which no other file imports`)
  }
  return dead
}
