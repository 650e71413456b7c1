// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What every program of the matrix does with the package: a store, an agent in a worker, a workflow in YAML, a test kit.

const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const path = require('node:path')

exports.exercise = async ({ MultiAgentOrchestrator, OrchestratorError }, { createTestKit }) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'matrix-'))
  const orchestrator = new MultiAgentOrchestrator({ storage: { path: path.join(folder, 'executions.sqlite') } })
  try {
    orchestrator.agentPool.registerAgentType('one', { create: () => ({ execute: () => 1 }) })
    orchestrator.agentPool.registerAgentType('double', { isolation: 'worker', module: path.join(process.cwd(), 'double.mjs') })
    const yaml = `
id: flow
name: Flow
version: '1'
tasks:
  - { id: a, name: A, agentId: one }
  - { id: b, name: B, agentId: double, dependencies: [a] }
`
    const workflow = await orchestrator.workflowEngine.loadWorkflow({ text: yaml })
    const { results } = await orchestrator.executeWorkflow(workflow)
    if (JSON.stringify(results) !== '{"a":1,"b":2}') throw new Error(`other results: ${JSON.stringify(results)}`)
    const refused = await orchestrator.executeWorkflow({}).catch((error) => error)
    if (!(refused instanceof OrchestratorError)) throw new Error('an error that is none of ours')
    const kit = await createTestKit()
    kit.agents.script('late', [() => 'well'])
    const tasks = [
      { id: 'w', name: 'W', waitFor: { delay: '30d' } },
      { id: 'l', name: 'L', agentId: 'late' },
    ]
    const waited = await kit.run({ id: 'waits', name: 'Waits', version: '1', tasks })
    await kit.close()
    return waited.results.l
  } finally {
    await orchestrator.shutdown()
    rmSync(folder, { recursive: true, force: true })
  }
}
