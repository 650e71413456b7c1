// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A task that an attempt adds, with its schemas: the engine gets them as JSON Schema, and the user's own judges stay here. Those of a worker thread cannot
// cross, so that there they are refused as what is no data.

import { looking } from '../json/entry.js'
import { markTask, textOf } from './marks.js'
import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import { Judges } from '../schema/judging.js'
import { readSpawned, SPAWNED } from './spawned-task.js'

/** A task on its way to the engine: as it was written, but for its schemas; as text; and the user's own judges, if it has any. */
export interface Spawning {
  readonly task: Json
  readonly text: string
  readonly judges: Judges | undefined
}

/** Reads it, or throws everything that is wrong with it. */
export function readSpawning(task: unknown, bytesMax: number): Spawning {
  const issues: Issue[] = []
  const marks = looking(task, SPAWNED, 'the spawned task cannot run', () => markTask(task, SPAWNED, issues))
  if (issues.length > 0) throw new ValidationError('ERR_VALIDATION', 'the spawned task cannot run', issues)
  const plain = readSpawned(marks.marked, bytesMax)
  return { task: plain, text: textOf(plain, marks), judges: marks.judges.size === 0 ? undefined : new Judges(marks.judges) }
}
