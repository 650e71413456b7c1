// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Spans as whoever wants them reads them, and as a collector is sent them.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { MultiAgentOrchestrator, TraceFilter } from '@codexos/multi-agent-orchestrator'
import { afterEach, describe, expect, it } from 'vitest'
import { collector, expectWhole, pathOf, spansIn, type Collector, type Span } from '../support/collector.ts'
import { Child, start } from '../support/child.ts'
import { root, storePath, userFolder, writeInto } from '../support/folder.ts'
import { orchestratorWith, rejection, task, until, workflow, type Execute } from '../support/orchestrators.ts'

const folder = userFolder()
const open: Collector[] = []
const collecting = async (answers?: (request: number) => number | undefined): Promise<Collector> => {
  const one = await collector(answers)
  open.push(one)
  return one
}

afterEach(async () => {
  for (const name of Object.keys(process.env).filter((name) => name.startsWith('OTEL_'))) delete process.env[name]
  await Promise.all(open.splice(0).map((one) => one.close()))
})

/** An agent, a retry, a step, a model and a child. */
const STUDY = workflow(
  [
    task('fetch', { agentId: 'flaky', retryPolicy: { maxAttempts: 2, backoffType: 'fixed', initialDelay: 1 } }),
    task('ask', { agentId: 'asks', dependencies: ['fetch'] }),
    { id: 'below', name: 'below', dependencies: ['ask'], workflow: workflow([task('inner')], { id: 'part' }) } as never,
  ],
  { id: 'study' },
)

function agents(): Record<string, Execute> {
  let calls = 0
  return {
    work: () => 'well',
    flaky: () => {
      calls += 1
      if (calls === 1) throw new Error('not yet')
      return 'now'
    },
    asks: async (_task, { step, models }) => {
      await step('look', () => 1)
      return (await models.generate({ prompt: 'secret', model: 'mine/large' })).text
    },
  }
}

function traced(config: object = {}): MultiAgentOrchestrator {
  const { monitoring, ...rest } = config as { monitoring?: object }
  const orchestrator = orchestratorWith(agents(), { monitoring: { enableTracing: true, ...monitoring }, ...rest })
  orchestrator.modelIntegration.registerProvider('mine', {
    generate: () => Promise.resolve({ text: 'hidden', usage: { inputTokens: 7, outputTokens: 3 } }),
    models: [{ id: 'large' }],
  })
  return orchestrator
}

async function exported(orchestrator: MultiAgentOrchestrator, filter?: TraceFilter): Promise<Span[]> {
  const spans: Span[] = []
  for await (const line of orchestrator.executionMonitor.exportTraces(filter)) {
    expect(line).not.toContain('\n')
    spans.push(...spansIn(line))
  }
  return spans
}

const TREE = [
  'invoke_workflow study',
  'invoke_workflow study > invoke_agent asks',
  'invoke_workflow study > invoke_agent asks > chat large',
  'invoke_workflow study > invoke_agent asks > step look',
  'invoke_workflow study > invoke_agent flaky',
  'invoke_workflow study > invoke_agent flaky',
  'invoke_workflow study > task below',
  'invoke_workflow study > task below > invoke_workflow part',
  'invoke_workflow study > task below > invoke_workflow part > invoke_agent work',
]
const tree = (spans: readonly Span[]): string[] => spans.map((span) => pathOf(span, spans)).toSorted()

