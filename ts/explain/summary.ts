// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One sentence about an execution: how it ended, or what it waits for.

import type { ExecutionStatus, WorkflowExecution } from '../api/execution.js'
import type { TaskExplanation, WaitsFor } from '../api/explanation.js'

export function summaryOfEnd({ id, status, error, reason, endTime }: WorkflowExecution): string {
  const at = endTime === undefined ? '' : ` at ${endTime.toISOString()}`
  if (status === 'damaged') return `execution \`${id}\` cannot be read: ${error?.message ?? 'it is damaged'}`
  if (status === 'completed') return `execution \`${id}\` completed${at}`
  if (status === 'cancelled') return `execution \`${id}\` was cancelled${at}${reason === undefined ? '' : `: ${reason}`}`
  const task = error === undefined || error.taskId === '' ? '' : ` at task \`${error.taskId}\``
  return `execution \`${id}\` failed${at}${task}${error === undefined ? '' : ` with ${error.code}: ${error.message}`}`
}

/** What the first task says that waits for no other; how many more there are. */
export function summaryOf(id: string, status: ExecutionStatus, tasks: readonly TaskExplanation[]): string {
  const roots = tasks.filter(({ waitsFor: { kind } }) => kind !== 'dependency' && kind !== 'tasks')
  const [first = tasks[0]] = roots
  if (first === undefined) return `execution \`${id}\` is ${status}`
  const { waitsFor, taskId, until } = first
  const is = status === 'running' ? '' : `is ${status}: `
  const time = until === undefined ? '' : `, until ${until.toISOString()} at the latest`
  const more =
    roots.length > 1 ? `; ${roots.length - 1} more ${roots.length === 2 ? 'task waits' : 'tasks wait'} for something of their own` : ''
  return `execution \`${id}\` ${is}${isOfAll(waitsFor) ? '' : `task \`${taskId}\` `}waits for ${wordsFor(waitsFor)}${time}${more}`
}

/** Whether it is nothing of one task. */
function isOfAll({ kind }: WaitsFor): boolean {
  return ['pause', 'agent', 'admission', 'recovery', 'process', 'store'].includes(kind)
}

/** Whatever is waited for, in the middle of a sentence. */
function wordsFor(waitsFor: WaitsFor): string {
  switch (waitsFor.kind) {
    case 'dependency':
      return `${listed(waitsFor.on)} before it`
    case 'tasks':
      return `${waitsFor.count} of its own tasks, above all ${listed(waitsFor.roots)}`
    case 'condition':
      return `the function \`${waitsFor.function}\`, which is its condition`
    case 'cache':
      return 'a look into the cache'
    case 'schema':
      return 'its `outputSchema` to judge a value'
    case 'turn':
      return 'nothing: it goes on by itself'
    case 'signal':
      return `the signal \`${waitsFor.signal}\``
    case 'timer':
      return 'its delay'
    case 'backoff':
      return `its attempt ${waitsFor.attempt}${waitsFor.error === undefined ? '' : `, after ${waitsFor.error.code}`}`
    case 'lane':
      return `\`${waitsFor.holder}\`, since both are sequential`
    case 'agent':
      return `${listed(waitsFor.names)}, which this process has not registered`
    case 'place':
      return `a place of agent \`${waitsFor.agent}\`${waitsFor.limit === undefined ? '' : `: ${waitsFor.running} of ${waitsFor.limit} are taken`}`
    case 'instance':
      return `an instance of agent \`${waitsFor.agent}\`, which is being made`
    case 'rateLimit':
      return waitsFor.model === undefined ? `the rate limit of agent \`${waitsFor.agent}\`` : `${waitsFor.limit} of \`${waitsFor.model}\``
    case 'modelRetry':
      return `the next request to \`${waitsFor.model}\`, after one that failed`
    case 'attempt':
      return `agent \`${waitsFor.agent}\`, which is at work in attempt ${waitsFor.attempt}`
    case 'stop':
      return `its agent, which was told to stop`
    case 'child':
      return `the child workflow \`${waitsFor.executionId}\``
    case 'pause':
      return '`resumeExecution`'
    case 'admission':
      return `a place: ${waitsFor.running ?? 'as many'} executions run${waitsFor.key === undefined ? '' : ` with the key \`${waitsFor.key}\``}, and no more may`
    case 'recovery':
      return 'this process, which is about to take it up'
    case 'process':
      return 'a process: none has this execution, so open an orchestrator on the store'
    case 'store':
      return `the store: ${waitsFor.message}`
  }
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ')
}
