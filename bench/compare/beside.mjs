// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a small execution waits for beside a large one. It begins somewhere in the time that a fan-out takes, at moments spread evenly, once for each fan-out;
// and alone, behind as many plain promises: those it cannot get before either.

import { openOurs, workflowOf } from './ours.mjs'
import { quantile, settle } from './measure.mjs'
import { agent } from './shapes.mjs'

const WIDTH = 10_000
const SMALL = 3
export const BESIDE = 'beside'
export const BESIDE_LEVELS = ['memory', 'os']

/** At the median and at the 95th of a hundred, how many times as long as alone it may take. */
export const BESIDE_BOUNDS = [
  { q: 0.5, name: 'at the median', most: 3 },
  { q: 0.95, name: 'at p95', most: 10 },
]

/** Spreads numbers evenly over 0 to 1, however many there are. */
const GOLDEN = (Math.sqrt(5) - 1) / 2

const large = workflowOf({
  name: 'large',
  tasks: Array.from({ length: WIDTH }, (_, place) => ({ id: `m${place}`, dependencies: [] })),
})
const small = workflowOf({
  name: 'small',
  tasks: Array.from({ length: SMALL }, (_, place) => ({ id: `t${place}`, dependencies: place === 0 ? [] : [`t${place - 1}`] })),
})

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Milliseconds of each of `starts`, alone and beside a fan-out, at one level of durability, and what a fan-out takes. */
export async function measureBeside(level, starts, folder, progress) {
  const orchestrator = await openOurs(level, folder)
  const once = async () => {
    const began = performance.now()
    await orchestrator.executeWorkflow(small)
    return performance.now() - began
  }
  for (let count = 0; count < 3; count += 1) await orchestrator.executeWorkflow(large)
  for (let count = 0; count < 200; count += 1) await once()
  const times = { alone: [], beside: [], large: [] }
  let takes = 10
  await settle()
  for (let start = 0; start < starts; start += 1) {
    if (start % 50 === 0) progress(`a small execution beside a large one, ${level}, ${start} of ${starts}`)
    const plain = Promise.all(Array.from({ length: WIDTH }, () => agent()))
    times.alone.push(await once())
    await plain
    await turn()
    const began = performance.now()
    const running = orchestrator.executeWorkflow(large).then(() => times.large.push(performance.now() - began))
    const until = began + takes * ((start * GOLDEN) % 1)
    do await turn()
    while (performance.now() < until)
    times.beside.push(await once())
    await running
    await turn()
    takes = quantile(times.large.slice(-21), 0.5)
  }
  progress('')
  await orchestrator.shutdown()
  return times
}

/** The ratio of a bound. */
export function besideRatio(times, { q }) {
  return quantile(times.beside, q) / quantile(times.alone, q)
}
