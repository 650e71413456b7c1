// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Ways to use the package. Each is installed into a fresh folder, `with` tools or without, and its `steps` must say `well`.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../steps.mjs'

/** The versions of Node, newest of each line when this was written. */
export const NODES = { 20: '20.20.2', 22: '22.23.5', 24: '24.22.3' }

const PNPM = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager
const TYPES = '@types/node@20.19.43'
const WELL = /^well$/m

/** What a case is if it says nothing else: installed by npm, on Node 22. */
const usual = { manager: 'npm', nodes: ['22'], with: [], files: {}, expect: WELL }

const json = (value) => JSON.stringify(value, undefined, 2)
const node = (...args) => ['node', ...args]
/** A program that is installed. */
const bin = (path, ...args) => ['node', `node_modules/${path}`, ...args]
/** One that is no JavaScript. */
const binary = (name, ...args) => [`node_modules/.bin/${name}`, ...args]

const TYPESCRIPT = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    outDir: 'built',
  },
  files: ['use.ts'],
}
const typescript = (options) => json({ ...TYPESCRIPT, compilerOptions: { ...TYPESCRIPT.compilerOptions, ...options } })
const tsc = (project, built = false) => bin('typescript/bin/tsc', '--project', project, ...(built ? [] : ['--noEmit']))
const permission = (version) => (version === '20' || version === '22' ? '--experimental-permission' : '--permission')
const permitted = ['--allow-addons', '--allow-worker', '--allow-fs-read=*', '--allow-fs-write=*']

const BUNDLED = ['@codexos/multi-agent-orchestrator', '@codexos/multi-agent-orchestrator/testing']

