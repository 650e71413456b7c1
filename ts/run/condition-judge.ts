// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Functions in place of conditions: which one is asked, and what its answer means.

import { messageOf } from '../failure/failure.js'
import type { StoredTask } from '../definition/definition.js'
import { OrchestratorError } from '../api/errors.js'
import type { Question } from '../boundary/native.js'
import type { Run } from './run.js'

/** What the function that a question is about says of `scope`, JSON text of what it may look at. */
export async function judge(run: Run, instance: number, question: Question, scope: string): Promise<boolean> {
  const options = { executionId: run.id, taskId: run.path(instance) }
  const name = nameOf(run.task(instance).source, question)
  const given = run.definition.functions.get(name)
  if (given === undefined) {
    const message = `the function \`${name}\` is not known; register the workflow that has it with workflowEngine.registerWorkflow(…)`
    throw new OrchestratorError('ERR_FUNCTION_NOT_FOUND', message, options)
  }
  let answer: unknown
  try {
    answer = await given(JSON.parse(scope))
  } catch (cause) {
    throw Object.assign(
      new OrchestratorError('ERR_CONDITION', `the function \`${name}\` threw: ${messageOf(cause)}`, { ...options, cause }),
    )
  }
  if (typeof answer !== 'boolean') {
    const message = `the function \`${name}\` returned ${typeof answer}, not true or false`
    throw new OrchestratorError('ERR_CONDITION_NOT_BOOLEAN', message, options)
  }
  return answer
}

interface Loop {
  while?: unknown
  until?: unknown
}

/** The name under which the function of a question was recorded. */
function nameOf(source: StoredTask, { kind, index }: Question): string {
  const loop = (source['loop'] ?? {}) as Loop
  const branches = (source['branches'] ?? []) as { when?: unknown }[]
  const list = kind === 1 ? source['conditions'] : kind === 2 ? branches[index]?.when : (loop.while ?? loop.until ?? source['conditions'])
  const one: unknown = Array.isArray(list) ? list[index] : list
  const { function: name, evaluate } = (one ?? {}) as { function?: string; evaluate?: { function?: string } }
  return name ?? evaluate?.function ?? ''
}
