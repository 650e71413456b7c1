// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The payload of a signal is judged where it enters, by every wait of the workflow that could take it: whether one is open says only whose word counts now.
// So what is on record has been judged, and feeds no wait later that it does not fit.

import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import { plainJson, type Json } from '../json/json.js'
import type { SignalFit } from '../boundary/native.js'
import type { Run } from './run.js'

/** What the waits that could take a payload say of it. */
export interface JudgedSignal {
  /** Those that it fits, with what their schemas make of it; null: none of those that could take it has a schema. */
  readonly fits: SignalFit[] | null
  /** What is wrong with it for the others. */
  readonly issues: ReadonlyMap<number, readonly Issue[]>
}

const NOT_JUDGED: JudgedSignal = { fits: null, issues: new Map() }

/** Judges a payload, JSON text, for each wait that may take it: by its name, and by its path if that is given. */
export async function judgeSignal(
  run: Run,
  { name, payload, path, bytesMax }: { name: string; payload: string; path: string | null; bytesMax: number },
): Promise<JudgedSignal> {
  const waits = takersOf(run, name, path)
  if (waits.length === 0) return NOT_JUDGED
  const fits: SignalFit[] = []
  const issues = new Map<number, readonly Issue[]>()
  for (const task of waits) {
    const value = JSON.parse(payload) as Json
    const judged = await run.definition.tasks[task]?.signalSchema?.judge(value, 'payload')
    if (judged === undefined) continue
    const wrong: Issue[] = judged.ok ? [] : [...judged.issues]
    const given = judged.ok ? plainJson(judged.value, 'payload', wrong, bytesMax) : undefined
    if (given === undefined) issues.set(task, wrong)
    else fits.push({ task, ...(judged.ok && judged.value !== value && { payload: JSON.stringify(given) }) })
  }
  return { fits, issues }
}

/** Whether a schema has a say in a signal, so that it has to be judged first. */
export function isJudged(run: Run, name: string, path: string | null): boolean {
  return takersOf(run, name, path).length > 0
}

/** The waits with a schema that could take a signal, by their numbers in the plan. */
function takersOf({ definition: { judgedSignals, tasks } }: Run, name: string, path: string | null): readonly number[] {
  const waits = judgedSignals.get(name) ?? []
  if (path === null) return waits
  return waits.filter((task) => {
    const id = tasks[task]?.id ?? ''
    return path === id || path.endsWith(`.${id}`)
  })
}

/** That the wait with this number in the plan wants another payload. */
export function unfit(run: Run, name: string, wait: number, path: string | null, { issues }: JudgedSignal): ValidationError {
  const id = path ?? run.definition.tasks[wait]?.id ?? ''
  const options = { executionId: run.id, taskId: id }
  return new ValidationError(
    'ERR_SIGNAL_SCHEMA',
    `the payload of \`${name}\` is not what \`${id}\` waits for`,
    issues.get(wait) ?? [],
    options,
  )
}
