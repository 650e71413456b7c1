// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Sees from a thread of its own that the event loop stands still, while it does, and has it say what it is at: afterwards nobody would know. Bundled on its
// own, as dist/watchdog.mjs.
//
// What is evaluated by the inspector runs wherever the other thread is, inside of a loop too, so that its stack is the one that blocks.

import { Session } from 'node:inspector'
import { parentPort, workerData } from 'node:worker_threads'
import type { Watched } from './watched.js'

const { beats, still, expression } = workerData as Watched
const session = new Session()
session.connectToMainThread()
parentPort?.postMessage('watching')

let asked = -1
for (;;) {
  const beat = Atomics.load(beats, 0)
  // Even numbers: nobody is at work. Who has been asked is not asked again.
  const isLooked = beat % 2 !== 0 && beat !== asked
  if (Atomics.wait(beats, 0, beat, isLooked ? still : Infinity) !== 'timed-out') continue
  asked = beat
  session.post('Runtime.evaluate', { expression, silent: true })
}
