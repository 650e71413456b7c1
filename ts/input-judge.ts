// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `input.schema` judges what a task is given, before its first attempt in this process.

import type { TaskDefinition } from './definition.js'
import { ValidationError } from './errors.js'
import { memberPath, type Issue } from './issue.js'
import { plainJson } from './json.js'
import type { Run } from './run.js'
import { copyJson } from './task-input.js'

/** Resolves if the input fits; what the user's own schema made of `data` is kept for the attempts. Rejects with `ERR_INPUT_SCHEMA`. */
export async function judgeInput(run: Run, place: number, task: TaskDefinition): Promise<void> {
  if (run.parsed.has(place)) return
  const subject = task.data ?? run.context
  const root = task.data === undefined ? 'context' : 'input.data'
  const issues: Issue[] = []
  if (task.judge === undefined) {
    const found = run.definition.plan.judgeInput(place, JSON.stringify(subject))
    for (const { pointer, message } of JSON.parse(found ?? '[]') as { pointer: string; message: string }[]) {
      issues.push({ path: pathOf(root, pointer), message })
    }
    refuse(task, issues)
    return
  }
  const result = await task.judge(copyJson(subject))
  if (!result.ok) {
    for (const { path, message } of result.issues) issues.push({ path: joined(root, path), message })
    refuse(task, issues)
    return
  }
  if (task.data === undefined) return
  const parsed = plainJson(result.value, 'input.data', issues)
  refuse(task, issues)
  run.parsed.set(place, parsed)
}

function refuse(task: TaskDefinition, issues: Issue[]): void {
  if (issues.length === 0) return
  throw new ValidationError('ERR_INPUT_SCHEMA', `the input of task \`${task.id}\` does not fit its schema`, issues)
}

function joined(root: string, path: string): string {
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
