// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Explains an execution wherever it is: at hand, parked, not taken up, or ended.

import type { Explanation } from '../api/explanation.js'
import type { WorkflowExecution } from '../api/execution.js'
import type { StoreReader } from '../boundary/store-reader.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import { explanationOf, explanationOfEnd, type AttemptSigns, type Beside, type ExplanationText } from '../explain/explanation.js'
import type { CallWait } from '../models/calls.js'
import { accountOf } from '../run/account.js'
import { LiveAttempt } from '../run/attempt.js'
import type { Run } from '../run/run.js'
import type { LiveRuns } from './live-runs.js'
import { notFound } from './outcome.js'
import { storedSeen, type InterruptedRuns } from './recovery.js'

/** What it needs of the orchestrator. */
export interface ExplainingHost {
  readonly dispatcher: Dispatcher
  readonly live: LiveRuns
  /** Who waits for agents, and what the calls of models on an account wait for. */
  readonly around: () => { readonly interrupted: InterruptedRuns; readonly models: { waitsOf(account: object): readonly CallWait[] } }
  /** The execution as it is now, if it has ended or cannot be read. */
  get(executionId: string): Promise<WorkflowExecution | undefined>
}

/** What each task of an execution that has not ended waits for. */
export async function explained(host: ExplainingHost, executionId: string): Promise<Explanation> {
  return (await explainedHere(host, executionId)) ?? explainedEnd(host, executionId)
}

/** Of one that this process has; `undefined`: it has none of this id. */
async function explainedHere({ dispatcher, live, around }: ExplainingHost, executionId: string): Promise<Explanation | undefined> {
  const { engine } = dispatcher
  const run = live.get(executionId)
  if (run !== undefined && run.execution === undefined && !run.released) {
    const { interrupted, models } = around()
    const text = JSON.parse(engine.told('explain', run.slot)) as ExplanationText
    const obstacle = (JSON.parse(engine.told('obstacle', run.slot)) as Beside['obstacle'] | null) ?? undefined
    const attempt = (instance: number): AttemptSigns | undefined => signsOf(run, instance, models)
    return explanationOf(executionId, text, { missing: interrupted.missingFor(run), obstacle, attempt })
  }
  const slot = dispatcher.isOver() ? null : engine.parked(executionId)
  if (slot === null) return undefined
  const group = engine.sleepsIn(slot)
  const missing = group === null ? [] : around().interrupted.missingIn(group)
  const text = await storedText(dispatcher, executionId, group === null ? 'here' : 'asleep')
  return text && explanationOf(executionId, text, { missing, attempt: () => undefined })
}

async function explainedEnd(host: ExplainingHost, executionId: string): Promise<Explanation> {
  const execution = await host.get(executionId)
  if (execution === undefined) throw notFound(executionId)
  if (execution.endTime !== undefined || execution.status === 'damaged') return explanationOfEnd(execution)
  // It began meanwhile, or this process let go of it.
  const found = (await explainedHere(host, executionId)) ?? (await explainedStored(host.dispatcher, executionId, undefined))
  return found ?? explanationOfEnd(execution)
}

/** As its records leave one that this process has not. `store`: where they are. */
async function explainedStored(
  source: { readonly engine: StoreReader; readonly clock: { now(): number } },
  executionId: string,
  store: string | undefined,
): Promise<Explanation | undefined> {
  const text = await storedText(source, executionId, 'nowhere')
  if (text === undefined || text.tasks.length === 0) return undefined
  return explanationOf(executionId, text, { missing: [], attempt: () => undefined, store })
}

/** Of an archive. */
export async function explainedInArchive(
  source: Parameters<typeof storedSeen>[0],
  executionId: string,
  store: string,
): Promise<Explanation> {
  const open = await explainedStored(source, executionId, store)
  if (open !== undefined) return open
  const execution = await storedSeen(source, () => {}, executionId)
  if (execution === undefined) throw notFound(executionId)
  return explanationOfEnd(execution)
}

async function storedText(
  { engine, clock }: { readonly engine: StoreReader; readonly clock: { now(): number } },
  id: string,
  presence: 'here' | 'asleep' | 'nowhere',
): Promise<ExplanationText | undefined> {
  const text = await engine.stored('storedExplanation', JSON.stringify({ id, presence, now: Math.round(clock.now()) }))
  return text === undefined ? undefined : (JSON.parse(text) as ExplanationText)
}

function signsOf(run: Run, instance: number, models: { waitsOf(account: object): readonly CallWait[] }): AttemptSigns | undefined {
  const live = run.attempts[instance]
  if (!(live instanceof LiveAttempt)) return undefined
  const account = accountOf(live)
  return { lastSign: live.signed, calls: account === undefined ? [] : models.waitsOf(account) }
}
