// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The steps of an attempt: each is taken once, whatever ends the attempt, and a later one is given what it gave.
//
//   step ─┬─ on record with a value ──▶ that value
//         ├─ on record as begun ──────▶ for who must not do it twice: `unknown`; else as if it were not
//         └─ not on record ───────────▶ fn ──▶ JSON ──▶ recorded ──▶ the value
//
// A step of an isolated agent is taken in its worker, and recorded by the main thread.

import { AsyncLocalStorage } from 'node:async_hooks'
import { AgentError, ConflictError, ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'
import { judgeName, refusalOfChosenName } from '../base/names.js'
import { canonical, hashOf } from '../json/canonical.js'
import { noData, readCallOptions, readData } from '../json/entry.js'
import { plainJson, type Json } from '../json/json.js'

/** The steps of a task as `runtime::report` writes them. */
export interface TakenSteps {
  readonly era: number
  readonly taken: Readonly<Record<string, { readonly print?: string; readonly value?: Json }>>
}

/** What taking steps needs of the attempt. */
export interface StepHost {
  readonly taskId: string
  readonly maxValueBytes: number
  /** What is on record, as JSON text. */
  readonly before: string | undefined
  /** @throws {OrchestratorError} why nothing may begin: the attempt is told to stop, or over. */
  assertMayBegin(): void
  /**
   * Puts a step on record, with the JSON text that it gave, or that it begins; resolves once it is.
   *
   * @throws {OrchestratorError} why it cannot be: the attempt is over.
   */
  record(name: string, print: string | undefined, value: string | undefined): Promise<void>
  /** The first value on record is given: what was done before is done. */
  goesOn(): void
}

/** How a step is taken. */
interface StepOptions {
  /** What it is given, by which it is known to be the same. */
  readonly input?: unknown
  /** That it begins is on record before it does. Where it may have been done and what it gave is not known, it gives this, and is not done again. */
  readonly unknown?: () => Json
}

/** The step around whatever runs in it. */
const around = new AsyncLocalStorage<{ readonly steps: Steps; readonly name: string; open: boolean }>()

export class Steps {
  readonly host: StepHost
  readonly #names = new Set<string>()
  #before: TakenSteps | undefined

  constructor(host: StepHost) {
    this.host = host
  }

  /** How many attempts have failed by what was no passing trouble. */
  get era(): number {
    return this.#past.era
  }

  get #past(): TakenSteps {
    return (this.#before ??= JSON.parse(this.host.before ?? '{"era":0,"taken":{}}') as TakenSteps)
  }

  /** What the step gave, now or before. */
  async take(name: string, fn: () => unknown, { input, unknown }: StepOptions): Promise<unknown> {
    const print = this.#begin(name, input)
    const { taken } = this.#past
    const before = Object.hasOwn(taken, name) ? taken[name] : undefined
    if (before !== undefined) {
      if (before.print !== print) throw this.#changed(name, before.print, print)
      this.host.goesOn()
      if (before.value !== undefined) return before.value
    }
    if (unknown !== undefined && before === undefined) await this.host.record(name, print, undefined)
    const value = before !== undefined && unknown !== undefined ? unknown() : await this.#do(name, fn)
    const issues: Issue[] = []
    const plain = plainJson(value, 'value', issues, this.host.maxValueBytes)
    if (plain === undefined) throw noData(`the value of step \`${name}\` of task \`${this.host.taskId}\``, issues)
    await this.host.record(name, print, JSON.stringify(plain))
    return plain
  }

  /** The print of what it is given; throws if it may not begin. */
  #begin(name: string, input: unknown): string | undefined {
    const { taskId, maxValueBytes } = this.host
    const outer = around.getStore()
    if (outer?.steps === this && outer.open) {
      const message = `step \`${name}\` of task \`${taskId}\` would begin inside step \`${outer.name}\`, whose value would be recorded a second time; take one after the other`
      throw new AgentError('ERR_STEP_NESTED', message, { taskId, details: { step: name, inside: outer.name } })
    }
    const given = input === undefined ? undefined : readData(input, 'options.input', `the input of step \`${name}\``, maxValueBytes)
    this.host.assertMayBegin()
    if (this.#names.has(name)) {
      const message = `step \`${name}\` of task \`${taskId}\` was taken in this attempt already; number it, such as \`${name} 2\`, so that a later attempt knows which one is which`
      throw new AgentError('ERR_STEP_REPEATED', message, { taskId, details: { step: name } })
    }
    this.#names.add(name)
    return given === undefined ? undefined : hashOf([canonical(given)]).slice(0, 16)
  }

  async #do(name: string, fn: () => unknown): Promise<unknown> {
    const step = { steps: this, name, open: true }
    try {
      return await around.run(step, fn)
    } finally {
      step.open = false
    }
  }

  #changed(step: string, before: string | undefined, now: string | undefined): ConflictError {
    const { taskId } = this.host
    const had = before === undefined ? 'without `input`' : 'with other `input`'
    const message = `step \`${step}\` of task \`${taskId}\` is on record ${had}${now === undefined ? ', and has none now' : ''}: what it gave is no answer to this; give the step another name, or run the task anew with forkExecution`
    return new ConflictError('ERR_STEP_CHANGED', message, { taskId, details: { step } })
  }
}

/** `ctx.step` as an agent calls it: every argument is judged. */
export async function takeStep(steps: Steps, name: unknown, fn: unknown, options: unknown): Promise<unknown> {
  const what = 'the step cannot be taken'
  const issues: Issue[] = []
  judgeName(name, 'name', issues, { refusalOf: refusalOfChosenName })
  if (typeof fn !== 'function') issues.push({ path: 'fn', message: `must be a function, such as () => charge(order), not ${describe(fn)}` })
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', what, issues)
  const given = readCallOptions<{ input: unknown }>(options, 'options', what, { input: (input) => input }, { input: undefined })
  return await steps.take(name as string, fn as () => unknown, given)
}
