// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Measures one client of models whenever the parent asks:  models.mjs <peer> <url of the server>
// A peer's `open(url)` gives its version, and how to ask once: the text of the answer.

import { latencies } from '../models/latency.mjs'

const [name, url] = process.argv.slice(2)

try {
  const { open } = await import(`./${name}.mjs`)
  const { version, ask } = await open(url)
  process.on('message', ({ requests }) => {
    latencies(ask, requests).then((micros) => process.send({ micros }), fail)
  })
  process.send({ version })
} catch (error) {
  fail(error)
}
process.once('disconnect', () => process.exit())

function fail(error) {
  process.send({ error: error.stack })
}
