// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// An execution that records without end fails by name before it is one that nobody can read any more. What it did before is on record, and is undone.

import { describe, expect, it } from 'vitest'
import type { OrchestratorConfig, WorkflowConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const PLACES = ['memory', 'os', 'disk'] as const

function config(place: (typeof PLACES)[number], limits: WorkflowConfig, path = storePath(folder)): OrchestratorConfig {
  return { workflow: limits, ...(place !== 'memory' && { storage: { path, durability: place } }), logger: false }
}

const steps = (count: number, value: string): Execute => {
  return async (_, { step }) => {
    for (let n = 0; n < count; n += 1) await step(`step ${n}`, () => value)
    return 'done'
  }
}

const pays = workflow([
  task('pay', { agentId: 'pay', compensate: { agentId: 'refund' } }),
  task('chatty', { dependencies: ['pay'] }),
  task('after', { dependencies: ['chatty'], agentId: 'pay' }),
])

describe.each(PLACES)('a journal (%s)', (place) => {
  it.each([
    ['events', { maxJournalEvents: 50 }, 'x', 51],
    ['bytes', { maxJournalBytes: 20_000 }, 'x'.repeat(1000), undefined],
  ] as const)(
    'has a limit of %s, which names the task: the execution fails in order, and what it did is undone',
    async (what, limits, value, has) => {
      const undone: string[] = []
      const orchestrator = orchestratorWith(
        { pay: () => 'paid', work: steps(1000, value), refund: () => void undone.push('refunded') },
        config(place, limits),
      )
      const error = await rejection(orchestrator.executeWorkflow(pays))
      const limit = Object.values(limits)[0]
      expect(error).toMatchObject({ name: 'TaskFailedError', code: 'ERR_JOURNAL_LIMIT', retryable: false })
      expect(error.message).toMatch(/what task `chatty` recorded, and may record \d+; divide it .* `workflow\.maxJournal/)
      const { execution } = error
      expect(execution).toMatchObject({
        status: 'failed',
        error: { code: 'ERR_JOURNAL_LIMIT', details: { taskId: 'chatty', limit, [what]: has ?? expect.any(Number) } },
        results: { pay: 'paid' },
      })
      expect(execution?.tasks.map(({ taskId, status }) => `${taskId} ${status}`)).toEqual([
        'pay completed',
        'chatty cancelled',
        'after skipped',
        'pay!compensate completed',
      ])
      expect(undone).toEqual(['refunded'])
      // What it has done is there to be read.
      expect(await orchestrator.getExecution(error.executionId ?? '')).toMatchObject({ status: 'failed', results: { pay: 'paid' } })
    },
  )

  it('of an execution that stays within both is as long as it is', async () => {
    const orchestrator = orchestratorWith(
      { work: steps(100, 'x'.repeat(100)) },
      config(place, { maxJournalEvents: 300, maxJournalBytes: 60_000 }),
    )
    expect((await orchestrator.executeWorkflow(workflow([task('a')]))).results).toEqual({ a: 'done' })
  })

  it('counts signals that come to it', async () => {
    const orchestrator = orchestratorWith({}, config(place, { maxJournalEvents: 10 }))
    const loop = workflow([
      {
        id: 'l',
        name: 'l',
        type: 'loop',
        loop: { while: 'true', maxIterations: 1000 },
        tasks: [{ id: 'w', name: 'w', waitFor: { signal: 'go' } }],
      },
    ])
    const handle = await orchestrator.startWorkflow(loop)
    const error = await (async () => {
      for (let n = 0; n < 100; n += 1) await handle.signal('go', n).catch(() => {})
      return rejection(handle.result())
    })()
    expect(error).toMatchObject({ code: 'ERR_JOURNAL_LIMIT' })
  })
})

it('a journal counts what a process before has recorded', async () => {
  const path = storePath(folder)
  const limits = { maxJournalEvents: 70 }
  const waits = workflow([
    task('first'),
    { id: 'w', name: 'w', waitFor: { signal: 'go' }, dependencies: ['first'] },
    task('second', { dependencies: ['w'] }),
  ])
  const first = orchestratorWith({ work: steps(40, 'x') }, config('os', limits, path))
  const { id } = await first.startWorkflow(waits)
  while ((await first.getExecution(id))?.tasks[0]?.status !== 'completed') await new Promise((resolve) => setTimeout(resolve, 2))
  await first.shutdown()
  const second = orchestratorWith({ work: steps(40, 'x') }, config('os', limits, path))
  await second.signalExecution(id, 'go')
  expect(await rejection(second.getHandle(id).result())).toMatchObject({
    code: 'ERR_JOURNAL_LIMIT',
    execution: { results: { first: 'done' } },
  })
})

it('limits that are none are refused by name', async () => {
  for (const [limits, path] of [
    [{ maxJournalEvents: 0 }, 'workflow.maxJournalEvents'],
    [{ maxJournalBytes: 1e12 }, 'workflow.maxJournalBytes'],
  ] as const)
    expect(() => orchestratorWith({}, { workflow: limits })).toThrow(path)
})
