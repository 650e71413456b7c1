// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Measures one peer whenever the parent asks:  child.mjs <peer> [where its server listens]
// A peer's `open(shapes, server)` gives its version, a note, and by shape how to run it once and how many tasks that is.

import { cpuMicros, measure, wallMicros } from '../compare/measure.mjs'
import { shapes } from '../compare/shapes.mjs'

const [name, server] = process.argv.slice(2)
const WARM_RUNS = 3

try {
  const { open } = await import(`./${name}.mjs`)
  const { version, note, runs } = await open(shapes, server)
  for (const { once } of runs.values()) {
    // `once` checks what it gets, so nothing fast and wrong is measured.
    for (let run = 0; run < WARM_RUNS; run += 1) await once()
  }
  process.on('message', ({ shape, concurrency, ms, cpu }) => {
    const { once, tasks } = runs.get(shape)
    measure(once, tasks, { concurrency, ms, clock: cpu ? cpuMicros : wallMicros }).then((micros) => process.send({ micros }), fail)
  })
  process.send({ version, note, shapes: [...runs.keys()] })
} catch (error) {
  fail(error)
}
process.once('disconnect', () => process.exit())

function fail(error) {
  process.send({ error: error.stack })
}
