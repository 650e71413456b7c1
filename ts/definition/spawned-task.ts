// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task that an attempt adds, as it enters: what it is given is data, everything else in it is a definition.

import { looking, noData } from '../json/entry.js'
import type { Issue } from '../api/issue.js'
import { plainJson, writtenJson, type Json } from '../json/json.js'

/** Where what is wrong with it stands, and its schemas. */
export const SPAWNED = 'task'

/** The task as JSON data; half of a surrogate pair is mended in its prompt and its data, and refused anywhere else. */
export function readSpawned(task: unknown, bytesMax: number): Json {
  return looking(task, SPAWNED, 'the spawned task cannot run', () => {
    const whole = writtenJson(task, SPAWNED, [], bytesMax)
    if (whole !== undefined) return whole
    const issues: Issue[] = []
    const parts = mended(task, issues, bytesMax)
    if (parts !== undefined && issues.length === 0) return parts
    if (issues.length === 0) writtenJson(task, SPAWNED, issues, bytesMax)
    throw noData('the spawned task', issues)
  })
}

/** The task with prompt and data mended; `undefined` if it has none of them. */
function mended(task: unknown, issues: Issue[], bytesMax: number): Json | undefined {
  const { input } = (task ?? {}) as { input?: unknown }
  if (typeof input !== 'object' || input === null) return undefined
  const { prompt, data, ...others } = input as Record<string, unknown>
  const given = plainJson({ prompt, data }, 'task.input', issues, bytesMax)
  const written = writtenJson({ ...(task as object), input: others }, 'task', issues)
  if (given === undefined || written === undefined) return undefined
  // In the order in which it is written, since an earlier attempt may have spawned the same.
  const fields = Object.keys(input).flatMap((field) => {
    const value = { ...(written as { input: object }).input, ...(given as object) }[field as never] as Json | undefined
    return value === undefined ? [] : [[field, value] as const]
  })
  return { ...(written as object), input: Object.fromEntries(fields) }
}
