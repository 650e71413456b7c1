// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a built-in agent may know of its attempt beyond what every agent is given, under keys that no other has, so that it is no part of that.

import type { AttemptContext, TaskInput } from '../api/agent.js'
import type { Allowance } from '../api/execution.js'
import type { AcceptedEnding } from '../api/models.js'
import type { Steps } from '../steps/steps.js'

/** The keys; each names a getter. */
export const ALLOWANCE: unique symbol = Symbol('allowance')
export const ACCEPT: unique symbol = Symbol('accept')
export const READS_OUTPUTS: unique symbol = Symbol('reads outputs')
export const STEPS: unique symbol = Symbol('steps')

/** What the execution of an attempt may use; `undefined`: everything. */
export function allowanceOf(context: AttemptContext): Allowance | undefined {
  return (context as { [ALLOWANCE]?: Allowance })[ALLOWANCE]
}

/** Which answers of models the task of an attempt takes as they are, if it says. */
export function acceptOf(context: AttemptContext): readonly AcceptedEnding[] | undefined {
  return (context as { [ACCEPT]?: readonly AcceptedEnding[] })[ACCEPT]
}

/** The steps of an attempt; `undefined` where nothing is recorded. */
export function stepsOf(context: AttemptContext): Steps | undefined {
  return (context as { [STEPS]?: Steps })[STEPS]
}

/** Whether a template of a task's input reads what other tasks gave, so that whoever runs it need not be told again. */
export function readsOutputs(task: TaskInput): boolean {
  return (task as { [READS_OUTPUTS]?: boolean })[READS_OUTPUTS] === true
}
