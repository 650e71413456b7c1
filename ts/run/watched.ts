// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The outputs of dependencies, as an agent sees them: an object like any other, which knows which of them were looked at. Accessors, never a proxy: what an
// agent does with the object must be what it would do with any.

import { inspect } from 'node:util'
import { READS_ALL, READS_UNKNOWN } from '../boundary/native.js'
import type { TaskDefinition } from '../definition/definition.js'

/** More are not watched: each takes a bit, and an accessor to be made. */
const WATCHED_MAX = 32

const WATCH: unique symbol = Symbol('watch')

type Outputs = Record<string, unknown>

interface Watch {
  readonly outputs: Outputs
  bits: number
}

interface Watched {
  readonly [WATCH]: Watch
}

/** By task: the accessors are the same for all its attempts, by id. */
const accessors = new WeakMap<TaskDefinition, readonly (readonly [id: string, PropertyDescriptor])[]>()

/** `outputs` has the output of each dependency of `task`, one of `tasks`, by id. */
export function watched(task: TaskDefinition, tasks: readonly TaskDefinition[], outputs: Outputs): Outputs {
  const { length } = task.dependencies
  if (length === 0 || length > WATCHED_MAX) return outputs
  let shape = accessors.get(task)
  if (shape === undefined) {
    const ids = task.dependencies.map((number) => (tasks[number] as TaskDefinition).id)
    shape = ids.map((id, place) => [id, accessor(id, place)] as const)
    accessors.set(task, shape)
  }
  const object: Outputs = Object.defineProperty({}, WATCH, { value: { outputs, bits: 0 } satisfies Watch })
  // One by one: all at once take four times as long.
  for (const [id, descriptor] of shape) Object.defineProperty(object, id, descriptor)
  return Object.defineProperty(object, inspect.custom, printed)
}

/** What is printed are the outputs, and nobody has looked at them by that. */
const printed: PropertyDescriptor = {
  configurable: true,
  value(this: Outputs): Outputs {
    return unwatched(this)
  },
}

function accessor(id: string, place: number): PropertyDescriptor & ThisType<Watched> {
  return {
    configurable: true,
    enumerable: true,
    get() {
      const watch = this[WATCH]
      watch.bits |= 1 << place
      return watch.outputs[id]
    },
    set(value: unknown) {
      Object.defineProperty(this, id, { value, writable: true, enumerable: true, configurable: true })
    },
  }
}

/** Which of so many were looked at, as the alphabet has it. */
export function readsOf(object: Outputs, count: number): number {
  const watch = (object as Partial<Watched>)[WATCH]
  if (watch === undefined) return READS_UNKNOWN
  const bits = watch.bits >>> 0
  const all = count === WATCHED_MAX ? 0xffff_ffff : 2 ** count - 1
  return bits === all ? READS_ALL : bits
}

/** The same as it is now, without that a look at it counts. */
export function unwatched(object: Outputs): Outputs {
  const watch = (object as Partial<Watched>)[WATCH]
  if (watch === undefined) return object
  const plain: Outputs = {}
  for (const [id, member] of Object.entries(Object.getOwnPropertyDescriptors(object)))
    plain[id] = 'get' in member ? watch.outputs[id] : (member.value as unknown)
  return plain
}