describe.each(['memory', 'a file'])('over %s', (over) => {
  const config = (): object => (over === 'memory' ? {} : { storage: { path: storePath(folder), durability: 'os' } })

  it('an execution has a span for each attempt, call of a model, step and child, in one trace', async () => {
    const orchestrator = traced(config())
    await orchestrator.executeWorkflow(STUDY)
    const spans = await exported(orchestrator)
    expect(tree(spans)).toEqual(TREE)
    expectWhole(spans)
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1)
    const chat = spans.find(({ name }) => name === 'chat large')
    const of = (key: string) => chat?.attributes.find((attribute) => attribute.key === key)?.value
    // As it is called now, and as it was before.
    expect([of('gen_ai.provider.name'), of('gen_ai.system')]).toEqual([{ stringValue: 'mine' }, { stringValue: 'mine' }])
    expect([chat?.kind, of('gen_ai.usage.input_tokens'), of('gen_ai.usage.output_tokens')]).toEqual([
      3,
      { intValue: '7' },
      { intValue: '3' },
    ])
    // A price that is not known is no price.
    expect(of('mao.cost.usd')).toBeUndefined()
    expect(spans.map(({ name, status }) => [name, status.code]).filter(([, code]) => code !== undefined)).toEqual([
      ['invoke_agent flaky', 2],
    ])
    expect(JSON.stringify(spans)).not.toMatch(/secret|hidden/)
  })

  it('belongs to the trace of its caller', async () => {
    const orchestrator = traced(config())
    const caller = '00f067aa0ba902b7'
    await orchestrator.executeWorkflow(STUDY, {}, { traceparent: `00-4bf92f3577b34da6a3ce929d0e0e4736-${caller}-01` })
    const spans = await exported(orchestrator, { workflowId: 'study' })
    expectWhole(spans, [caller])
    expect(spans.find(({ name }) => name === 'invoke_workflow study')).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: caller,
    })
  })

  it('`sample` leaves executions out with all below them, and counts them', async () => {
    const orchestrator = traced({ ...config(), monitoring: { tracing: { sample: 0 } } })
    await orchestrator.executeWorkflow(STUDY)
    expect(orchestrator.executionMonitor.metrics()).toContain('\nmao_traces_sampled_away_total 2\n')
  })

  it('a collector that the environment names is sent them', async () => {
    const { url, spans, headers } = await collecting()
    Object.assign(process.env, {
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=a%20b',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    })
    const orchestrator = traced(config())
    await orchestrator.executeWorkflow(STUDY)
    await orchestrator.shutdown()
    expect(tree(spans)).toEqual(TREE)
    expectWhole(spans)
    expect(headers[0]).toMatchObject({ 'x-key': 'a b', 'content-encoding': 'gzip', 'content-type': 'application/json' })
  })

  it('one that does not answer costs one warning, and `shutdown` a second', async () => {
    const { url } = await collecting((request) => (request === 1 ? 503 : undefined))
    process.env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] = `${url}/v1/traces`
    const warnings: string[] = []
    const orchestrator = traced({ ...config(), logger: { error: () => {}, warn: (_: unknown, message: string) => warnings.push(message) } })
    for (let number = 0; number < 60; number += 1) await orchestrator.executeWorkflow(STUDY)
    await until(() => warnings.length > 0)
    const began = performance.now()
    await orchestrator.shutdown()
    expect(performance.now() - began).toBeLessThan(3000)
    expect(warnings).toEqual([expect.stringContaining('it answered with status 503')])
  }, 20_000)
})

it('with neither a provider nor a collector nothing is sent or said, and executions run as untraced', async () => {
  const said: unknown[] = []
  const say = (...told: unknown[]): void => void said.push(told)
  const orchestrator = traced({ logger: { error: say, warn: say } })
  await orchestrator.executeWorkflow(STUDY)
  await orchestrator.shutdown()
  expect(said).toEqual([])
})

it('what was not traced can be exported all the same, by filter', async () => {
  const orchestrator = orchestratorWith(agents())
  const { id } = await orchestrator.executeWorkflow(workflow([task('a')], { id: 'one' }))
  await orchestrator.executeWorkflow(workflow([task('a')], { id: 'two' }))
  expect(tree(await exported(orchestrator, { executionId: id }))).toEqual([
    'invoke_workflow one',
    'invoke_workflow one > invoke_agent work',
  ])
  expect(await exported(orchestrator, { workflowId: 'two' })).toHaveLength(2)
  expect(await exported(orchestrator, { until: new Date(0) })).toEqual([])
  expect(await rejection(exported(orchestrator, { executionId: 'none' }))).toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
  expect(await rejection(exported(orchestrator, { since: 'x' } as never))).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
})

// Each page was made of the whole execution anew: 100,000 tasks made the process 1.8 GB larger.
it('an execution of many tasks with large outputs is exported part by part, and little of it is held', async () => {
  const program = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const [, , path, kept, count, bytes] = process.argv
    const monitoring = { enableMetrics: false }
    const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability: 'os' }, workflow: { maxTasks: 1e6 }, monitoring })
    const execute = async ({ id }) => id.padEnd(Number(bytes), id)
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }), maxAgents: 1, maxConcurrency: 100 })
    await orchestrator.ready()
    if (kept === 'run') {
      const tasks = Array.from({ length: Number(count) }, (_, place) => ({ id: 't' + place, name: 't', agentId: 'work', type: 'parallel', dependencies: [] }))
      await orchestrator.executeWorkflow({ id: 'wide', name: 'W', version: '1', tasks }, {}, { executionId: 'one' })
    } else {
      // What the thread of facts holds until it has caught up is not the export's.
      while ((await orchestrator.listExecutions({ fields: 'summary', limit: 1 }).catch(() => undefined)) === undefined);
      gc()
      const before = process.memoryUsage.rss()
      let [most, spans] = [before, 0]
      for await (const line of orchestrator.executionMonitor.exportTraces({ executionId: 'one' })) {
        spans += line.split('"spanId"').length - 1
        most = Math.max(most, process.memoryUsage.rss())
      }
      console.log(JSON.stringify({ spans, more: (most - before) / 2 ** 20 }))
    }
    await orchestrator.shutdown()
  `
  const path = storePath(folder)
  const [count, bytes] = [5000, 30_000]
  expect((await new Child(writeInto(folder, 'many.mjs', program), [path, 'run', `${count}`, `${bytes}`]).ended()).code).toBe(0)
  const { stdout } = await new Child(join(folder, 'many.mjs'), [path, 'export', `${count}`, `${bytes}`], ['--expose-gc']).ended()
  const { spans, more } = JSON.parse(stdout) as { spans: number; more: number }
  expect(spans).toBe(count + 1)
  // The outputs alone are 143 MiB.
  expect(more).toBeLessThan(100)
}, 120_000)

it('what an attempt calls is told its trace: models over HTTP, and whatever the agent calls itself', async () => {
  const heard: unknown[] = []
  const server = createServer((request, response) => {
    heard.push(request.headers['traceparent'])
    request.resume().on('end', () => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        JSON.stringify({
          id: 'x',
          object: 'chat.completion',
          created: 1,
          model: 'm',
          choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'yes' } }],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        }),
      )
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  let own: string | undefined
  const orchestrator = orchestratorWith(
    {
      work: async (_task, { models, traceparent }) => {
        own = traceparent
        return (await models.generate({ prompt: 'x', model: 'm' })).text
      },
    },
    {
      monitoring: { enableTracing: true },
      models: {
        providers: { local: { kind: 'compatible', endpoint: `http://127.0.0.1:${port}/v1`, apiKey: 'k', allowPrivate: true } },
      } as never,
    },
  )
  await orchestrator.executeWorkflow(workflow([task('a')]))
  server.close()
  const attempt = (await exported(orchestrator)).find(({ name }) => name === 'invoke_agent work')
  expect(own).toBe(`00-${attempt?.traceId}-${attempt?.spanId}-01`)
  expect(heard).toEqual([own])
})

