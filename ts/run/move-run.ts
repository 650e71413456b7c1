// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A run is moved to another definition: its tasks have other numbers, and what JavaScript has of them goes by paths.

import type { Definition } from '../definition/definition.js'
import type { RunOptions } from './options.js'
import type { Report } from './report.js'
import type { Run, RunMoved } from './run.js'

/** A move, and what the run is given with it. */
interface Moving extends RunMoved {
  readonly definition: Definition
  readonly options: RunOptions
}

/** Moves a run whose engine has moved it, as `after` reports it. */
export function moveRun(run: Run, { definition, options, ...move }: Moving, after: Report): void {
  const { was, stay } = move
  const { rootCount, opaque } = definition
  const places = new Map(after.tasks.map((_, place) => [after.instances?.[place]?.[1] ?? definition.tasks[place]?.id ?? '', place]))
  /** Where what had a number is now, if it is what it was. */
  const placeOf = (place: number): number | undefined => (stay.has(was.path(place)) ? places.get(was.path(place)) : undefined)
  for (const [key, thrown] of run.thrown) was.thrown.set(key, thrown)
  run.redefine(definition, options, move)
  // Where values are looked at, the engine has them.
  rearrange(run.outputs, opaque ? was.outputs.slice(0, was.definition.rootCount) : [], rootCount, placeOf)
  rearrange(run.attempts, [...run.attempts], rootCount, placeOf)
  for (const [place, attempt] of run.attempts.entries()) attempt?.moveTo(place)
  const parsed = [...run.parsed]
  run.parsed.clear()
  for (const [place, data] of parsed) {
    const now = placeOf(place)
    if (now !== undefined) run.parsed.set(now, data)
  }
  run.thrown.clear()
  for (const [key, thrown] of was.thrown) {
    const [place = '', attempt = ''] = key.split(':')
    const now = placeOf(Number(place))
    if (now !== undefined) run.thrown.set(`${now}:${attempt}`, thrown)
  }
}

/** Puts what a list has into another, each where it is now. */
function rearrange<T>(
  into: (T | undefined)[],
  from: readonly (T | undefined)[],
  length: number,
  placeOf: (place: number) => number | undefined,
): void {
  into.length = 0
  for (let place = 0; place < length; place += 1) into.push(undefined)
  for (const [place, one] of from.entries()) {
    const now = one === undefined ? undefined : placeOf(place)
    if (now !== undefined) into[now] = one
  }
}
