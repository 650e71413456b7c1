// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The text for Prometheus, judged by its own tool where that was brought.

import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { describe, expect, it } from 'vitest'
import { root, storePath, userFolder } from '../support/folder.ts'
import { gate, orchestratorWith, task, until, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const promtool = join(root, 'target/servers/prometheus/usr/bin/promtool')

/** The sample with this name and these labels; `undefined`: there is none. */
function sample(text: string, name: string): number | undefined {
  const line = text.split('\n').find((line) => line.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.slice(name.length + 1))
}

/** Does a bit of everything that is counted. */
async function worked(config: ConstructorParameters<typeof MultiAgentOrchestrator>[0] = {}): Promise<MultiAgentOrchestrator> {
  let calls = 0
  const orchestrator = orchestratorWith(
    {
      work: () => 'well',
      bad: () => {
        throw new Error('no')
      },
      flaky: () => {
        calls += 1
        if (calls === 1) throw new Error('not yet')
        return 'now'
      },
      asks: async (_task, { models }) => (await models.generate({ prompt: 'x', model: 'mine/large' })).text,
    },
    { logger: false, ...config },
  )
  orchestrator.modelIntegration.registerProvider('mine', {
    generate: () => Promise.resolve({ text: 'y', usage: { inputTokens: 7, outputTokens: 3 } }),
    models: [{ id: 'large' }],
  })
  const retryPolicy = { maxAttempts: 2, backoffType: 'fixed', initialDelay: 1 } as const
  await orchestrator.executeWorkflow(workflow([task('a'), task('b', { agentId: 'flaky', retryPolicy }), task('c', { agentId: 'asks' })]))
  await orchestrator.executeWorkflow(workflow([task('a', { agentId: 'bad' })], { id: 'say "no"' })).catch(() => {})
  return orchestrator
}

describe.each(['memory', 'a file'])('the metrics of an orchestrator over %s', (over) => {
  const config = () => (over === 'memory' ? {} : { storage: { path: storePath(folder), durability: 'os' } as const })

  it('count what ended, by workflow and end, and what models cost', async () => {
    const text = (await worked(config())).executionMonitor.metrics()
    expect(sample(text, 'mao_up')).toBe(1)
    expect(sample(text, 'mao_executions_total{workflow="flow",end="completed"}')).toBe(1)
    expect(sample(text, 'mao_executions_total{workflow="say \\"no\\"",end="failed"}')).toBe(1)
    expect(sample(text, 'mao_tasks_total{workflow="flow",end="completed"}')).toBe(3)
    expect(sample(text, 'mao_tasks_total{workflow="say \\"no\\"",end="failed"}')).toBe(1)
    expect(sample(text, 'mao_task_retries_total{workflow="flow"}')).toBe(1)
    expect(sample(text, 'mao_task_wait_seconds_count{workflow="flow"}')).toBe(4)
    expect(sample(text, 'mao_task_duration_seconds_bucket{workflow="flow",le="+Inf"}')).toBe(3)
    expect(sample(text, 'mao_model_calls_total{provider="mine",model="large",end="done"}')).toBe(1)
    expect(sample(text, 'mao_model_tokens_total{provider="mine",model="large",kind="input"}')).toBe(7)
    expect(sample(text, 'mao_process_resident_memory_bytes')).toBeGreaterThan(10e6)
    expect(sample(text, 'mao_store_commits_total')).toBeGreaterThan(0)
    if (over === 'a file') expect(sample(text, 'mao_store_bytes{file="file"}')).toBeGreaterThan(0)
  })

  it('say what runs now', async () => {
    const { promise, open } = gate()
    const orchestrator = orchestratorWith({ work: () => promise }, config())
    const handle = await orchestrator.startWorkflow(workflow([task('a'), task('b', { dependencies: ['a'] })]))
    await until(() => sample(orchestrator.executionMonitor.metrics(), 'mao_tasks_active{state="running"}') === 1)
    const text = orchestrator.executionMonitor.metrics()
    expect(sample(text, 'mao_executions_active{state="running"}')).toBe(1)
    expect(sample(text, 'mao_tasks_active{state="queued"}')).toBe(1)
    expect(sample(text, 'mao_agent_attempts_running{type="work"}')).toBe(1)
    open()
    await handle.result()
    expect(sample(orchestrator.executionMonitor.metrics(), 'mao_executions_active{state="running"}')).toBe(0)
  })

  it('count nothing with `enableMetrics: false`, and say so', async () => {
    const text = (await worked({ ...config(), monitoring: { enableMetrics: false } })).executionMonitor.metrics()
    expect(text).toContain('# monitoring.enableMetrics is false')
    expect(text).not.toMatch(/^mao_(executions|tasks|model\w*)_total/m)
    expect(sample(text, 'mao_executions_active{state="running"}')).toBe(0)
  })

  it('tell no more than 200 workflows apart', async () => {
    const orchestrator = orchestratorWith({ work: () => 1 }, config())
    for (let number = 0; number < 210; number += 1) await orchestrator.executeWorkflow(workflow([task('a')], { id: `w${number}` }))
    const text = orchestrator.executionMonitor.metrics()
    expect(text.match(/^mao_executions_total\{.*end="completed"\} 1$/gm)).toHaveLength(200)
    expect(sample(text, 'mao_executions_total{workflow="(others)",end="completed"}')).toBe(10)
  })
})

it('before it is open, and after it was shut down, the process alone is there', async () => {
  const orchestrator = new MultiAgentOrchestrator({ storage: { path: storePath(folder) } })
  expect(sample(orchestrator.executionMonitor.metrics(), 'mao_up')).toBe(0)
  await orchestrator.ready()
  expect(sample(orchestrator.executionMonitor.metrics(), 'mao_up')).toBe(1)
  await orchestrator.shutdown()
  const text = orchestrator.executionMonitor.metrics()
  expect(sample(text, 'mao_up')).toBe(0)
  expect(sample(text, 'mao_process_cpu_seconds_total')).toBeGreaterThan(0)
})

it.skipIf(!existsSync(promtool))('promtool, which `npm run test:servers` brings, finds nothing', async () => {
  for (const config of [{}, { storage: { path: storePath(folder) } }, { monitoring: { enableMetrics: false } }]) {
    const orchestrator = await worked(config)
    const input = orchestrator.executionMonitor.metrics()
    expect(execFileSync(promtool, ['check', 'metrics'], { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] })).toBe('')
  }
})
