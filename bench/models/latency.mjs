// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How long one request after the other takes.

import { settle } from '../compare/measure.mjs'
import { check } from './wire.mjs'

/** The microseconds of each of `requests` requests, in their order; `ask` resolves with the text of the answer. */
export async function latencies(ask, requests) {
  await settle()
  const micros = []
  for (let done = 0; done < requests; done += 1) {
    const began = performance.now()
    const text = await ask()
    micros.push((performance.now() - began) * 1000)
    check(text)
  }
  return micros
}
