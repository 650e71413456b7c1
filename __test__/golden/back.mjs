// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whether an older version refuses by name what this one has brought to its format, and goes on with the copy from before that:
//   node __test__/golden/back.mjs <a built checkout of c87b4e4>

import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { goOn, LATER, setup } from './scenes.mjs'
import { kitOver } from './store.mjs'

const [checkout] = process.argv.slice(2)
if (checkout === undefined) throw new Error('name a built checkout of c87b4e4')
const older = (name) => import(pathToFileURL(resolve(checkout, 'dist', name)).href)
const today = await import('@codexos/multi-agent-orchestrator')
const file = (name) => readFileSync(new URL(name, import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'back-'))
const path = join(folder, 'store.db')
writeFileSync(path, gunzipSync(file('c87b4e4.db.gz')))
const first = new today.MultiAgentOrchestrator({ storage: { path }, logger: false })
await first.ready()
await first.shutdown({ drainMs: 0 })

const { MultiAgentOrchestrator } = await older('index.mjs')
const refused = await new MultiAgentOrchestrator({ storage: { path }, logger: false }).ready().catch((error) => error)
strictEqual(refused.code, 'ERR_STORE_NEWER')
console.log(refused.message)

const calls = []
const { createTestKit } = await older('testing.mjs')
const options = { startAt: new Date(LATER), setup: setup(() => false, calls) }
const second = await kitOver(createTestKit, readFileSync(`${path}.before-1`), options)
deepStrictEqual(await goOn(second.kit, calls), JSON.parse(file('c87b4e4.json').toString()))
await second.close()
rmSync(folder, { recursive: true })
console.log('the older version goes on with the copy')
