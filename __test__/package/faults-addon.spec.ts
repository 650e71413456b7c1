// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An addon that could not be loaded was "Cannot find native binding. npm has a bug …", with a list of files and no way out.

import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { Child, type Ended } from '../support/child.ts'
import { root, temporaryFolder, writeInto } from '../support/folder.ts'

const NAME = '@codexos/multi-agent-orchestrator'
const folder = temporaryFolder()
const modules = join(folder, 'node_modules')
const installed = join(modules, NAME)
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
const platforms = readdirSync(join(root, 'npm')).sort()
const addon = readdirSync(join(root, 'dist/native')).find((file) => file.endsWith('.node')) ?? ''
const here = addon.split('.').at(-2) ?? ''
const [system = '', arch = ''] = here.split('-')

/** The package as it is installed: its addon is in another. */
beforeAll(() => {
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true, filter: (source) => !source.endsWith('.node') })
  cpSync(join(root, 'package.json'), join(installed, 'package.json'))
})

const importing = `import { MultiAgentOrchestrator } from '${NAME}'; console.log(typeof MultiAgentOrchestrator)`
let programs = 0
const load = (before = '', flags: string[] = []): Promise<Ended> => {
  programs += 1
  const main = writeInto(folder, `main-${programs}.mjs`, importing)
  const first = before === '' ? [] : ['--require', writeInto(folder, `before-${programs}.cjs`, before)]
  return new Child(main, [], [...flags, ...first]).ended()
}

/** Installs the package of a platform with this in place of its addon. */
function install(platform: string, content: Buffer | string): void {
  const target = join(modules, `${NAME}-${platform}`)
  mkdirSync(target, { recursive: true })
  writeFileSync(join(target, 'package.json'), JSON.stringify({ name: `${NAME}-${platform}`, version, main: 'addon.node' }))
  writeFileSync(join(target, 'addon.node'), content)
}
const remove = (platform: string): void => {
  const target = join(modules, `${NAME}-${platform}`)
  renameSync(target, `${target}.removed-${programs}`)
}

describe('an addon that cannot be loaded says why, and what to do', () => {
  const all = `there are seven: ${platforms.join(', ')}`
  const asks = `npm install ${NAME}-${here}@${version}`

  it('where its package is not installed', async () => {
    const { code, stderr } = await load()
    expect(code).toBe(1)
    expect(stderr).toContain(
      `the addon of ${NAME} cannot be loaded: its package for this platform, ${here}, is not installed; run \`${asks}\``,
    )
    for (const words of ['--omit=optional', '--no-optional', all, "code: 'ERR_ADDON'"]) expect(stderr).toContain(words)
  })

  it('where node_modules came from another platform', async () => {
    const other = platforms.find((name) => name !== here) ?? ''
    install(other, 'of another platform')
    const { stderr } = await load()
    remove(other)
    expect(stderr).toContain(`${here}, is not installed, and what is installed is for another one (${other}); run \`${asks}\``)
  })

  it('where the file is no addon', async () => {
    install(here, 'not an addon at all')
    const { stderr } = await load()
    remove(here)
    expect(stderr).toContain(`addon.node for this platform, ${here}: `)
    expect(stderr).toContain(`to have it anew, run \`${asks}\`; ${all}`)
    if (system === 'linux')
      expect(stderr).toMatch(
        /it is made for (glibc|musl \(Alpine\)), and a system with (musl \(Alpine\)|glibc) needs the package that ends in -(musl|gnu)/,
      )
  })

  it.each([
    ['the system', `Object.defineProperty(process, 'platform', { value: 'sunos' })`, `sunos-${arch}`],
    ['the processor', `Object.defineProperty(process, 'arch', { value: 'ppc64' })`, here.replace(arch, 'ppc64')],
  ])('where there is none for %s', async (_, before, name) => {
    expect((await load(before)).stderr).toContain(`there is none for this platform, ${name}; ${all}`)
  })

  it('where Node forbids addons', async () => {
    install(here, readFileSync(join(root, 'dist/native', addon)))
    const flag = process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission'
    for (const flags of [['--no-addons'], [flag, '--allow-fs-read=*']]) {
      const { code, stderr } = await load('', flags)
      expect(code).toBe(1)
      expect(stderr).toContain('which forbids addons; start it with `--allow-addons` too')
    }
    expect(await load('', [flag, '--allow-fs-read=*', '--allow-addons'])).toMatchObject({ code: 0, stdout: 'function\n' })
  })

  it.skipIf(system !== 'linux')('a package of the other C library is not loaded in place of the right one', async () => {
    remove(here)
    const other = here.endsWith('-gnu') ? here.replace('-gnu', '-musl') : here.replace('-musl', '-gnu')
    install(other, readFileSync(join(root, 'dist/native', addon)))
    const { stderr } = await load()
    remove(other)
    expect(stderr).toContain(`is not installed, and what is installed is for another one (${other})`)
  })
})

it('the seven are those that are packed, and those that are built', () => {
  const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { napi: { targets: string[] } }
  const SYSTEMS: Record<string, string> = {
    'unknown-linux-gnu': 'linux',
    'unknown-linux-musl': 'linux',
    'apple-darwin': 'darwin',
    'pc-windows-msvc': 'win32',
  }
  const named = napi.targets.map((target) => {
    const [, cpu = '', rest = ''] = /^([^-]+)-(.*)$/.exec(target) ?? []
    const abi = /(gnu|musl|msvc)$/.exec(rest)?.[0]
    return [SYSTEMS[rest], cpu === 'aarch64' ? 'arm64' : 'x64', ...(abi === undefined ? [] : [abi])].join('-')
  })
  expect(named.sort()).toEqual(platforms)
})
