// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A run that nothing drives: to read the events of an execution that has ended, or of one as it was before it was moved.

import { acceptedDefinition, type Definition } from '../definition/definition.js'
import type { Clock } from '../base/clock.js'
import type { Json } from '../json/json.js'
import type { RunOptions } from './options.js'
import { executionOf, type Report } from './report.js'
import { Run } from './run.js'

/** An execution as it was. */
interface Was {
  readonly id: string
  readonly definition: Definition
  readonly context: { [key: string]: Json }
  readonly options: RunOptions
  readonly report: Report
  /** Results by instance. */
  readonly outputs: Readonly<Record<string, Json>>
}

export function pastRun(was: Was, clock: Clock): Run {
  const { id, definition, context, options, report, outputs } = was
  const describe = (_run: Run, instance: number): string => JSON.stringify(report.instances?.[instance] ?? [instance, '', null, null])
  const run = new Run(0, id, definition, context, 0, options, { describe, clock })
  const values = report.tasks.map((_, instance) => outputs[instance])
  for (const [instance, output] of Object.entries(outputs)) run.outputs[Number(instance)] = output
  run.execution = executionOf({ id, definition, context, outputs: values, options, clock }, () => report)
  return run
}

/** A move as `runtime::report` tells of it: what the execution was before. */
export interface MoveText {
  /** The number of the effect that tells of it. */
  readonly number: number
  readonly definition: object
  /** In milliseconds. */
  readonly defaultTimeout: number
  readonly stay: readonly string[]
  readonly given: RunOptions | null
  readonly report: Report
  readonly outputs: Readonly<Record<string, Json>>
}

/** What an execution was given, with what its moves have changed of that. */
export function optionsAfter(options: RunOptions, moves: readonly MoveText[] = []): RunOptions {
  return moves.reduce<RunOptions>((given, move) => ({ ...given, ...move.given }), options)
}

/** A run has been moved before. */
export function rememberMoves(run: Run, moves: readonly MoveText[] = [], { options, clock }: { options: RunOptions; clock: Clock }): void {
  for (const [place, { number, definition: text, defaultTimeout, stay, report, outputs }] of moves.entries()) {
    const definition = acceptedDefinition(text, defaultTimeout)
    const was = { id: run.id, definition, context: run.context, options: optionsAfter(options, moves.slice(0, place)), report, outputs }
    run.moves.push({ number, stay: new Set(stay), was: pastRun(was, clock) })
  }
}