export const CASES = [
  { name: 'ESM', quick: true, nodes: ['20', '22', '24'], steps: [node('use.mjs')] },
  { name: 'CommonJS', quick: true, nodes: ['20', '22', '24'], steps: [node('use.cjs')] },
  {
    name: 'types',
    quick: true,
    with: ['typescript@5.9.3', TYPES],
    files: {
      'esm.json': typescript({ module: 'nodenext' }),
      'bundler.json': typescript({ module: 'esnext', moduleResolution: 'bundler' }),
      'cjs.json': typescript({ module: 'commonjs', moduleResolution: 'node10' }),
    },
    steps: [tsc('esm.json'), tsc('bundler.json'), tsc('cjs.json', true), node('built/use.js')],
  },
  {
    name: 'types, TypeScript 6',
    with: ['typescript@6.0.3', TYPES],
    files: { 'esm.json': typescript({ module: 'nodenext' }) },
    steps: [tsc('esm.json', true), node('built/use.js')],
  },
  {
    name: 'types, TypeScript 7',
    with: ['typescript@7.0.2', TYPES],
    files: { 'esm.json': typescript({ module: 'nodenext' }) },
    steps: [tsc('esm.json', true), node('built/use.js')],
  },
  { name: 'pnpm', manager: PNPM, steps: [node('use.mjs'), node('use.cjs')] },
  { name: 'yarn 1', manager: 'yarn@1.22.22', steps: [node('use.mjs'), node('use.cjs')] },
  { name: 'yarn 4', manager: '@yarnpkg/cli-dist@4.18.1', steps: [node('use.mjs'), node('use.cjs')] },
  {
    name: 'yarn 4, without node_modules',
    manager: '@yarnpkg/cli-dist@4.18.1',
    linker: 'pnp',
    steps: [
      ['yarn', 'node', 'use.mjs'],
      ['yarn', 'node', 'use.cjs'],
    ],
  },
  { name: 'tsx', with: ['tsx@4.23.15'], nodes: ['20', '24'], steps: [bin('tsx/dist/cli.mjs', 'use.ts')] },
  {
    name: 'ts-node',
    with: ['ts-node@10.9.2', 'typescript@5.9.3', TYPES],
    files: { 'tsconfig.json': typescript({ module: 'commonjs', moduleResolution: 'node10' }) },
    nodes: ['20', '24'],
    steps: [bin('ts-node/dist/bin.js', 'use.ts')],
  },
  { name: 'types of Node itself', nodes: ['24'], steps: [node('use.ts')] },
  {
    name: 'vitest',
    with: ['vitest@5.1.2'],
    nodes: ['22', '24'],
    steps: [bin('vitest/vitest.mjs', 'run', 'use.vitest.mjs')],
    files: { 'vitest.config.mjs': "export default { test: { include: ['*.vitest.mjs'] } }" },
    expect: /2 passed/,
  },
  {
    name: 'jest',
    with: ['jest@30.5.2'],
    nodes: ['20', '24'],
    steps: [bin('jest/bin/jest.js')],
    files: { 'jest.config.cjs': "module.exports = { testMatch: ['**/*.jest.cjs'] }" },
    expect: /2 passed/,
  },
  {
    name: 'esbuild',
    with: ['esbuild@0.28.2'],
    steps: [
      binary(
        'esbuild',
        'use.cjs',
        '--bundle',
        '--platform=node',
        '--format=cjs',
        '--packages=external',
        '--outfile=built/use.cjs',
        '--log-level=warning',
      ),
      node('built/use.cjs'),
    ],
  },
  {
    name: 'webpack',
    with: ['webpack@5.113.0', 'webpack-cli@7.3.1'],
    files: {
      'webpack.config.cjs': `module.exports = { mode: 'production', target: 'node20', entry: './use.cjs', output: { filename: 'use.cjs', path: __dirname + '/built' }, externals: ${json(BUNDLED)}.map((name) => ({ [name]: 'commonjs ' + name })) }`,
    },
    steps: [bin('webpack-cli/bin/cli.js', '--config', 'webpack.config.cjs', '--stats', 'errors-warnings'), node('built/use.cjs')],
  },
  {
    name: 'rollup',
    with: ['rollup@4.68.8'],
    files: {
      'rollup.config.mjs': `export default { input: 'plain.mjs', external: ${json(BUNDLED)}, output: { file: 'built/use.mjs' } }`,
    },
    steps: [bin('rollup/dist/bin/rollup', '--config', 'rollup.config.mjs', '--silent'), node('built/use.mjs')],
  },
  {
    name: 'Next',
    with: ['next@16.4.6', 'react@19', 'react-dom@19'],
    files: {
      'next.config.mjs':
        "export default { serverExternalPackages: ['@codexos/multi-agent-orchestrator'], outputFileTracingRoot: import.meta.dirname, turbopack: { root: import.meta.dirname } }",
      'app/layout.js': 'export default function Layout({ children }) { return <html><body>{children}</body></html> }',
      'app/page.js': 'export default function Page() { return <p>well</p> }',
      'app/run/route.js': readFileSync(new URL('programs/route.mjs', import.meta.url), 'utf8'),
    },
    steps: [bin('next/dist/bin/next', 'build'), node('ask-next.mjs')],
    expect: /^200 well$/m,
  },
  {
    name: 'pino',
    with: ['pino@10.4.0', 'typescript@5.9.3', TYPES],
    files: { 'tsconfig.json': json({ ...JSON.parse(typescript({ module: 'nodenext' })), files: ['logs.ts'] }) },
    steps: [tsc('tsconfig.json', true), node('built/logs.js')],
    expect:
      /"level":50.*"event":"execution:failed","code":"ERR_AGENT".*"err":\{"type":"TaskFailedError","message":"task `a` failed: its agent threw: database is down.*"msg":"workflow `flow` failed at task `a`: database is down"/,
  },
  { name: 'the permission model', nodes: ['20', '22', '24'], steps: [(version) => node(permission(version), ...permitted, 'use.mjs')] },
  {
    name: 'without optional dependencies, then as the error says',
    flags: ['--omit=optional'],
    steps: [node('omitted.mjs')],
    expect: /^ERR_ADDON\nwell$/m,
  },
  { name: 'the README', readme: true, nodes: ['20'], steps: [node('readme.mjs')], expect: /^3 rows$/m },
].map((given) => ({ ...usual, ...given }))
