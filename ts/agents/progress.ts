// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a loop of a model and its tools has on record, so that it goes on where it was.
//
// A step has the number of the loop in its name, and the loop a print of what it was told: an attempt that is told something else, or follows one that
// failed by what it did, begins anew.

import type { AttemptContext } from '../api/agent.js'
import type { Json } from '../json/json.js'
import { hashOf } from '../json/canonical.js'
import { stepsOf } from './granted.js'

/** Does a part of the loop, or gives what that gave. `unknown` is what it gives where it may have been done, and must not be done twice. */
export type Take = <T>(name: string, fn: () => Promise<T>, unknown?: () => T) => Promise<T>

/** `told`: what the loop depends on. */
export function taking(context: AttemptContext, resume: 'steps' | 'never', told: readonly string[]): Take {
  const steps = resume === 'never' ? undefined : stepsOf(context)
  if (steps === undefined) return async (_name, fn) => fn()
  const loop = `loop ${steps.era + 1} ${hashOf(told).slice(0, 8)}`
  return async <T>(name: string, fn: () => Promise<T>, unknown?: () => T) =>
    (await steps.take(`${loop}: ${name}`, fn, unknown === undefined ? {} : { unknown: () => unknown() as Json })) as T
}
