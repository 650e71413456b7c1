// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What tracing costs:  node scripts/launch.mjs bench/traces.mjs
// Executions of 100 tasks in memory: untraced, with spans that are kept, with spans that go to a collector on loopback, and with those of a provider whose
// spans go nowhere. Each is the median of several rounds in turn; the time per span is the difference by the number of spans.

import { createServer } from 'node:http'
import { once } from 'node:events'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

const TASKS = 100
const EXECUTIONS = 50
const ROUNDS = 7
const tasks = Array.from({ length: TASKS }, (_, number) => ({
  id: `t${number}`,
  name: 't',
  agentId: 'work',
  type: 'parallel',
  dependencies: [],
}))
const workflow = { id: 'flow', name: 'Flow', version: '1', tasks }

const server = createServer((request, response) => request.resume().on('end', () => response.end('{}')))
await once(server.listen(0, '127.0.0.1'), 'listening')
const endpoint = `http://127.0.0.1:${server.address().port}`

const MODES = {
  untraced: { enableTracing: false },
  kept: { enableTracing: true },
  collector: { enableTracing: true, endpoint },
  provider: { enableTracing: true, provider: true },
}

/** Microseconds per task. */
async function round({ enableTracing, endpoint: at, provider = false }) {
  if (at === undefined) delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT
  else process.env.OTEL_EXPORTER_OTLP_ENDPOINT = at
  if (provider) {
    trace.setGlobalTracerProvider(new BasicTracerProvider())
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  }
  const orchestrator = new MultiAgentOrchestrator({ monitoring: { enableTracing } })
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 1 }), maxAgents: 1, maxConcurrency: 1000 })
  await orchestrator.executeWorkflow(workflow)
  const began = process.cpuUsage()
  for (let number = 0; number < EXECUTIONS; number += 1) await orchestrator.executeWorkflow(workflow)
  const { user, system } = process.cpuUsage(began)
  await orchestrator.shutdown()
  if (provider) {
    trace.disable()
    context.disable()
  }
  return (user + system) / (EXECUTIONS * TASKS)
}

/** A span of the SDK alone. */
function sdkAlone() {
  const tracer = new BasicTracerProvider().getTracer('bench')
  const count = 100_000
  const began = process.cpuUsage()
  for (let number = 0; number < count; number += 1) tracer.startSpan('x', { attributes: { a: 1, b: 'c', d: 'e', f: 2 } }).end()
  const { user, system } = process.cpuUsage(began)
  return (user + system) / count
}

const median = (figures) => figures.toSorted((one, other) => one - other)[figures.length >> 1]
const figures = Object.fromEntries(Object.keys(MODES).map((name) => [name, []]))
for (let number = 0; number < ROUNDS; number += 1) for (const [name, mode] of Object.entries(MODES)) figures[name].push(await round(mode))
const base = median(figures.untraced)
const sdk = sdkAlone()
console.log(`untraced   ${base.toFixed(2)} µs of processor time a task; a span of the SDK alone ${sdk.toFixed(2)} µs`)
for (const name of ['kept', 'collector', 'provider']) {
  const own = ((median(figures[name]) - base) * TASKS) / (TASKS + 1)
  const beside = name === 'provider' ? `, ${(own - sdk).toFixed(2)} µs beside the SDK's own` : ''
  console.log(`${name.padEnd(10)} ${own.toFixed(2)} µs a span${beside}`)
}
server.close()