it('after a process was killed the next one sends every span once, and none lacks its parent', async () => {
  const path = storePath(folder)
  const { url, spans } = await collecting()
  const program = `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = ${JSON.stringify(url)}
    const [, , path, lasts] = process.argv
    const orchestrator = new MultiAgentOrchestrator({ storage: { path }, monitoring: { enableTracing: true } })
    const execute = async ({ id }) => {
      if (id !== 'last') return 1
      console.log('at the last')
      if (lasts === 'yes') await new Promise((resolve) => setTimeout(resolve, 60_000))
      return 2
    }
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute }) })
    const part = { id: 'part', name: 'P', version: '1', tasks: [{ id: 'inner', name: 'I', agentId: 'work' }, { id: 'last', name: 'L', agentId: 'work', dependencies: ['inner'] }] }
    const whole = { id: 'whole', name: 'W', version: '1', tasks: [{ id: 'a', name: 'A', agentId: 'work' }, { id: 'b', name: 'B', dependencies: ['a'], workflow: part }] }
    if (lasts === 'yes') await orchestrator.startWorkflow(whole, {}, { executionId: 'one' })
    else {
      await orchestrator.ready()
      await orchestrator.getHandle('one').result()
      await orchestrator.shutdown()
    }
  `
  const first = start(folder, program, [path, 'yes'])
  await first.says('at the last')
  await first.kill()
  const second = await start(folder, program, [path, 'no']).ended()
  expect({ code: second.code, stderr: second.stderr }).toEqual({ code: 0, stderr: '' })
  expectWhole(spans)
  expect(tree(spans)).toEqual(
    [
      'invoke_workflow whole',
      'invoke_workflow whole > invoke_agent work',
      'invoke_workflow whole > task b',
      'invoke_workflow whole > task b > invoke_workflow part',
      'invoke_workflow whole > task b > invoke_workflow part > invoke_agent work',
      'invoke_workflow whole > task b > invoke_workflow part > invoke_agent work',
      'invoke_workflow whole > task b > invoke_workflow part > invoke_agent work',
      'invoke_workflow whole > task b',
    ].toSorted(),
  )
}, 60_000)

const rotel = join(root, 'target/servers/rotel/rotel/rotel-agent')

it.skipIf(!existsSync(rotel))(
  'rotel, a collector that `npm run test:servers` brings, takes them whole',
  async () => {
    const port = await freePort()
    const at = `127.0.0.1:${port}`
    const args = ['start', '--otlp-http-endpoint', at, '--otlp-grpc-endpoint', `127.0.0.1:${await freePort()}`, '--exporter', 'blackhole']
    const child = spawn(rotel, [...args, '--debug-log', 'traces', '--debug-log-verbosity', 'detailed'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let told = ''
    for (const out of [child.stdout, child.stderr]) out.setEncoding('utf8').on('data', (text: string) => (told += text))
    try {
      await until(() => isOpen(port))
      process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = `http://${at}`
      const orchestrator = traced({ storage: { path: storePath(folder) } })
      const { id } = await orchestrator.executeWorkflow(STUDY)
      const spans = [...(await exported(orchestrator, { executionId: id })), ...(await exported(orchestrator, { workflowId: 'part' }))]
      await orchestrator.shutdown()
      // It writes ids without letters of either case left out.
      await until(() => spans.every(({ spanId }) => told.toLowerCase().includes(spanId)))
      for (const { traceId, name } of spans) {
        expect(told.toLowerCase()).toContain(traceId)
        expect(told).toContain(name)
      }
      expect(told).toContain('gen_ai.provider.name')
    } finally {
      child.kill()
    }
  },
  30_000,
)

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return port
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => (socket.destroy(), resolve(true)))
    socket.on('error', () => resolve(false))
  })
}
