// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The call that would move what waits, as code.

import type { WaitsFor } from '../api/explanation.js'

/** A text as JavaScript writes it. */
function quoted(text: string): string {
  return `'${JSON.stringify(text)
    .slice(1, -1)
    .replaceAll(String.raw`\"`, '"')
    .replaceAll("'", String.raw`\'`)}'`
}

/** What `WaitingRuns` calls a function that a workflow names. */
const FUNCTION = 'function '

/** `store`: the path of a store that no process has. */
export function callFor(executionId: string, waitsFor: WaitsFor, store: string | undefined): string | undefined {
  const id = quoted(executionId)
  switch (waitsFor.kind) {
    case 'signal': {
      const path = waitsFor.path === undefined ? '' : `, { path: ${quoted(waitsFor.path)} }`
      return `await orchestrator.signalExecution(${id}, ${quoted(waitsFor.signal)}, payload${path})`
    }
    case 'pause':
      return `await orchestrator.resumeExecution(${id})`
    case 'agent':
      return waitsFor.names.map(registering).join('\n')
    case 'admission': {
      const [first] = waitsFor.by
      return first === undefined ? undefined : `await orchestrator.cancelExecution(${quoted(first)})`
    }
    case 'process':
      return `const orchestrator = new MultiAgentOrchestrator({ storage: { path: ${quoted(store ?? 'store.db')} } })`
    case 'dependency':
    case 'tasks':
    case 'condition':
    case 'cache':
    case 'schema':
    case 'turn':
    case 'timer':
    case 'backoff':
    case 'lane':
    case 'place':
    case 'instance':
    case 'rateLimit':
    case 'modelRetry':
    case 'attempt':
    case 'stop':
    case 'child':
    case 'recovery':
    case 'store':
      return undefined
  }
}

function registering(name: string): string {
  if (name.startsWith(FUNCTION)) return 'orchestrator.workflowEngine.registerWorkflow(workflow)'
  const [, agent = '', requires] = /^(an agent|.*?) that has (.*)$/.exec(name) ?? []
  if (requires === undefined) return `orchestrator.agentPool.registerAgentType(${quoted(name)}, type)`
  const capabilities = `[${requires.split(', ').map(quoted).join(', ')}]`
  const id = agent === 'an agent' ? 'id' : quoted(agent)
  return `orchestrator.agentPool.registerAgent({ id: ${id}, type: typeName, capabilities: ${capabilities} })`
}
