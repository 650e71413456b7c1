// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions that are deleted because a caller wants it, or because they are beyond what the store keeps.
//
//   the store says what has ended, with what goes with it, and what on record needs it   (a reader, off this thread)
//   what lives in this process may need it as well                                        (here)
//   the engine deletes it with a commit, which resolves; the room comes back in slices   (the writer)

import type { PruneFilter, Pruned, PruneOptions } from '../api/execution.js'
import { ConflictError, StoreError, type OrchestratorError } from '../api/errors.js'
import { dateOf } from '../base/clock.js'
import type { ExpendablePage, ExpendableQuestion, Need, Tree } from '../boundary/shapes.js'
import type { ResolvedConfig } from '../config/config.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Run } from '../run/run.js'
import type { Alerts } from '../events/alerts.js'
import { readExecutionId, readPruning } from './arguments.js'
import { between, type Elsewhere, type Letter } from './elsewhere.js'
import { isToldDamaged, tellDeleted } from './damaged.js'
import type { EndedExecutions } from './ended-executions.js'
import type { LiveRuns } from './live-runs.js'
import { notFound } from './outcome.js'
import { Retention } from './retention.js'

/** What it needs of the orchestrator. */
interface DeletionHost {
  readonly dispatcher: Dispatcher
  readonly live: LiveRuns
  readonly announcer: { settled(): Promise<void> }
  readonly alerts: Alerts
  /** Without a store, those that are remembered. */
  readonly ended: EndedExecutions | undefined
  /** Where several processes may drive. */
  readonly elsewhere: Elsewhere | undefined
  /** Lets go of a run that has ended. */
  release(run: Run): void
  ready(): Promise<void>
  assertOpen(call: string): void
}

/** Executions, with what goes with them, that one commit deletes: about two milliseconds. */
const AT_ONCE = 100

/** Those that the store is asked for together: each question goes through all that stay, whatever is found. */
const PAGE = 1000

/** Ids that are told of what was deleted. */
const IDS_MAX = 100

export class Deletions {
  readonly #host: DeletionHost
  /** What is asked for and not on record yet, by ticket. */
  readonly #asked = new Map<number, { resolve: () => void; reject: (error: OrchestratorError) => void }>()

  readonly #retention: Retention
  /** Whether the store has a bound of its own. */
  readonly #bounded: boolean

  constructor(host: DeletionHost, { storage, redis }: Pick<ResolvedConfig, 'storage' | 'redis'>) {
    this.#host = host
    this.#bounded = redis !== null
    this.#retention = new Retention((storage ?? redis)?.retention ?? null, this.#bounded, this, host.dispatcher)
  }

  /** The store is open. */
  begin(): void {
    this.#retention.begin()
  }

  /** An execution has ended. */
  ended(): void {
    this.#retention.ended()
  }

  /** Deletes nothing any more that was not asked for. */
  stop(): void {
    this.#retention.stop()
  }

  /** Deletes one; another process wants it if there is a `letter`. */
  async delete(executionId: string, letter?: Letter): Promise<void> {
    readExecutionId(executionId)
    await this.#host.ready()
    this.#host.assertOpen('deleteExecution')
    if (!this.#isHere(executionId)) return this.#deleteElsewhere(executionId, letter)
    await this.#ends(executionId)
    const run = this.#host.live.get(executionId)
    if (run !== undefined && run.execution === undefined) throw refusal(executionId, { by: 'active', of: executionId })
    const tree = await this.#treeOf(executionId)
    if (tree === undefined) throw notFound(executionId)
    const need = tree.need ?? this.#needOf(tree)
    if (need !== null) throw refusal(executionId, need)
    await this.#discard([tree], letter)
    if (this.#host.ended === undefined && (await this.#treeOf(executionId))?.keys[0] === tree.keys[0]) throw undeletable(executionId)
  }

  /** Whether its deletion is committed by this process. */
  #isHere(executionId: string): boolean {
    return this.#host.elsewhere === undefined || this.#host.dispatcher.engine.post.isHere(executionId)
  }

  async #deleteElsewhere(executionId: string, letter?: Letter): Promise<void> {
    if (letter !== undefined) throw between(executionId)
    await this.#host.elsewhere?.send(executionId, { does: 'delete' })
  }

