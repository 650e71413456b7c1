// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Without storage the latest 1,000 executions were remembered whatever they weighed: a scraper whose pages are 1 MB each ran out of memory after a few
// hundred of them. What is remembered is now bounded by bytes too.

import { describe, expect, it } from 'vitest'
import { readBytes, weightOf } from '../../ts/json/bytes.ts'
import { readConfig } from '../../ts/config/config.ts'
import type { Issue } from '../../ts/api/issue.ts'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'

const page = (bytes: number) => () => 'x'.repeat(bytes)

async function remembered(orchestrator: ReturnType<typeof orchestratorWith>): Promise<number> {
  // What executeWorkflow holds for late listeners is let go in the next turn.
  await new Promise((resolve) => setTimeout(resolve, 5))
  return (await orchestrator.listExecutions({ limit: 1000 })).executions.length
}

describe('executions that ended in memory', () => {
  it.each([
    ['results that stay in JavaScript', workflow([task('a')])],
    ['results that expressions read', workflow([task('a'), task('b', { agentId: 'none', conditions: ['size(results.a) > 0'] })])],
  ])('are forgotten beyond 64 MiB, the oldest first: %s', async (_, flow) => {
    const orchestrator = orchestratorWith({ work: page(2 ** 20), none: () => null })
    const ids: string[] = []
    for (let n = 0; n < 80; n += 1) ids.push((await orchestrator.executeWorkflow(flow)).id)
    const count = await remembered(orchestrator)
    expect(count).toBeLessThan(64)
    expect(count).toBeGreaterThan(flow.tasks.length === 1 ? 60 : 10)
    expect(await orchestrator.getExecution(ids[0] as string)).toBeUndefined()
    expect((await orchestrator.getExecution(ids[79] as string))?.results['a']).toHaveLength(2 ** 20)
  })

  it('are forgotten by what their contexts weigh, and by their number, as the configuration says', async () => {
    const heavy = orchestratorWith({ work: () => 1 }, { memory: { remember: { bytes: '1MiB' } } })
    for (let n = 0; n < 20; n += 1) await heavy.executeWorkflow(workflow([task('a')]), { text: 'x'.repeat(100_000) })
    expect(await remembered(heavy)).toBe(10)
    const few = orchestratorWith({ work: () => 1 }, { memory: { remember: { count: 3 } } })
    for (let n = 0; n < 5; n += 1) await few.executeWorkflow(workflow([task('a')]))
    expect(await remembered(few)).toBe(3)
  })

  it('are weighed with all the passes of their loops', async () => {
    const orchestrator = orchestratorWith({ work: page(1000) }, { memory: { remember: { bytes: '1MiB' } } })
    const loop = task('l', { type: 'loop', loop: { forEach: Array.from({ length: 300 }, (_, n) => n) } })
    for (let n = 0; n < 5; n += 1) await orchestrator.executeWorkflow(workflow([loop]))
    expect(await remembered(orchestrator)).toBe(1)
  })

  it('the latest stays, however heavy', async () => {
    const orchestrator = orchestratorWith({ work: page(10_000) }, { memory: { remember: { bytes: 1 } } })
    await orchestrator.executeWorkflow(workflow([task('a')]))
    const { id } = await orchestrator.executeWorkflow(workflow([task('a')]))
    expect(await remembered(orchestrator)).toBe(1)
    expect((await orchestrator.getExecution(id))?.status).toBe('completed')
  })
})

it.each([
  ['512KiB', 524_288],
  ['1.5MB', 1_500_000],
  ['64MiB', 67_108_864],
  ['1GiB', 2 ** 30],
  ['7B', 7],
  [123, 123],
])('%s are %i bytes', (given, bytes) => {
  expect(readBytes(given, 'p', [])).toBe(bytes)
})

it.each([0, -1, 1.5, Number.NaN, '64', '64 MiB', '64mib', 'MiB', null, {}])('%j is no amount of memory', (bytes) => {
  const issues: Issue[] = []
  readConfig({ memory: { remember: { bytes } } }, issues)
  expect(issues).toMatchObject([{ path: 'memory.remember.bytes', code: 'ERR_INVALID_VALUE', message: expect.stringContaining("'64MiB'") }])
})

it('values weigh about what their JSON text is long', () => {
  for (const value of ['text', [1, 2, 3], { a: 'x'.repeat(50), b: [{ c: 'y' }, null, true], longer: { key: 'z' } }]) {
    const length = JSON.stringify(value).length
    expect(weightOf(value)).toBeGreaterThanOrEqual(length)
    expect(weightOf(value)).toBeLessThan(length * 2 + 30)
  }
})
