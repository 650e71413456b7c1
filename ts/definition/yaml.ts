// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Reads YAML without holding the event loop: a short text at once, a longer one in a worker.

import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { readYamlText, type YamlReading } from './yaml/read.js'

/** What is read in the time that a worker takes to begin. */
const CHARACTERS_AT_ONCE = 4096

export async function readYaml(text: string): Promise<YamlReading> {
  if (text.length <= CHARACTERS_AT_ONCE) return readYamlText(text)
  const worker = new Worker(new URL('./yaml.mjs', import.meta.url), { workerData: text, env: {}, execArgv: [] })
  try {
    const [reading] = (await once(worker, 'message')) as [YamlReading]
    return reading
  } catch {
    // Such as more memory than the worker may have.
    return { problems: ['not YAML: it is nested too deep, or stands for too much'] }
  }
}
