// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whether a store that this version has touched opens with an older one:
//   node __test__/golden/back.mjs <a built checkout of c87b4e4>

import { deepStrictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { goOn, LATER, setup, touch, touched } from './scenes.mjs'
import { kitOver } from './store.mjs'

const [checkout] = process.argv.slice(2)
if (checkout === undefined) throw new Error('name a built checkout of c87b4e4')
const older = await import(pathToFileURL(resolve(checkout, 'dist/testing.mjs')).href)
const today = await import('@codexos/multi-agent-orchestrator/testing')
const file = (name) => readFileSync(new URL(name, import.meta.url))
const golden = gunzipSync(file('c87b4e4.db.gz'))

// What today's version has opened, and begun something in.
const first = await kitOver(today.createTestKit, golden, { setup: setup(() => true, [], false) })
await touch(first.kit)
const bytes = await first.bytes()
await first.close()
const calls = []
const second = await kitOver(older.createTestKit, bytes, { startAt: new Date(LATER), setup: setup(() => false, calls) })
const ends = await touched(second.kit)
console.log(ends)
const { before, ...rest } = await goOn(second.kit, calls)
const { before: expected, ...others } = JSON.parse(file('c87b4e4.json').toString())
deepStrictEqual(
  before.filter((line) => expected.includes(line)),
  expected,
)
// The calls that it made for what `touch` began are its own.
deepStrictEqual({ ...rest, calls: rest.calls.filter((call) => !call.startsWith('today')) }, others)
await second.close()
console.log('the older version goes on with what this one has touched')
