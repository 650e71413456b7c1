// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The typed layer, as a strict user has it. It is checked, never run: each `@ts-expect-error` must be one. What the errors say is in typed-errors.spec.ts.

import {
  defineAgents,
  defineWorkflow,
  MultiAgentOrchestrator,
  type AgentWorkflow,
  type ExecutionHandle,
  type TaskInput,
  type TypedWorkflow,
  type WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import { z } from 'zod'
import * as z3 from 'zod3'
import * as z40 from 'zod40'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const check = <T extends true>(): T => true as T

const orchestrator = new MultiAgentOrchestrator()
const context = z.object({ userId: z.string(), limit: z.coerce.number().default(10) })

class Counter {
  execute(): Promise<{ count: bigint | number }> {
    return Promise.resolve({ count: 1 })
  }
}

const agents = defineAgents({
  // What an agent says it reads is what it may read.
  fetcher: async (task: TaskInput<typeof context>, { signal }) => {
    check<Equal<typeof task.context.limit, number>>()
    return { rows: 3, user: task.context.userId, at: new Date(), stopped: signal.aborted, more: undefined as string | undefined }
  },
  reporter: async (task: TaskInput<{ userId: string }, { 'fetch-data': { rows: number } }>) =>
    `${task.context.dependencies['fetch-data'].rows} rows`,
  // In words of its own, and of any task.
  old: async (task: { context: { userId: string } }) => task.context.userId.length,
  loose: (task, ctx) => {
    check<Equal<typeof task, TaskInput>>()
    return task.context['anything'] === ctx.attempt
  },
  nothing: async () => {},
  counter: { create: () => new Counter(), maxConcurrency: 3 },
  writer: { type: 'llm', configuration: { model: 'openai/gpt-5-mini' } },
  apart: { isolation: 'worker', module: '/agent.mjs' },
})

export const flow = defineWorkflow({
  id: 'everything',
  context,
  agents,
  failurePolicy: 'continue',
  durability: 'os',
  deadline: '2h',
  tasks: [
    {
      id: 'fetch-data',
      agentId: 'fetcher',
      timeout: '10s',
      retryPolicy: { maxAttempts: 3, backoffType: 'exponential', initialDelay: '1s' },
    },
    { id: 'report', agentId: 'reporter', dependencies: ['fetch-data'] },
    { id: 'maybe', agentId: 'old', conditions: ['context.limit > 3'] },
    { id: 'tolerated', agentId: 'old', onError: 'continue' },
    { id: 'replaced', agentId: 'reporter', dependencies: ['fetch-data'], fallback: { value: 0 } },
    { id: 'written', agentId: 'writer', outputSchema: z.object({ text: z.string(), at: z.coerce.date() }) },
    { id: 'count', agentId: 'counter' },
    { id: 'none', agentId: 'nothing' },
    { id: 'apart', agentId: 'apart' },
    {
      id: 'group',
      type: 'parallel',
      tasks: [
        { id: 'one', agentId: 'loose' },
        { id: 'two', agentId: 'old', dependencies: ['one'] },
      ],
    },
    { id: 'each', type: 'loop', loop: { forEach: 'context.list', concurrency: 2 }, agentId: 'old' },
    { id: 'again', type: 'loop', loop: { while: 'iteration < 3' }, tasks: [{ id: 'inside', agentId: 'old' }] },
    {
      id: 'pick',
      type: 'conditional',
      branches: [
        { when: 'context.limit > 3', tasks: [{ id: 'many', agentId: 'old' }] },
        {
          when: 'true',
          tasks: [
            { id: 'few', agentId: 'old', type: 'sequential' },
            { id: 'fetch-data2', agentId: 'loose' },
          ],
        },
      ],
      default: [{ id: 'else', agentId: 'loose' }],
    },
    { id: 'approved', waitFor: { signal: 'approve', timeout: '1d', schema: z.object({ ok: z.boolean() }) } },
    { id: 'child', workflow: defineWorkflow({ id: 'inner', agents, tasks: [{ id: 'deep', agentId: 'old' }] }) },
    { id: 'by-id', workflow: 'elsewhere' },
    { id: 'raw', agentId: 'writer', outputSchema: { type: 'object' } },
  ],
})

type Results = NonNullable<NonNullable<(typeof flow)['~types']>['results']>
check<Equal<Results['fetch-data'], { rows: number; user: string; at: string; stopped: boolean; more: string | undefined }>>()
check<Equal<Results['report'], string>>()
check<Equal<Results['maybe'], number | undefined>>()
check<Equal<Results['tolerated'], number | null>>()
check<Equal<Results['replaced'], string | 0>>()
check<Equal<Results['written'], { text: string; at: string }>>()
check<Equal<Results['none'], null>>()
check<Equal<Results['apart'], unknown>>()
check<Equal<Results['each'], readonly number[]>>()
check<Equal<Results['approved'], { ok: boolean }>>()
check<Equal<Results['by-id'], unknown>>()
check<Equal<Results['raw'], unknown>>()
export const one: boolean = ({} as Results).group.one
export const inside: number | undefined = ({} as Results).again?.inside
export const deep: number = ({} as Results).child.deep
export function picked({ output }: Results['pick']): number {
  return 'many' in output ? output.many : 0
}

export async function run(): Promise<void> {
  const execution = await orchestrator.executeWorkflow(flow, { userId: 'u' }, { deadline: '1m' })
  const rows: number = execution.results['fetch-data'].rows
  check<Equal<typeof execution.results.report, string>>()
  const handle: ExecutionHandle<{ readonly report: string }> = await orchestrator.startWorkflow(flow, { userId: 'u', limit: '3' })
  const report: string = (await handle.result()).results.report
  check<Equal<Awaited<ReturnType<typeof handle.settled>>['results'], Partial<{ readonly report: string }>>>()
  await orchestrator.scheduleWorkflow(flow, { cron: '0 2 * * *' }, { userId: 'u' })
  // A typed workflow is a workflow.
  const plain: AgentWorkflow = flow
  const known: TypedWorkflow<{ userId: string }, { report: string }> = flow
  const untyped: WorkflowExecution = await orchestrator.executeWorkflow(plain, { anything: 1 })
  orchestrator.workflowEngine.registerWorkflow(flow)
  console.log(rows, report, known.id, untyped.results['x'], flow.version?.length)

  // @ts-expect-error -- a misspelt field of the context
  await orchestrator.executeWorkflow(flow, { userID: 'u' })
  // @ts-expect-error -- a field of another type
  await orchestrator.startWorkflow(flow, { userId: 7 })
  // @ts-expect-error -- no context, where something is required
  await orchestrator.executeWorkflow(flow)
  // @ts-expect-error -- likewise for a schedule
  await orchestrator.scheduleWorkflow(flow, { every: '1h' })
  // @ts-expect-error -- no such task
  console.log(execution.results.reports)
  // @ts-expect-error -- no such field of its output
  console.log(execution.results['fetch-data'].row)
  // Without anything it must have, a context may be left out.
  const free = defineWorkflow({
    id: 'free',
    context: z.object({ n: z.number().optional() }),
    agents,
    tasks: [{ id: 'a', agentId: 'loose' }],
  })
  await orchestrator.executeWorkflow(free)
}

const w = { id: 'w', agents } as const
const c = { ...w, context } as const
const a = { id: 'a', agentId: 'loose' } as const
export const refused = [
  // @ts-expect-error -- no such agent
  defineWorkflow({ ...w, tasks: [{ id: 'a', agentId: 'fetchr' }] }),
  // @ts-expect-error -- no such sibling
  defineWorkflow({ ...w, tasks: [a, { id: 'b', agentId: 'loose', dependencies: ['c'] }] }),
  // @ts-expect-error -- in another list
  defineWorkflow({ ...w, tasks: [a, { id: 'g', tasks: [{ id: 'b', agentId: 'loose', dependencies: ['a'] }] }] }),
  // @ts-expect-error -- no duration
  defineWorkflow({ ...w, tasks: [{ ...a, timeout: '30 seconds' }] }),
  // @ts-expect-error -- no duration, further inside
  defineWorkflow({ ...w, tasks: [{ ...a, retryPolicy: { maxAttempts: 2, initialDelay: 'soon' } }] }),
  // @ts-expect-error -- no such word
  defineWorkflow({ ...w, tasks: [{ ...a, type: 'paralel' }] }),
  // @ts-expect-error -- no such field
  defineWorkflow({ ...w, tasks: [{ id: 'a', agentId: 'loose', dependsOn: [] }] }),
  // @ts-expect-error -- no such field, in a branch
  defineWorkflow({ ...w, tasks: [{ id: 'i', type: 'conditional', branches: [{ when: '', tasks: [{ ...a, needs: 1 }] }] }] }),
  // @ts-expect-error -- no such field of a workflow
  defineWorkflow({ id: 'w', agents, steps: [], tasks: [a] }),
  // @ts-expect-error -- the agent reads what the context has not
  defineWorkflow({ ...w, context: z.object({ user: z.string() }), tasks: [{ id: 'a', agentId: 'old' }] }),
  defineWorkflow({
    ...c,
    tasks: [
      { id: 'fetch-data', agentId: 'fetcher' },
      // @ts-expect-error -- the agent reads a task that its own does not depend on
      { id: 'b', agentId: 'reporter', dependencies: [] },
    ],
  }),
  defineWorkflow({
    ...c,
    tasks: [
      { ...a, id: 'fetch-data' },
      // @ts-expect-error -- the agent reads what that task does not give
      { id: 'b', agentId: 'reporter', dependencies: ['fetch-data'] },
    ],
  }),
]

// Any agent may be named where none are told, and one that is built in.
defineWorkflow({ id: 'w', tasks: [{ id: 'a', agentId: 'whoever' }] })
defineWorkflow({
  id: 'w',
  agents,
  tasks: [
    { id: 'a', agentId: 'llm' },
    { id: 'b', requires: ['flying'] },
  ],
})
// Agents in place.
export const inline = defineWorkflow({ id: 'w', agents: { a: async (task) => task.attempt }, tasks: [{ id: 'a', agentId: 'a' }] })

// Three versions of zod side by side.
const contexts = {
  four: z.object({ userId: z.string() }),
  three: z3.object({ userId: z3.string() }),
  forty: z40.object({ userId: z40.string() }),
}
const readers = defineAgents({
  four: async ({ context: { userId } }: TaskInput<typeof contexts.four>) => userId,
  three: async ({ context: { userId } }: TaskInput<typeof contexts.three>) => userId,
  forty: async ({ context: { userId } }: TaskInput<typeof contexts.forty>) => userId,
})
export const beside = [
  defineWorkflow({
    id: 'w',
    context: contexts.four,
    agents: readers,
    tasks: [{ id: 'a', agentId: 'three', outputSchema: contexts.forty }],
  }),
  defineWorkflow({
    id: 'w',
    context: contexts.three,
    agents: readers,
    tasks: [{ id: 'a', agentId: 'forty', outputSchema: contexts.four }],
  }),
  defineWorkflow({
    id: 'w',
    context: contexts.forty,
    agents: readers,
    tasks: [{ id: 'a', agentId: 'four', outputSchema: contexts.three }],
  }),
]
export async function runBeside(): Promise<void> {
  for (const each of beside) {
    const { results } = await orchestrator.executeWorkflow(each, { userId: 'u' })
    check<Equal<typeof results.a, { userId: string }>>()
    // @ts-expect-error -- misspelt
    await orchestrator.executeWorkflow(each, { userID: 'u' })
  }
}

// Registered functions, spawned tasks, and what models are asked.
orchestrator.agentPool.registerAgents(agents)
orchestrator.agentPool.registerAgentType('short', async (task, ctx) => [task.input.data.anything, ctx.attempt])
orchestrator.agentPool.registerAgent('shorter', async (task: TaskInput<{ n: number }>, { spawn, models }) => {
  const spawned = await spawn({ id: 's', agentId: 'writer', outputSchema: z3.object({ text: z3.string() }) })
  check<Equal<typeof spawned, { text: string }>>()
  const child = await spawn({ id: 'c', workflow: flow, input: { data: { userId: 'u' } } })
  check<Equal<typeof child.report, string>>()
  const unknown = await spawn({ id: 'u', agentId: 'writer' })
  check<Equal<typeof unknown, unknown>>()
  // @ts-expect-error -- a misspelt field
  await spawn({ id: 'u', agentID: 'writer' })

  const schema = z40.object({ city: z40.string() })
  const answer = await models.generate({ prompt: 'Where?', schema })
  check<Equal<typeof answer.output, { city: string }>>()
  const tools = [{ name: 't', description: 'd', parameters: {} }]
  const orTools = await models.generate({ prompt: 'Where?', schema, tools })
  check<Equal<typeof orTools.output, { city: string } | undefined>>()
  const text = await models.generate({ prompt: 'Where?' })
  check<Equal<typeof text.output, unknown>>()
  for await (const part of models.stream({ prompt: 'Where?', schema }))
    if (part.type === 'done') check<Equal<typeof part.result.output, { city: string }>>()
  const streamed = await models.stream({ prompt: 'Where?', schema }).result()
  check<Equal<typeof streamed.output, { city: string }>>()
  // @ts-expect-error -- a misspelt field
  await models.generate({ promt: 'Where?', schema })
  return task.context.n + spawned.text.length
})
// @ts-expect-error -- no function
orchestrator.agentPool.registerAgent('none', 7)
