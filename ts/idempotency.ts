// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An idempotency key stands for an execution whose id follows from it, so that any process that has the key finds the execution by its id.

import { createHash } from 'node:crypto'
import type { Definition } from './definition.js'
import type { Json } from './json.js'
import type { WorkflowExecution } from './api/execution.js'

/** How long after its end an execution stands for its key. */
const KEPT_MS = 24 * 3_600_000

/** The id of the execution a key stands for; a later `generation` takes the place of one that is over. */
export function idOf(key: string, workflowId: string, tenant: string | undefined, generation: number): string {
  const hash = hashOf([tenant ?? '', workflowId, key])
  return generation === 1 ? `key-${hash}` : `key-${hash}-${generation}`
}

/** Equal for calls that would do the same. */
export function fingerprintOf(definition: Definition, context: { readonly [key: string]: Json }): string {
  return hashOf([definition.plan.hash(), canonical(context)])
}

/** Whether at `now` (milliseconds) an execution that has ended stands for its key no more. */
export function isOver(execution: WorkflowExecution, rerunFailed: boolean, now: number): boolean {
  const { status, endTime } = execution
  if (endTime === undefined) return false
  return now - endTime.getTime() > KEPT_MS || (rerunFailed && status !== 'completed')
}

/** A short name for what the parts are together. */
export function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

/** JSON text that does not depend on the order of keys. */
export function canonical(value: Json | { readonly [key: string]: Json }): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  })
}
