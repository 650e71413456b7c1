// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Ends of tasks and lists, and what becomes of them.

import type { AgentTask } from '@codexos/multi-agent-orchestrator'
import type { Scope } from './texts.ts'
import type { End, Told, World } from './told.ts'

/** How a list ended. */
export interface ListEnd {
  readonly failure?: { code: string; final: boolean }
  /** Whether it was stopped before its end. */
  readonly cut?: string
  readonly output: Record<string, unknown>
}

export function letterOf({ status, tolerated: tolerates, reason }: End): 'S' | 'F' | 'K' {
  if (status === 'completed' || tolerates === true) return 'S'
  return status === 'skipped' && reason !== 'upstream_failed' ? 'K' : 'F'
}

export function tolerated(task: AgentTask, end: End): End {
  const { onError } = task
  if (end.status !== 'failed' || onError === undefined || onError === 'fail') return end
  const contained = typeof onError === 'string' || onError.continue.includes(end.code as string)
  return contained ? { ...end, tolerated: true } : end
}

export function groupEnd(end: ListEnd, output: unknown): End {
  if (end.failure !== undefined) return failedAs(end.failure)
  return end.cut === undefined ? completed(output) : cancelled(end.cut)
}

/** What is taken over was no attempt of this execution. */
export function takenOver(end: End): End {
  const own: { -readonly [field in keyof End]: End[field] } = { ...end, attempts: 0 }
  delete own.cached
  return own
}

export function completed(result: unknown): End {
  return { status: 'completed', result, attempts: 0 }
}

/** A group fails as what failed in it. */
export function failedAs({ code, final }: { code: string; final: boolean }): End {
  return { status: 'failed', code, attempts: 0, ...(final && { final }) }
}

export function cancelled(reason: string): End {
  return { status: 'cancelled', reason, attempts: 0 }
}

export function holds(condition: string, { context }: Scope): boolean {
  const { yes, no } = context as { yes: boolean; no: boolean }
  return condition === 'context.yes' ? yes : condition === 'context.no' ? no : yes && !no
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Why nothing begins in an execution any more, if so. */
export function stopOf({ cancelled: { by }, deadline }: Told, { minutes }: World): 'cancelled' | 'deadline' | undefined {
  if (by !== undefined) return 'cancelled'
  return minutes >= deadline ? 'deadline' : undefined
}

/** Equal exactly where idempotency keys must be. */
export function keyOf(told: Told, path: string): string {
  const isAnew = [...told.anew].some((one) => path === one || path.startsWith(`${one}/`) || path.startsWith(`${one}!`))
  return `${told.owner(path)} ${path}${isAnew ? ' moved' : ''}`
}
