// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task in words: what its model is told.

import { ValidationError } from '../api/errors.js'
import { readsOutputs } from './granted.js'
import type { TaskInput } from '../api/agent.js'

/**
 * The prompt of a task, then its data, then what its dependencies gave. Data is JSON in a block of its own, so that a model can tell what it is told from
 * what it is given.
 *
 * @throws {ValidationError} `ERR_INVALID_ARGUMENT` if there is nothing of all that.
 */
export function promptOf(task: TaskInput, include: 'dependencies' | 'none'): string {
  const { prompt, data } = task.input
  const parts: string[] = []
  if (prompt !== undefined && prompt.trim() !== '') parts.push(prompt)
  if (data !== undefined) parts.push(`Data:\n\n${fenced(data)}`)
  if (include === 'dependencies' && !readsOutputs(task)) {
    const { dependencies } = task.context
    if (Object.keys(dependencies).length > 0) parts.push(`Results of earlier tasks, by their ids:\n\n${fenced(dependencies)}`)
  }
  if (parts.length > 0) return parts.join('\n\n')
  const message = 'is missing, and the task has neither `input.data` nor dependencies; write the instructions for the model'
  throw new ValidationError('ERR_INVALID_ARGUMENT', `task \`${task.id}\` has no prompt for its model`, [{ path: 'input.prompt', message }])
}

/** JSON in a block that nothing in it can end. */
export function fenced(value: unknown): string {
  const text = JSON.stringify(value, null, 2)
  const longest = Math.max(0, ...Array.from(text.matchAll(/`+/g), ([ticks]) => ticks.length))
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return `${fence}json\n${text}\n${fence}`
}