  /** Waits for ends to be on record that a look at an execution shows already: of all, or of those that go with one. */
  async #ends(executionId?: string): Promise<void> {
    const { dispatcher } = this.#host
    if (dispatcher.isOver()) return
    const ending = new Set(dispatcher.engine.ending())
    const runs = [...dispatcher.runs()].filter(
      ({ slot, id, execution }) =>
        execution === undefined &&
        ending.has(slot) &&
        (executionId === undefined || id === executionId || id.startsWith(`${executionId}/`)),
    )
    await Promise.all(runs.map((run) => run.whenEnded()))
  }

  /** Deletes those that fit. */
  async prune(given: PruneFilter, options?: PruneOptions): Promise<Pruned> {
    const { filter, dryRun } = readPruning(given, options)
    await this.#host.ready()
    this.#host.assertOpen('pruneExecutions')
    await this.#ends()
    const { clock } = this.#host.dispatcher
    const { workflowId, status, endedBefore, keep } = filter
    const asked = {
      now: clock.now(),
      measured: true,
      ...(workflowId !== undefined && { workflowId }),
      ...(status !== undefined && { status }),
      ...(endedBefore !== undefined && { before: endedBefore.getTime() * 1000 }),
      ...(keep !== undefined && { keep }),
    }
    const pruned = { executions: 0, bytes: 0, kept: 0, ids: [] as string[] }
    for await (const trees of this.expendable(asked)) {
      const free = trees.filter((tree) => this.isFree(tree))
      const [here, elsewhere] = [
        free.filter(({ ids: [id = ''] }) => this.#isHere(id)),
        free.filter(({ ids: [id = ''] }) => !this.#isHere(id)),
      ]
      if (!dryRun) await Promise.all([this.#discard(here), ...elsewhere.map(({ ids: [id = ''] }) => this.#deleteElsewhere(id))])
      pruned.kept += trees.length - free.length
      for (const { ids, bytes } of free) {
        pruned.executions += ids.length
        pruned.bytes += bytes
        if (pruned.ids.length < IDS_MAX) pruned.ids.push(ids[0] as string)
      }
    }
    return pruned
  }

  /** All that is asked for, in parts that one commit deletes. */
  async *expendable(asked: Omit<ExpendableQuestion, 'limit' | 'after'>): AsyncGenerator<readonly Tree[], void> {
    const { ended } = this.#host
    if (ended !== undefined) return yield* inParts(ended.expendable(asked))
    let after: ExpendableQuestion['after']
    for (;;) {
      const { trees, cursor } = await this.#page({ ...asked, limit: PAGE, ...(after !== undefined && { after }) })
      yield* inParts(trees)
      if (cursor === null) return
      after = cursor
    }
  }

  /** The oldest of what is asked for, and whether what was deleted before is still in the file. */
  oldest(asked: Omit<ExpendableQuestion, 'limit' | 'after'>): Promise<ExpendablePage> {
    return this.#page({ ...asked, limit: this.#bounded ? PAGE : AT_ONCE })
  }

  /** Whether nothing needs it, on record or in this process. */
  isFree(tree: Tree): boolean {
    return tree.need === null && this.#needOf(tree) === null
  }

  /** Deletes what is free, and this process's to delete; how many that were. */
  async discard(trees: readonly Tree[]): Promise<number> {
    const free = trees.filter((tree) => this.isFree(tree) && this.#isHere(tree.ids[0] ?? ''))
    await this.#discard(free)
    return free.length
  }

  /** A ticket is on record. */
  deleted(ticket: number): void {
    this.#asked.get(ticket)?.resolve()
    this.#asked.delete(ticket)
  }

  /** Nothing more is recorded. */
  lose(error: OrchestratorError): void {
    this.stop()
    for (const { reject } of this.#asked.values()) reject(error)
    this.#asked.clear()
  }

  async #treeOf(id: string): Promise<Tree | undefined> {
    const { ended, dispatcher } = this.#host
    const now = dispatcher.clock.now()
    if (ended !== undefined) return ended.tree(id, now)
    const text = await dispatcher.engine.stored('storedTree', JSON.stringify({ id, now }))
    return text === undefined ? undefined : (JSON.parse(text) as Tree)
  }

  async #page(asked: ExpendableQuestion): Promise<ExpendablePage> {
    const text = await this.#host.dispatcher.engine.stored('expendable', JSON.stringify(asked))
    return text === undefined ? { trees: [], cursor: null, unswept: false } : (JSON.parse(text) as ExpendablePage)
  }

  /** What in this process needs it: it was begun, or has ended, since the store was asked. */
  #needOf({ ids, parent: of }: Tree): Need | null {
    const { live } = this.#host
    const top = of === undefined ? undefined : live.get(of)
    if (top !== undefined && top.execution === undefined) return { by: 'parent', of: top.id }
    for (const id of ids) {
      const run = live.get(id)
      if (run !== undefined && run.execution === undefined) return { by: 'active', of: id }
      const parent = run?.options.parent?.execution
      const above = parent === undefined ? undefined : live.get(parent)
      if (above !== undefined && above.execution === undefined) return { by: 'parent', of: above.id }
      const fork = live.continuing(id)
      if (fork !== undefined) return { by: 'fork', of: fork.id }
    }
    return null
  }

  async #discard(trees: readonly Tree[], letter?: Letter): Promise<void> {
    const { dispatcher, ended } = this.#host
    if (trees.length === 0) return
    // Their events may still be held for listeners that come late: they come too late.
    if (trees.some(({ ids }) => this.#release(ids))) await this.#host.announcer.settled()
    if (ended !== undefined) return ended.forget(trees.flatMap(({ ids }) => ids))
    if (letter?.isOurs() === false) throw between(trees[0]?.ids[0] ?? '')
    const deleted = trees.map(
      (tree) =>
        new Promise<void>((resolve, reject) => {
          this.#asked.set(dispatcher.engine.delete(tree), { resolve, reject })
        }),
    )
    letter?.reply(undefined)
    // The process lives until they are on record: another thread may write that.
    dispatcher.activate()
    dispatcher.schedule()
    await Promise.all(deleted).finally(() => dispatcher.deactivate())
    const damaged = trees.flatMap(({ ids }) => ids.filter((id) => isToldDamaged(this.#host.alerts, id)))
    // One that is on a damaged page stays.
    for (const id of damaged) if ((await this.#treeOf(id)) === undefined) tellDeleted(this.#host.alerts, id)
  }

  /** Lets go of runs; whether there were any. */
  #release(ids: readonly string[]): boolean {
    const runs = ids.map((id) => this.#host.live.get(id)).filter((run) => run !== undefined)
    for (const run of runs) this.#host.release(run)
    return runs.length > 0
  }
}

function* inParts(trees: readonly Tree[]): Generator<readonly Tree[], void> {
  for (let at = 0; at < trees.length; at += AT_ONCE) yield trees.slice(at, at + AT_ONCE)
}

/** A page that it is on is damaged: what else is on that page could not be written again. */
function undeletable(executionId: string): StoreError {
  const message = `execution \`${executionId}\` cannot be deleted: it is on a damaged page of the store; restore a backup (\`verifyStore\` names what is damaged)`
  return new StoreError('ERR_STORE_CORRUPT', message, { executionId })
}

/** Why an execution is not deleted, and what to do. */
function refusal(executionId: string, need: Need): ConflictError {
  const details = need.by === 'key' ? { by: need.by, until: dateOf(need.until) } : { by: need.by, of: need.of }
  const isItself = need.by === 'active' && need.of === executionId
  const message = `execution \`${executionId}\` ${isItself ? 'has not ended' : `is needed: ${whyNeeded(need)}`}; ${wayOut(executionId, need)}`
  return new ConflictError(isItself ? 'ERR_EXECUTION_ACTIVE' : 'ERR_EXECUTION_NEEDED', message, { executionId, details })
}

function whyNeeded(need: Need): string {
  switch (need.by) {
    case 'active':
      return `\`${need.of}\`, which is a task of it, has not ended`
    case 'parent':
      return `\`${need.of}\`, whose task it is, has not ended`
    case 'fork':
      return `\`${need.of}\`, which continues it, has not ended`
    case 'schedule':
      return `schedule \`${need.of}\` has not noted that it has run`
    case 'key':
      return `its idempotency key stands for it until ${dateOf(need.until).toISOString()}`
  }
}

function wayOut(executionId: string, need: Need): string {
  switch (need.by) {
    case 'active':
    case 'fork':
      return `cancel that first: \`cancelExecution('${need.of}')\``
    case 'parent':
      return `it goes with that one, once it has ended: \`deleteExecution('${need.of}')\``
    case 'schedule':
      return `delete \`${executionId}\` after the next run of the schedule`
    case 'key':
      return 'delete it after that'
  }
}
