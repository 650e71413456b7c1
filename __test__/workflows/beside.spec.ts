// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A small execution beside a large one. It once waited until every agent of a fan-out of 10,000 had been called: 24 times as long as behind as many plain
// promises.

import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { expect, it } from 'vitest'
import { kitWith } from '../support/kits.ts'
import { gate, task, workflow } from '../support/orchestrators.ts'

const WIDTH = 10_000

const large = workflow(
  Array.from({ length: WIDTH }, (_, place) => task(`m${place}`, { agentId: 'many', dependencies: [] })),
  { id: 'large' },
)
const small = workflow(
  ['a', 'b', 'c'].map((id, place, ids) => task(id, { dependencies: ids.slice(Math.max(place - 1, 0), place) })),
  { id: 'small' },
)

const places = ['memory', 'file'] as const

/** On a kit, whose clock stands still: how long a turn of the event loop takes plays no part. */
async function opened(storage: (typeof places)[number], many: () => void): Promise<MultiAgentOrchestrator> {
  const kit = await kitWith({ work: () => 1, many: () => many() }, { storage, workflow: { maxTasks: WIDTH } })
  return kit.orchestrator
}

it.each(places)('one that begins while a fan-out runs ends before that has called all of its agents: in %s', async (place) => {
  let calls = 0
  let ended: Promise<number> | undefined
  const orchestrator = await opened(place, () => {
    calls += 1
    ended ??= orchestrator.executeWorkflow(small).then(() => calls)
  })
  await orchestrator.executeWorkflow(large)
  expect(calls).toBe(WIDTH)
  expect(await ended).toBeLessThan(WIDTH / 2)
})

it.each(places)('the attempts of each begin in the order of its journal: in %s', async (place) => {
  const heard = new Map<string, string[]>()
  let others: Promise<unknown> | undefined
  const orchestrator = await opened(place, () => {
    others ??= Promise.all(Array.from({ length: 20 }, () => orchestrator.executeWorkflow(small)))
  })
  orchestrator.on('task:started', ({ executionId, taskId }) => {
    const tasks = heard.get(executionId) ?? []
    heard.set(executionId, tasks)
    tasks.push(taskId)
  })
  await orchestrator.executeWorkflow(large)
  await others
  const [first, ...rest] = [...heard.values()]
  expect(first).toEqual(Array.from({ length: WIDTH }, (_, number) => `m${number}`))
  expect(rest).toEqual(Array.from({ length: 20 }, () => ['a', 'b', 'c']))
})

it('a listener that leaves when a small one has ended, and comes again, hears each event of the large one once', async () => {
  const heard: string[] = []
  let begun = false
  const orchestrator = await opened('memory', () => {
    if (!begun) void orchestrator.executeWorkflow(small)
    begun = true
  })
  const hear = ({ taskId }: { taskId: string }): void => void heard.push(taskId)
  const left = gate<number>()
  orchestrator.on('task:started', hear)
  orchestrator.once('workflow:completed', () => {
    orchestrator.off('task:started', hear)
    left.open(heard.length)
  })
  const running = orchestrator.executeWorkflow(large)
  expect(await left.promise).toBeLessThan(WIDTH)
  orchestrator.on('task:started', hear)
  await running
  expect(heard.toSorted()).toEqual([...large.tasks, ...small.tasks].map(({ id }) => id).toSorted())
})
