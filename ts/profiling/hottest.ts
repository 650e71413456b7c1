// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a CPU profile comes to.

import type { Profiler } from 'node:inspector'
import { fileURLToPath } from 'node:url'
import type { ProfiledFunction } from '../api/cpu-profile.js'

const MOST = 10
/** What is not at work. */
const IDLE = new Set(['(idle)', '(program)', '(root)'])

/** The functions that took the most time themselves, and which share of the whole profile. */
export function hottest({ nodes, samples = [], timeDeltas = [], startTime, endTime }: Profiler.Profile): ProfiledFunction[] {
  const byNode = new Map(nodes.map((node) => [node.id, node.callFrame]))
  const spent = new Map<string, { readonly functionName: string; readonly where: string; micros: number }>()
  for (const [place, id] of samples.entries()) {
    const frame = byNode.get(id)
    if (frame === undefined || IDLE.has(frame.functionName)) continue
    const where = frame.url === '' ? '' : `${pathOf(frame.url)}:${frame.lineNumber + 1}`
    const functionName = frame.functionName === '' ? '(anonymous)' : frame.functionName
    const key = `${functionName} ${where}`
    const known = spent.get(key) ?? { functionName, where, micros: 0 }
    // A sample stands for the time until the next.
    known.micros += Math.max(timeDeltas[place + 1] ?? 0, 0)
    spent.set(key, known)
  }
  const whole = Math.max(endTime - startTime, 1)
  return [...spent.values()]
    .toSorted((one, other) => other.micros - one.micros)
    .slice(0, MOST)
    .map(({ functionName, where, micros }) => ({ functionName, where, share: Math.min((100 * micros) / whole, 100) }))
}

/** The file of a script, as people write it. */
export function pathOf(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url
}
