// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An idempotency key stands for the latest execution that was begun by it, as `engine::idempotency` says: here is what a call does with that.
//
//   no execution, one that ended 24 h ago, one that ended badly with onFailed: 'rerun' ─▶ begins the key's next execution
//   one of another definition or context                                               ─▶ ERR_IDEMPOTENCY_MISMATCH
//   one that lives, or has ended                                                       ─▶ is the same call
//   one that has ended and is remembered no more                                       ─▶ ERR_EXECUTION_NOT_FOUND, which says how it ended; begins nothing

import { dateOf } from '../base/clock.js'
import type { Turns } from '../base/turns.js'
import type { Definition } from '../definition/definition.js'
import type { Past } from './ended-executions.js'
import { ConflictError, NotFoundError } from '../api/errors.js'
import type { Json } from '../json/json.js'
import type { LiveRuns } from './live-runs.js'
import type { Started } from './outcome.js'
import type { Run } from '../run/run.js'
import type { Claimed } from '../boundary/shapes.js'
import { hashOf, canonical } from '../json/canonical.js'

/** An idempotency key, and what calls with it would do. */
interface Key {
  readonly key: string
  readonly workflowId: string
  readonly tenant: string | undefined
  readonly fingerprint: string
  /** Whether an execution that ended badly gives way to a new one. */
  readonly rerunFailed: boolean
}

/** Where executions are, and what a key stands for. */
export interface KeyHost {
  readonly live: LiveRuns
  /** One that has not ended, at hand whether it was or not. */
  find(id: string): Promise<Run | undefined>
  past(id: string): Promise<Past | undefined>
  /** `undefined` if the store must be asked. */
  claim(hash: string, fingerprint: string, rerunFailed: boolean): Claimed | undefined
  lookUpClaim(hash: string, fingerprint: string, rerunFailed: boolean): Promise<Claimed>
  /** While the store is asked of a key, nobody else begins an execution of it. */
  readonly turns: Turns
}

/** The execution that a key stands for: one that is there, or a new one. `joined`: it was there. */
export async function beginOnce(host: KeyHost, given: Key, begin: (id: string) => Run): Promise<Started & { joined: boolean }> {
  const { key, workflowId, tenant, fingerprint, rerunFailed } = given
  const asked = [hashOf([tenant ?? '', workflowId, key]), fingerprint, rerunFailed] as const
  const claimed = host.claim(...asked)
  if (claimed !== undefined) return take(host, given, claimed, begin)
  return host.turns.take(asked[0], async () => take(host, given, host.claim(...asked) ?? (await host.lookUpClaim(...asked)), begin))
}

/** Does what a call does: nothing comes between, so that of two calls at once one begins and the other joins. */
async function take(host: KeyHost, given: Key, claimed: Claimed, begin: (id: string) => Run): Promise<Started & { joined: boolean }> {
  const { does, id } = claimed
  const { key, workflowId } = given
  if (does === 'begin') return { run: begin(id), joined: false }
  if (does === 'mismatch') {
    const message = `idempotencyKey \`${key}\` stands for another definition or context of workflow \`${workflowId}\``
    throw new ConflictError('ERR_IDEMPOTENCY_MISMATCH', message, { executionId: id })
  }
  const run = host.live.get(id) ?? (await host.find(id))
  if (run !== undefined) return { run, joined: true }
  const past = await host.past(id)
  if (past !== undefined) return { past, joined: true }
  throw forgotten(key, claimed)
}

function forgotten(key: string, { id, status, endedAt }: Claimed): NotFoundError {
  const at = endedAt === undefined ? '' : dateOf(endedAt).toISOString()
  const message =
    `the execution \`${id}\` of idempotencyKey \`${key}\` ended ${status ?? ''} at ${at} and is no longer remembered; until 24 h after that the key begins ` +
    'nothing anew. Remember more (`storage`, or `memory.remember`), or use another key to run it again'
  return new NotFoundError('ERR_EXECUTION_NOT_FOUND', message, { executionId: id, details: { status, endedAt: at } })
}

/** Equal for calls that would do the same. */
export function fingerprintOf(definition: Definition, context: { readonly [key: string]: Json }): string {
  return hashOf([definition.plan.hash(), canonical(context)])
}
