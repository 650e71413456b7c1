// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Opens the account of an attempt, on which its calls of models are put.

import type { Json } from '../json/json.js'
import type { ModelBudget } from '../api/models.js'
import type { Engine } from '../boundary/native.js'
import type { Run } from './run.js'
import type { LiveAttempt } from './attempt.js'
import type { ModelAccount, AccountBudget, ModelCall, ModelSums } from '../models/account.js'

/** What an account needs of the dispatcher. */
export interface AccountHost {
  readonly engine: Pick<Engine, 'note' | 'notes' | 'spent'>
  /** Whether what is recorded outlives this process. */
  readonly lasts: boolean
  /** Whether something can still be recorded for a run. */
  keeps(run: Run): boolean
  /** Whether an attempt has not answered, and was not given up. */
  isUnderWay(run: Run, instance: number, attempt: LiveAttempt): boolean
  /** The run whose task it is. */
  above(run: Run): Run | undefined
  /** Hands what the engine was told to the store, soon. */
  schedule(): void
}

const accounts = new WeakMap<LiveAttempt, ModelAccount>()

/** The account of an attempt, if it has one. */
export function accountOf(live: LiveAttempt): ModelAccount | undefined {
  return accounts.get(live)
}

/** The account of an attempt, the same each time: what it finds from before is what was there when it was opened. */
export function openAccount(host: AccountHost, run: Run, instance: number, live: LiveAttempt): ModelAccount {
  let account = accounts.get(live)
  if (account === undefined) {
    account = new Account(host, run, instance, live)
    accounts.set(live, account)
  }
  return account
}

class Account implements ModelAccount {
  readonly executionId: string
  readonly workflowId: string
  readonly tenant: string | undefined
  readonly agent: string
  readonly path: string
  readonly attempt: number
  readonly budgets: readonly AccountBudget[]
  readonly choices: readonly Json[]
  readonly calls: readonly Json[]
  readonly lasts: boolean
  readonly #host: AccountHost
  readonly #run: Run
  readonly #instance: number
  readonly #live: LiveAttempt

  constructor(host: AccountHost, run: Run, instance: number, live: LiveAttempt) {
    this.executionId = run.id
    this.workflowId = run.definition.workflowId
    this.tenant = run.options.tenant
    this.agent = run.task(instance).agentId
    this.path = run.path(instance)
    this.attempt = live.attempt
    this.lasts = host.lasts
    this.#host = host
    this.#run = run
    this.#instance = instance
    this.#live = live
    this.budgets = budgetsOf(host, run)
    // An attempt that is over has nothing to go on from.
    const text = host.isUnderWay(run, instance, live) ? host.engine.notes(run.slot, instance) : null
    const { choices, calls } = JSON.parse(text ?? '{"choices":[],"calls":[]}') as { choices: Json[]; calls: Json[] }
    this.choices = choices
    this.calls = calls
  }

  assertUnderWay(): void {
    if (!this.#host.isUnderWay(this.#run, this.#instance, this.#live)) throw this.#live.whyOver
  }

  async choose(choice: Json): Promise<void> {
    this.assertUnderWay()
    if (!this.#note(false, choice)) throw this.#live.reason ?? this.#live.whyOver
    await this.#run.whenNoted()
  }

  get goesOn(): boolean {
    return this.#live.goesOn
  }

  called(call: ModelCall): boolean {
    return this.#note(true, call)
  }

  #note(called: boolean, note: unknown): boolean {
    const { engine } = this.#host
    if (!this.#host.keeps(this.#run)) return false
    const recorded = engine.note(this.#run.slot, this.#instance, this.attempt, called, JSON.stringify(note))
    if (recorded) this.#host.schedule()
    return recorded
  }
}

function budgetsOf(host: AccountHost, run: Run): AccountBudget[] {
  const budgets: AccountBudget[] = []
  for (let payer: Run | undefined = run; payer !== undefined; payer = host.above(payer)) {
    const paying = payer
    const budget = modelBudgetOf(paying)
    const spent = (): ModelSums => JSON.parse(host.engine.spent(paying.slot, null)) as ModelSums
    if (Object.keys(budget).length > 0) budgets.push({ scope: `execution:${paying.id}`, budget, spent })
  }
  return budgets
}

/** What models may cost in an execution: of each the least that its workflow and its options say. */
function modelBudgetOf({ definition, options }: Pick<Run, 'definition' | 'options'>): ModelBudget {
  const written = (definition.source as { budget?: unknown }).budget ?? {}
  const budget: ModelBudget = {}
  for (const field of ['usd', 'tokens', 'calls'] as const) {
    const bounds = [written, options['budget'] ?? {}].map((given) => (given as Record<string, unknown>)[field])
    const least = Math.min(...bounds.filter((bound) => typeof bound === 'number'))
    if (least < Infinity) budget[field] = least
  }
  return budget
}
