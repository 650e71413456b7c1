// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An idempotency key stands for an execution whose id follows from it, so that any process that has the key finds the execution by its id.

import { createHash } from 'node:crypto'
import type { ReadOptions } from './arguments.js'
import type { Definition } from './definition.js'
import type { Past } from './ended-executions.js'
import { ConflictError } from './errors.js'
import type { Json } from './json.js'
import type { Started } from './outcome.js'
import type { Run, RunOptions } from './run.js'
import type { WorkflowExecution } from './workflow.js'

/** How long after its end an execution stands for its key. */
const KEPT_MS = 24 * 3_600_000

/** The executions of an orchestrator, as a key needs them. */
export interface Executions {
  live(id: string): Run | undefined
  past(id: string): Promise<Past | undefined>
  begin(id: string, options: RunOptions): Run
  /** Milliseconds since the epoch. */
  now(): number
}

/** The execution that a key stands for: one that is there, or a new one. */
export async function startOnce(
  executions: Executions,
  read: ReadOptions,
  key: string,
  definition: Definition,
  context: { [key: string]: Json },
): Promise<Started> {
  const fingerprint = fingerprintOf(definition, context)
  for (let generation = 1; ; generation += 1) {
    const id = idOf(key, definition.workflowId, read.recorded.tenant, generation)
    const run = executions.live(id)
    const past = run === undefined ? await executions.past(id) : undefined
    // Another call with the key may have begun it while we looked.
    const other = run ?? executions.live(id)
    if (other === undefined && past === undefined) return { run: executions.begin(id, { ...read.recorded, fingerprint }) }
    const execution = other === undefined ? past?.execution : other.execution
    if (execution !== undefined && isOver(execution, read.rerunFailed, executions.now())) continue
    if ((other?.options ?? past?.options ?? {})['fingerprint'] !== fingerprint) {
      const message = `idempotencyKey \`${key}\` stands for another definition or context of workflow \`${definition.workflowId}\``
      throw new ConflictError('ERR_IDEMPOTENCY_MISMATCH', message, { executionId: id })
    }
    return other === undefined ? { past: past as Past } : { run: other, detach: read.signal }
  }
}

/** The id of the execution a key stands for; a later `generation` takes the place of one that is over. */
function idOf(key: string, workflowId: string, tenant: string | undefined, generation: number): string {
  const hash = hashOf([tenant ?? '', workflowId, key])
  return generation === 1 ? `key-${hash}` : `key-${hash}-${generation}`
}

/** Equal for calls that would do the same. */
export function fingerprintOf(definition: Definition, context: { readonly [key: string]: Json }): string {
  return hashOf([definition.plan.hash(), canonical(context)])
}

/** Whether at `now` (milliseconds) an execution that has ended stands for its key no more. */
function isOver(execution: WorkflowExecution, rerunFailed: boolean, now: number): boolean {
  const { status, endTime } = execution
  if (endTime === undefined) return false
  return now - endTime.getTime() > KEPT_MS || (rerunFailed && status !== 'completed')
}

function hashOf(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}

/** JSON text that does not depend on the order of keys. */
function canonical(value: Json | { readonly [key: string]: Json }): string {
  return JSON.stringify(value, (_key, member: unknown) => {
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    return Object.fromEntries(Object.entries(member).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  })
}
