// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Spans with a provider of the program: that of OpenTelemetry's own SDK, with its exporter in memory.

import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { expectWhole } from '../support/collector.ts'
import { storePath, userFolder } from '../support/folder.ts'
import { orchestratorWith, task, workflow } from '../support/orchestrators.ts'

const folder = userFolder()
const exporter = new InMemorySpanExporter()
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
trace.setGlobalTracerProvider(provider)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
const tracer = trace.getTracer('the program')

beforeEach(() => exporter.reset())
afterAll(() => {
  trace.disable()
  context.disable()
})

const spans = () => exporter.getFinishedSpans()
const spanned = (all: readonly ReadableSpan[]) =>
  all.map((span) => {
    const parentSpanId = span.parentSpanContext?.spanId
    return { spanId: span.spanContext().spanId, ...(parentSpanId !== undefined && { parentSpanId }) }
  })
const named = (name: string): ReadableSpan => spans().find((span) => span.name === name) ?? expect.fail(`no span ${name}`)
const parentOf = (span: ReadableSpan): string | undefined =>
  spans().find((other) => other.spanContext().spanId === span.parentSpanContext?.spanId)?.name

const WHOLE = workflow([
  task('a'),
  { id: 'below', name: 'below', dependencies: ['a'], workflow: workflow([task('inner')], { id: 'part' }) } as never,
])

it.each(['memory', 'a file'])(
  'over %s what an agent does stands under its attempt, which stands under the span of the caller',
  async (over) => {
    const storage = over === 'memory' ? {} : { storage: { path: storePath(folder) } }
    let told: string | undefined
    const orchestrator = orchestratorWith(
      {
        work: async ({ id }, { step, traceparent }) => {
          told = traceparent
          await step('look', () => 1)
          // As an instrumented `fetch` does.
          await new Promise((resolve) => setTimeout(resolve, 1))
          tracer.startSpan(`fetch of ${id}`).end()
          return 1
        },
      },
      { monitoring: { enableTracing: true }, ...storage },
    )
    await tracer.startActiveSpan('the caller', async (span) => {
      const { traceparent } = await orchestrator.executeWorkflow(WHOLE)
      expect(traceparent).toContain(span.spanContext().traceId)
      span.end()
    })
    await orchestrator.shutdown()
    expectWhole(spanned(spans()))
    expect(new Set(spans().map((span) => span.spanContext().traceId)).size).toBe(1)
    expect(parentOf(named('invoke_workflow flow'))).toBe('the caller')
    expect(parentOf(named('fetch of a'))).toBe('invoke_agent work')
    expect(parentOf(named('step look'))).toBe('invoke_agent work')
    expect(parentOf(named('task below'))).toBe('invoke_workflow flow')
    expect(parentOf(named('invoke_workflow part'))).toBe('task below')
    expect(parentOf(named('fetch of inner'))).toBe('invoke_agent work')
    expect(spans()).toHaveLength(10)
    expect(told).toContain(named('fetch of inner').parentSpanContext?.spanId)
    expect(named('invoke_workflow flow').attributes).toMatchObject({
      'gen_ai.workflow.name': 'flow',
      'gen_ai.operation.name': 'invoke_workflow',
    })
  },
)

it('a failed attempt has a span with the status of an error', async () => {
  const orchestrator = orchestratorWith(
    {
      work: () => {
        throw Object.assign(new Error('no'), { code: 'E_NO' })
      },
    },
    { monitoring: { enableTracing: true }, logger: false },
  )
  await orchestrator.executeWorkflow(workflow([task('a')])).catch(() => {})
  await orchestrator.shutdown()
  expect(named('invoke_agent work').status.code).toBe(2)
  expect(named('invoke_workflow flow').status.code).toBe(2)
})
