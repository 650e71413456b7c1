// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A case: workflows, what is done with them, and what the world does meanwhile. `generate.ts` makes one, `drive.ts` lets the package run it, and
// `interpreter.ts` says how it has to end.

import type { AgentTask, AgentWorkflow } from '@codexos/multi-agent-orchestrator'
import type { Names } from './named.ts'

/** What an agent does with a task: `input.data.deed`. It depends on nothing but the call, so a crash changes no outcome. */
export interface Deed {
  /** It takes so many milliseconds, by the clock of the kit. */
  slow?: number
  /** Its first attempts fail. */
  fails?: number
  /** It fails in the first runs of a child workflow: the last part of the execution's id counts them. */
  failsRuns?: number
  /** It fails until the world is healed, between two actions. */
  breaks?: boolean
  /** The code of the error it fails with. */
  code?: string
  /** It gives more than a value may be. */
  bulk?: boolean
  /** Its error says `retryable: false`. */
  final?: boolean
  /** Tasks that it spawns one after the other, and awaits. */
  spawns?: AgentTask[]
  /** Whether it catches their failures. */
  catches?: boolean
  /** It takes so many steps before anything else: two of them at once, the others one by one. */
  steps?: number
  /** An attempt that fails does so after as many of them as its number. */
  stumbles?: boolean
  /** What it fails with, or stops with, comes of a step. */
  inStep?: boolean
  /** It takes a step whose input has the number of the attempt. */
  changes?: boolean
  /** Its first attempt answers before a step of it has ended; the others wait for that. */
  lingers?: boolean
  /** It cancels the execution above all, and then answers within the grace, or stops as it is told. */
  cancels?: 'answers' | 'stops'
  /** It has the execution above all paused, and resumed. */
  pauses?: boolean
  /** Before it answers it has its execution paused, which is then moved and resumed, unless the last of so many attempts fails. Once in a case. */
  moves?: number
  /** It spawns a task, and takes a step, in the name of an attempt that is over. */
  strays?: boolean
}

/** Something that a caller does. Each is awaited before the next. */
export type Action =
  /** `changed`: with the workflow as its author has changed it since. */
  | { do: 'run'; id: string; tenant?: string; changed?: true; allow?: Partial<Names> }
  | { do: 'key'; key: string; tenant?: string; rerun: boolean }
  /** By a schedule, which is cancelled once it has begun an execution. */
  | { do: 'schedule'; id: string; tenant?: string; allow?: Partial<Names> }
  | { do: 'heal' }
  /** Chooses the id that the engine would make for a child of the first execution. */
  | { do: 'squat'; child: string }
  /** From the task that stands at this place among those of the execution that was begun last but `back`. */
  | { do: 'fork'; back: number; place: number }
  | { do: 'retry'; back: number }
  /** Under the definition as its author has mended it since. */
  | { do: 'move'; back: number }

/** A time of a definition, in minutes. */
export function minutesOf(duration: string | undefined): number {
  const [, count, unit] = /^(\d+)([mhd])$/.exec(duration ?? '') ?? []
  return unit === undefined ? Infinity : Number(count) * { m: 1, h: 60, d: 1440 }[unit as 'm' | 'h' | 'd']
}

/** When late signals are sent, after the start. */
export const LATE = '10m'

/** Bytes that one value may have. */
export const VALUE_BYTES_MAX = 1 << 16

export interface Signal {
  name: string
  payload: unknown
  /** Whether it is sent when the execution has waited for a while, instead of right after its start. */
  late: boolean
  /** What the sender hears: nothing, or the code of an error. */
  refused?: string
}

export interface Case {
  seed: number
  inFile: boolean
  /** Whether what only waits is parked as soon as it can be, and nobody waits for an execution but by looking at it. */
  parks: boolean
  /** Whether some of its agents work in threads of their own. */
  isolates: boolean
  main: AgentWorkflow
  /** What `main` and these name by id. */
  registered: AgentWorkflow[]
  context: Record<string, unknown>
  /** Sent to each execution that a call of `run` begins. */
  signals: Signal[]
  actions: Action[]
  /** What mends come from. */
  mend: number
  /** The commit of the first action at which the process ends. */
  crash?: { commit: number; side: 'beforeCommit' | 'afterCommit' }
}
