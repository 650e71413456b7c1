// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Writes the golden store by the package of a checkout, and how that package brings it to its end:
//   node __test__/golden/make.mjs <a built checkout of c87b4e4>

import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { begin, goOn, LATER, setup } from './scenes.mjs'
import { kitOver } from './store.mjs'

const [checkout] = process.argv.slice(2)
if (checkout === undefined) throw new Error('name a built checkout of c87b4e4')
const here = fileURLToPath(new URL('.', import.meta.url))
const { createTestKit } = await import(pathToFileURL(resolve(checkout, 'dist/testing.mjs')).href)

const first = await kitOver(createTestKit, undefined, { setup: setup(() => true) })
await begin(first.kit)
const bytes = await first.bytes()
await first.close()
const calls = []
const second = await kitOver(createTestKit, bytes, { startAt: new Date(LATER), setup: setup(() => false, calls) })
const ends = await goOn(second.kit, calls)
await second.close()
writeFileSync(join(here, 'c87b4e4.db.gz'), gzipSync(bytes, { level: 9 }))
writeFileSync(join(here, 'c87b4e4.json'), `${JSON.stringify(ends, null, 2)}\n`)
console.log(`${bytes.length} bytes, ${Object.keys(ends.ends).length} executions`)
