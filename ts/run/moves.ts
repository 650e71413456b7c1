// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Moves of an execution to another definition, as far as they say what belongs together: what other services, and child executions, have done for a task
// before it began anew is not its own.

/** A move: the paths of what stayed as it was. */
export interface Moved {
  readonly stay: ReadonlySet<string>
}

/** The last move after which what has this path began anew; 0: it is what it was at the beginning. As `Execution::generation` has it. */
export function generationOf(moves: readonly Moved[], path: string): number {
  for (let number = moves.length; number > 0; number -= 1) if (!stays((moves[number - 1] as Moved).stay, path)) return number
  return 0
}

/** Whether a path is among those that stay: itself, or what it was spawned by or undoes. */
function stays(stay: ReadonlySet<string>, path: string): boolean {
  if (stay.has(path)) return true
  const end = Math.max(path.lastIndexOf('/'), path.lastIndexOf('!'))
  return end > 0 && stays(stay, path.slice(0, end))
}

/** The id of the execution that an attempt of a task has, if that is a workflow. As `Execution::child_id` has it. */
export function childId(
  { id, moves = [] }: { readonly id: string; readonly moves?: readonly Moved[] },
  path: string,
  attempt: number,
): string {
  const moved = generationOf(moves, path)
  return moved === 0 ? `${id}/${path}/${attempt}` : `${id}/${path}/${attempt}~${moved}`
}
