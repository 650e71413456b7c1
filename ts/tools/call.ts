// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One call of a tool: bound in time, and whatever goes wrong is an answer.

import { onAbort } from '../base/abort.js'
import { dueAt, type Clock } from '../base/clock.js'
import { ToolError, type OrchestratorError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import type { CallContext, ToolResult } from './tool.js'

/** How long a call may take, by which clock. */
export interface Bound {
  readonly clock: Clock
  /** Milliseconds; `undefined`: as long as the caller waits. */
  readonly timeout: number | undefined
}

/** Does `work`, which is told by its signal when nobody wants it any more. */
export async function answered(
  name: string,
  { signal }: CallContext,
  { clock, timeout }: Bound,
  work: (signal: AbortSignal) => Json | PromiseLike<Json>,
): Promise<ToolResult> {
  signal.throwIfAborted()
  const controller = new AbortController()
  const forget = onAbort(signal, () => controller.abort(signal.reason))
  try {
    const begun = Promise.resolve(controller.signal).then(work)
    const result = timeout === undefined ? await begun : await within(clock, timeout, begun, () => late(name, timeout, controller))
    return { result, isError: false }
  } catch (error) {
    // Whoever called is told why it had to stop, not what the tool made of that.
    signal.throwIfAborted()
    return failed(error instanceof ToolError ? error : thrown(name, error))
  } finally {
    forget()
  }
}

/** An error as a model hears of it. */
export function failed(error: OrchestratorError): ToolResult {
  const { code, message, details } = error
  const issues = details['issues'] as readonly Issue[] | undefined
  const places = issues?.map((issue) => ({ path: issue.path, message: issue.message }))
  return { result: { code, message, ...(places && { issues: places }) }, isError: true, error }
}

/** What is wrong with the arguments, or with a result, by path. */
export function misfit(code: 'ERR_TOOL_ARGUMENTS' | 'ERR_TOOL_RESULT', tool: string, issues: readonly Issue[]): ToolError {
  const places = issues.map(({ path, message }) => `${path}: ${message}`).join('; ')
  const what =
    code === 'ERR_TOOL_ARGUMENTS' ? `tool \`${tool}\` cannot be called like that` : `the result of tool \`${tool}\` is not JSON data`
  return new ToolError(code, `${what}: ${places}`, { details: { tool, issues } })
}

/** What `work` comes to, or what `expire` makes of its lateness. */
export function within<T>(clock: Clock, ms: number, work: Promise<T>, expire: () => Error): Promise<T> {
  const due = dueAt(clock, clock.now() + ms * 1000)
  return new Promise<T>((resolve, reject) => {
    void due.come.then(() => reject(expire()))
    work.then(resolve, reject)
  }).finally(() => due.stop())
}

function late(name: string, timeout: number, controller: AbortController): ToolError {
  const message = `tool \`${name}\` did not answer within ${timeout} ms; raise its \`timeout\`, or ask for less`
  const error = new ToolError('ERR_TOOL_TIMEOUT', message, { details: { tool: name }, retryable: true })
  controller.abort(error)
  return error
}

function thrown(tool: string, cause: unknown): ToolError {
  const { message = String(cause), retryable = true } = (cause ?? {}) as { message?: string; retryable?: boolean }
  return new ToolError('ERR_TOOL_FAILED', `tool \`${tool}\` failed: ${message}`, {
    cause,
    details: { tool },
    retryable: retryable !== false,
  })
}
