// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Spans with a provider of the program: that of OpenTelemetry's own SDK, with its exporter in memory.

import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expectWhole } from '../support/collector.ts'
import { start } from '../support/child.ts'
import { storePath, tracingFolder, userFolder, writeInto } from '../support/folder.ts'
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

/** A provider of the program that writes each span that has ended as a line of `file`. */
const WRITES_SPANS = `
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { appendFileSync } from 'node:fs'

export function begin(file) {
  const line = (span) => {
    const { traceId, spanId } = span.spanContext()
    return JSON.stringify({ name: span.name, traceId, spanId, parentSpanId: span.parentSpanContext?.spanId }) + '\\n'
  }
  const exporter = {
    export: (spans, done) => (appendFileSync(file, spans.map(line).join('')), done({ code: 0 })),
    shutdown: () => Promise.resolve(),
  }
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  return trace.getTracer('the program')
}
`

interface Line {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
}

const linesOf = (file: string): Line[] =>
  readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

const pathIn = (line: Line, all: readonly Line[]): string => {
  const above = all.find(({ spanId }) => spanId === line.parentSpanId)
  return above === undefined ? line.name : `${pathIn(above, all)} > ${line.name}`
}

// A child that had ended, and whatever an agent had done, was told by a process that was killed. The span that they stand under is made by the next one.
it('after a process was killed the next one tells every span once, and none lacks its parent, whoever told it', async () => {
  const traced = tracingFolder()
  const [file, path] = [join(traced, 'spans'), storePath(traced)]
  writeInto(traced, 'spans.mjs', WRITES_SPANS)
  const program = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    import { begin } from './spans.mjs'
    const [, , file, path, isFirst] = process.argv
    const tracer = begin(file)
    const orchestrator = new MultiAgentOrchestrator({ storage: { path }, monitoring: { enableTracing: true } })
    const execute = async ({ id }) => {
      tracer.startSpan('fetch of ' + id).end()
      if (id === 'last' && isFirst === 'yes') {
        console.log('at the last')
        await new Promise((resolve) => setTimeout(resolve, 60_000))
      }
      return 1
    }
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }) })
    const part = (id, inner) => ({ id, name: id, version: '1', tasks: [{ id: inner, name: inner, agentId: 'work' }] })
    const whole = { id: 'whole', name: 'W', version: '1', tasks: [
      { id: 'a', name: 'A', agentId: 'work' },
      { id: 'b', name: 'B', dependencies: ['a'], workflow: part('part', 'inner') },
      { id: 'c', name: 'C', dependencies: ['b'], workflow: part('rest', 'last') },
    ] }
    if (isFirst === 'yes') await orchestrator.startWorkflow(whole, {}, { executionId: 'one' })
    else {
      await orchestrator.ready()
      await orchestrator.getHandle('one').result()
      await orchestrator.shutdown()
    }
  `
  const first = start(traced, program, [file, path, 'yes'])
  await first.says('at the last')
  await first.kill()
  const told = linesOf(file)
  expect(told.map(({ name }) => name)).toContain('fetch of last')
  const second = await start(traced, program, [file, path, 'no']).ended()
  expect({ code: second.code, stderr: second.stderr }).toEqual({ code: 0, stderr: '' })
  const lines = linesOf(file)
  expectWhole(lines)
  expect(new Set(lines.map(({ traceId }) => traceId)).size).toBe(1)
  const whole = 'invoke_workflow whole'
  const attempt = (child: string): string => `${whole} > ${child} > invoke_agent work`
  const rest = 'task c > invoke_workflow rest'
  // Attempts that were interrupted have spans of their own; what was done in one stands under the attempt that was made again.
  expect(lines.map((line) => pathIn(line, lines)).toSorted()).toEqual(
    [
      whole,
      `${whole} > invoke_agent work`,
      `${whole} > invoke_agent work > fetch of a`,
      `${whole} > task b`,
      `${whole} > task b > invoke_workflow part`,
      attempt('task b > invoke_workflow part'),
      `${attempt('task b > invoke_workflow part')} > fetch of inner`,
      `${whole} > task c`,
      `${whole} > task c`,
      `${whole} > ${rest}`,
      attempt(rest),
      attempt(rest),
      `${attempt(rest)} > fetch of last`,
      `${attempt(rest)} > fetch of last`,
    ].toSorted(),
  )
}, 60_000)

it('what an isolated agent does stands under its attempt, if its module has a provider too', async () => {
  const traced = tracingFolder()
  const file = join(traced, 'spans')
  writeInto(traced, 'spans.mjs', WRITES_SPANS)
  const text = `
    import { begin } from './spans.mjs'
    const tracer = begin(${JSON.stringify(file)})
    const execute = async ({ id }) => {
      await new Promise((resolve) => setTimeout(resolve, 1))
      tracer.startSpan('fetch of ' + id).end()
      return 1
    }
    export const create = () => ({ execute })
  `
  const orchestrator = orchestratorWith({}, { monitoring: { enableTracing: true } })
  const module = writeInto(traced, 'agent.mjs', text)
  orchestrator.agentPool.registerAgentType('work', { isolation: 'worker', module, maxAgents: 1, maxConcurrency: 4 })
  await tracer.startActiveSpan('the caller', async (span) => {
    await orchestrator.executeWorkflow(workflow(['a', 'b', 'c'].map((id) => task(id, { type: 'parallel' }))))
    span.end()
  })
  await orchestrator.shutdown()
  const fetches = linesOf(file)
  expect(fetches.map(({ name }) => name).toSorted()).toEqual(['fetch of a', 'fetch of b', 'fetch of c'])
  expect(new Set(fetches.map(({ traceId }) => traceId))).toEqual(new Set([named('the caller').spanContext().traceId]))
  for (const { name, parentSpanId } of fetches) {
    const above = spans().find((span) => span.spanContext().spanId === parentSpanId)
    expect(above?.attributes['mao.task.path']).toBe(name.slice(-1))
  }
})
