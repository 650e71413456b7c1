// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What schemas say: that of a workflow of the context that an execution begins with; those of a task of what it is given, before its first attempt in this
// process, and of what it returns.

import type { Definition, TaskDefinition } from '../definition/definition.js'
import { noData } from '../json/entry.js'
import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import { plainJson, type Json } from '../json/json.js'

type Context = { [key: string]: Json }

/**
 * The context of an execution as the workflow's own schema makes it. It is asked once, as one begins: what is taken up, forked or planned has it on record.
 * `root` is where the context was given. Rejects with `ERR_INPUT_SCHEMA`.
 */
export async function judgeContext(
  { contextSchema, workflowId }: Definition,
  context: Context,
  { bytesMax, root = 'context' }: { bytesMax: number; root?: string },
): Promise<Context> {
  if (contextSchema === undefined) return context
  const judged = await contextSchema.judge(context, root)
  const issues: Issue[] = judged.ok ? [] : [...judged.issues]
  const parsed = judged.ok && judged.value !== context ? plainJson(judged.value, root, issues, bytesMax) : context
  if (issues.length === 0 && (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)))
    issues.push({ path: root, message: 'must be an object, but the schema turns it into something else' })
  if (issues.length > 0)
    throw new ValidationError('ERR_INPUT_SCHEMA', `the context does not fit the schema of workflow \`${workflowId}\``, issues)
  return parsed as Context
}

/** A run as far as its input is judged. */
interface Judged {
  readonly context: Context
  readonly options: { readonly parent?: { readonly path: string } | undefined }
  /** What schemas have made of the data of tasks, by place. */
  readonly parsed: Map<number, Json | undefined>
}

/** Resolves if the input fits; what the user's own schema made of `data` is kept for the attempts. Rejects with `ERR_INPUT_SCHEMA`. */
export async function judgeInput(
  run: Judged,
  place: number,
  task: TaskDefinition,
  data: Json | undefined,
  bytesMax: number,
): Promise<void> {
  if (run.parsed.has(place) || task.inputSchema === undefined) return
  const judged = await task.inputSchema.judge(data ?? run.context, data === undefined ? 'context' : 'input.data')
  const issues: Issue[] = judged.ok ? [] : judged.issues.map((issue) => (data === undefined ? ofChild(run, issue) : issue))
  const parsed = judged.ok && data !== undefined && judged.value !== data ? plainJson(judged.value, 'input.data', issues, bytesMax) : data
  if (issues.length > 0) throw new ValidationError('ERR_INPUT_SCHEMA', `the input of task \`${task.id}\` does not fit its schema`, issues)
  if (parsed !== data) run.parsed.set(place, parsed)
}

/** What of the context of a child workflow does not fit, with where that context comes from. */
function ofChild({ options: { parent } }: Judged, issue: Issue): Issue {
  if (parent === undefined) return issue
  return {
    ...issue,
    message: `${issue.message}; this context is the \`input.data\` of task \`${parent.path}\`, which runs the workflow: write \`input: { data: { … } }\` there`,
  }
}

/** The output if it fits `outputSchema`, as the user's own schema parsed it. Rejects with `ERR_OUTPUT_SCHEMA`. */
export async function judgeOutput(task: TaskDefinition, value: unknown, bytesMax: number = Infinity): Promise<unknown> {
  const issues: Issue[] = []
  const plain = plainJson(value, 'result', issues, bytesMax)
  if (plain === undefined && issues.every(({ code }) => code === 'ERR_TOO_LARGE')) throw noData(`the result of task \`${task.id}\``, issues)
  if (plain !== undefined) {
    if (task.outputSchema === undefined) return plain
    const judged = await task.outputSchema.judge(plain, 'result')
    if (judged.ok) return judged.value
    issues.push(...judged.issues)
  }
  throw new ValidationError('ERR_OUTPUT_SCHEMA', `the result of task \`${task.id}\` does not fit its outputSchema`, issues)
}

/** What `outputSchema` makes of an output that no attempt of the task gave, as JSON text. Rejects as `judgeOutput` does. */
export async function reviewed(task: TaskDefinition, output: Json): Promise<string> {
  const issues: Issue[] = []
  const judged = plainJson(await judgeOutput(task, output), 'result', issues)
  if (judged === undefined) throw noData(`the result of task \`${task.id}\``, issues)
  return JSON.stringify(judged)
}
