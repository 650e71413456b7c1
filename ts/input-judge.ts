// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `input.schema` judges what a task is given, before its first attempt in this process.

import type { TaskDefinition } from './definition.js'
import { noData } from './data.js'
import { ValidationError } from './errors.js'
import { memberPath, type Issue } from './issue.js'
import { plainJson, type Json } from './json.js'
import { copyJson } from './json/copy.js'
import type { Run } from './run.js'

/** Resolves if the input fits; what the user's own schema made of `data` is kept for the attempts. Rejects with `ERR_INPUT_SCHEMA`. */
export async function judgeInput(run: Run, place: number, task: TaskDefinition, data: Json | undefined, bytesMax: number): Promise<void> {
  if (run.parsed.has(place)) return
  const subject = data ?? run.context
  const root = data === undefined ? 'context' : 'input.data'
  const issues: Issue[] = []
  if (task.judge === undefined) {
    issues.push(...issuesOf(run.definition.plan.judgeInput(run.definition.tasks.indexOf(task), JSON.stringify(subject)), root))
    refuse(task, issues)
    return
  }
  const result = await task.judge(copyJson(subject))
  if (!result.ok) {
    for (const { path, message } of result.issues) issues.push({ path: joined(root, path), message })
    refuse(task, issues)
    return
  }
  if (data === undefined) return
  const parsed = plainJson(result.value, 'input.data', issues, bytesMax)
  refuse(task, issues)
  run.parsed.set(place, parsed)
}

/** The output if it fits `outputSchema`, as the user's own schema parsed it. Rejects with `ERR_OUTPUT_SCHEMA`. */
export async function judgeOutput(run: Run, task: TaskDefinition, value: unknown, bytesMax: number = Infinity): Promise<unknown> {
  const issues: Issue[] = []
  const plain = plainJson(value, 'result', issues, bytesMax)
  if (plain === undefined && issues.every(({ code }) => code === 'ERR_TOO_LARGE')) throw noData(`the result of task \`${task.id}\``, issues)
  if (plain !== undefined && task.outputJudge === undefined) {
    issues.push(...issuesOf(run.definition.plan.judgeOutput(run.definition.tasks.indexOf(task), JSON.stringify(plain)), 'result'))
  } else if (plain !== undefined && task.outputJudge !== undefined) {
    const result = await task.outputJudge(copyJson(plain))
    if (result.ok) return result.value
    for (const { path, message } of result.issues) issues.push({ path: joined('result', path), message })
  }
  if (issues.length > 0)
    throw new ValidationError('ERR_OUTPUT_SCHEMA', `the result of task \`${task.id}\` does not fit its outputSchema`, issues)
  return plain
}

/** What `outputSchema` makes of an output that no attempt of the task gave, as JSON text. Rejects as `judgeOutput` does. */
export async function reviewed(run: Run, task: TaskDefinition, output: Json): Promise<string> {
  const issues: Issue[] = []
  const judged = plainJson(await judgeOutput(run, task, output), 'result', issues)
  if (judged === undefined) throw noData(`the result of task \`${task.id}\``, issues)
  return JSON.stringify(judged)
}

/** What a schema of Rust found, by paths that begin at `root`. */
export function issuesOf(found: string | null, root: string): Issue[] {
  const issues = JSON.parse(found ?? '[]') as { pointer: string; message: string }[]
  return issues.map(({ pointer, message }) => ({ path: pathOf(root, pointer), message }))
}

function refuse(task: TaskDefinition, issues: Issue[]): void {
  if (issues.length === 0) return
  throw new ValidationError('ERR_INPUT_SCHEMA', `the input of task \`${task.id}\` does not fit its schema`, issues)
}

/** A path that goes on from `root`. */
export function joined(root: string, path: string): string {
  if (path === '') return root
  return path.startsWith('[') ? root + path : `${root}.${path}`
}

/** A JSON Pointer (RFC 6901) as a path of ours. */
function pathOf(root: string, pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => memberPath(path, /^\d+$/.test(part) ? Number(part) : part), root)
}
