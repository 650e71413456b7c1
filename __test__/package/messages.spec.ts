// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a newcomer reads in the first hour. "Unknown field `dependsOn`; remove it" was the answer to people who came from elsewhere; a stack began with four lines
// of ours; a listener with a slip of the pen was never called, without a word.

import type { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { MultiAgentOrchestrator, OrchestratorError, type OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { KeptLog } from '../support/logs.ts'
import { orchestratorWith, rejection, task, thrownBy, untilAborted, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const working = (): MultiAgentOrchestrator => orchestratorWith({ work: () => 1 })

describe('the words of other products', () => {
  const problemsOf = (definition: unknown): string[] =>
    working()
      .workflowEngine.validateWorkflow(definition)
      .problems.map(({ path, message }) => `${path}: ${message}`)
  const ofTask = (rest: object): string | undefined => problemsOf({ id: 'w', tasks: [task('a'), { ...task('b'), ...rest }] })[0]

  it.each<[object, string]>([
    [{ dependsOn: ['a'] }, 'tasks[1].dependsOn: unknown field `dependsOn`; here that is `dependencies:'],
    [{ depends_on: ['a'] }, 'tasks[1].depends_on: unknown field `depends_on`; here that is `dependencies:'],
    [{ needs: ['a'] }, 'tasks[1].needs: unknown field `needs`; here that is `dependencies:'],
    [{ retries: 3 }, 'tasks[1].retries: unknown field `retries`; here that is `retryPolicy: { maxAttempts: 3 }`'],
    [{ steps: [] }, 'tasks[1].steps: unknown field `steps`; here that is `tasks:'],
    [{ prompt: 'x' }, "tasks[1].prompt: unknown field `prompt`; here that is `input: { prompt: '…' }`"],
    [{ if: 'true' }, "tasks[1].if: unknown field `if`; here that is `conditions: ['context.count > 0']`"],
    [{ forEach: [1] }, "tasks[1].forEach: unknown field `forEach`; here that is `type: 'loop'` with `loop: { forEach: … }`"],
    [{ agent: 'work' }, "tasks[1].agent: unknown field `agent`; here that is `agentId: 'name'`"],
    [{ continueOnError: true }, "tasks[1].continueOnError: unknown field `continueOnError`; here that is `onError: 'continue'`"],
    [{ input: { args: 1 } }, 'tasks[1].input.args: unknown field `args`; here that is `data: …`'],
    [{ retryPolicy: { maxAttempts: 2, backoff: 1 } }, 'tasks[1].retryPolicy.backoff: unknown field `backoff`; here that is `backoffType:'],
    [{ loop: { forEach: [1] } }, "tasks[1].loop: `loop` has no meaning on the call of an agent; write type: 'loop' beside it"],
    // A word that is nearly ours and no other product's is a slip of the pen.
    [{ dependancies: ['a'] }, 'tasks[1].dependancies: unknown field `dependancies`; did you mean `dependencies`?'],
    [{ colour: 'red' }, 'tasks[1].colour: unknown field `colour`; remove it'],
    [
      { type: 'paralel' },
      "tasks[1].type: must be 'sequential', 'parallel', 'conditional' or 'loop', found \"paralel\"; did you mean 'parallel'?",
    ],
  ])('%j', (rest, expected) => {
    expect(ofTask(rest)).toContain(expected)
  })

  it('in a workflow, a branch and a wait as well', () => {
    expect(problemsOf({ id: 'w', steps: [] })).toEqual(['steps: unknown field `steps`; here that is `tasks: [{ id, agentId }, …]`'])
    const branch = { id: 'c', type: 'conditional', branches: [{ if: 'true', tasks: [task('d')] }] }
    expect(problemsOf(workflow([branch as never]))[0]).toContain("here that is `when: '…'`")
    expect(problemsOf(workflow([{ id: 'e', waitFor: { event: 'go' } } as never]))[0]).toContain("here that is `signal: '…'`")
  })
})

describe('one mistake is one line', () => {
  // A word of another product was told twice: as unknown where it stood, and as missing where ours belongs.
  it.each<[object, string]>([
    [{ retryPolicy: { attempts: 3 } }, 'tasks[0].retryPolicy.attempts: unknown field `attempts`; here that is `maxAttempts`'],
    [{ type: 'loop', forEach: [1] }, 'tasks[0].forEach: unknown field `forEach`; here that is'],
    [{ agentId: undefined, type: 'conditional', branches: [{ if: 'true', tasks: [task('b')] }] }, 'tasks[0].branches[0].if: unknown field'],
    [{ retryPolicy: { maxAtempts: 3 } }, 'tasks[0].retryPolicy.maxAtempts: unknown field `maxAtempts`; did you mean `maxAttempts`?'],
  ])('%j', (rest, expected) => {
    const problems = working().workflowEngine.validateWorkflow({ id: 'w', tasks: [{ ...task('a'), ...rest }] }).problems
    expect(problems.map(({ path, message }) => `${path}: ${message}`)).toEqual([expect.stringContaining(expected)])
  })

  it('but what is missing beside a word that has nothing to do with it is told', () => {
    const { problems } = working().workflowEngine.validateWorkflow(workflow([task('a', { retryPolicy: { colour: 3 } as never })]))
    expect(problems.map(({ path }) => path)).toEqual(['tasks[0].retryPolicy.colour', 'tasks[0].retryPolicy.maxAttempts'])
  })
})

describe('a message says what was found and what to write', () => {
  const failing = async (tasks: readonly object[], context: object = {}): Promise<string> =>
    (await rejection(working().executeWorkflow(workflow(tasks as never), context))).message

  it('where a number stands for a string, and an object for an array', () => {
    const { problems } = working().workflowEngine.validateWorkflow({ id: 'w', version: 1, tasks: { a: {} } })
    expect(problems.map(({ message }) => message)).toEqual([
      "expected a string, found 1; write '1'",
      "expected an array of tasks such as [{ id: 'a', agentId: '…' }], found an object",
    ])
  })

  it('where a template or a condition reads what is not there', async () => {
    const reads = (prompt: string): object[] => [task('fetch'), task('b', { dependencies: ['fetch'], input: { prompt } })]
    const flow = { id: 'w', tasks: reads('Say {{ results.fetch.rows }} of {{ context.user.nam }}') }
    const of = orchestratorWith({ work: () => ({ ok: 1 }) })
    const said = async (context: object): Promise<string> => (await rejection(of.executeWorkflow(flow as never, context))).message
    expect(await said({ user: { name: 'Ada' } })).toContain('`results.fetch.rows` is undefined; `results.fetch` has `ok`; correct it, or')
    const other = reads('{{ context.user.nam }}')
    expect(await failing(other, { user: { name: 'Ada' } })).toContain('`context.user.nam` is undefined; did you mean `context.user.name`?')
    expect(await failing(other, { user: 7 })).toContain('`context.user.nam` is undefined; `context.user` is 7; correct it, or')
    expect(await failing([task('a', { conditions: ['context.n'] })], { n: 7 })).toContain(
      'the condition `context.n` is 7, not true or false; compare it, as in `context.n == 7`',
    )
  })

  it('where a key of the context is misspelt', async () => {
    const schema = z.object({ userId: z.string() })
    expect(await failing([task('a', { input: { schema } })], { userID: 'u' })).toMatch(
      /context\.userId: .*; there is `userID`: rename it to `userId`$/,
    )
    expect(await failing([task('a', { input: { schema } })], { colour: 'u' })).not.toContain('rename')
  })

  it('where the context of a child workflow does not fit', async () => {
    const schema = z.object({ n: z.number() })
    const child = workflow([task('y', { input: { schema } })], { id: 'c' })
    expect(await failing([{ id: 'x', workflow: child }])).toMatch(
      /^task `x` failed: child workflow `c` failed: .*; this context is the `input\.data` of task `x`, which runs the workflow: write `input: { data: { … } }` there$/,
    )
  })
})

describe('an agent that ignores its signal', () => {
  it('is told of a second later, once', async () => {
    let end = (): void => {}
    let tell: (message: string) => void = () => {}
    const told = new Promise<string>((resolve) => (tell = resolve))
    const logger = { error: () => {}, warn: (_: unknown, message: string): void => tell(message) }
    const of = orchestratorWith({ work: () => new Promise((resolve) => (end = () => resolve(1))) }, { logger })
    const call = rejection(of.executeWorkflow(workflow([task('a', { timeout: 1 })])))
    expect(await told).toBe(
      'agent `work` still runs task `a` 1 s after it was told to stop (the attempt of task `a` exceeded its timeout), and is given up after 5 s; its `execute(task, ctx)` gets an AbortSignal, `ctx.signal`: pass it to what it awaits, as in `fetch(url, { signal: ctx.signal })`',
    )
    end()
    expect(await call).toMatchObject({ code: 'ERR_TASK_FAILED' })
  })
})

describe('what is no workflow', () => {
  it.each<[unknown, string]>([
    [undefined, 'found undefined; is it exported'],
    [null, 'found null'],
    ['w', "found 'w'; a registered workflow runs by its id as a task: { id: 'a', workflow: 'w' }"],
    [Promise.resolve({}), 'found a promise; did you forget await?'],
    [[task('a')], 'found an array'],
  ])('%s', async (given, expected) => {
    const error = await rejection(working().executeWorkflow(given as never))
    expect(error.message).toContain(`expected an object such as { id: 'flow', tasks: [{ id: 'a', agentId: 'worker' }] }, ${expected}`)
    expect(working().workflowEngine.validateWorkflow(given)).toMatchObject({ valid: false, problems: [{ path: '' }] })
  })
})

describe('expressions', () => {
  const refused = (expression: string): string =>
    working().workflowEngine.validateWorkflow(workflow([task('fetch-data'), task('b', { conditions: [expression] })])).problems[0]
      ?.message ?? ''

  it.each<[string, string]>([
    [
      "context.name.includes('a')",
      "there is no function `includes`; write `'a' in list` for an array or an object, and text.contains('a')",
    ],
    ["context.name.matches('^a')", 'there are no regular expressions'],
    ['context.list.some(x => x > 1)', 'there are no arrow functions: write list.exists(item, item > 1)'],
    ['context.n === 1', 'compare with `==`, which never converts'],
    ['context.a?.b == 1', 'ask first: has(a.b) && a.b > 1'],
    ["timestamp('2026-01-01T00:00:00Z') < 1", 'expressions have no clock'],
    ['context.list.length() > 0', 'write size(value)'],
    ['type(context.n) == int', "type() gives a string: compare with 'int'"],
    ['results.fetch-data.rows > 1', "if `fetch-data` is one key, write results['fetch-data']"],
    ['1u == context.n', 'leave out the `u`'],
  ])('%s', (expression, expected) => {
    expect(refused(expression)).toContain(expected)
  })

  it('`.length` of a list says `size` when it is read', async () => {
    const flow = workflow([task('a', { conditions: ['context.list.length > 0'] })])
    const error = await rejection(working().executeWorkflow(flow, { list: [1] }))
    expect(error.message).toContain('an array of 1 item has no `length`; write size(context.list)')
    // A member of that name is one.
    const { results } = await working().executeWorkflow(flow, { list: { length: 1 } })
    expect(results).toEqual({ a: 1 })
  })
})

describe('the stack of an error begins at the line that called', () => {
  const here = 'messages.spec.ts'
  const first = (error: unknown): string => /\n\s+at (.*)/.exec((error as Error).stack ?? '')?.[1] ?? ''

  it.each<[string, (of: MultiAgentOrchestrator) => unknown]>([
    ['executeWorkflow', (of) => of.executeWorkflow({ id: 'w' } as never)],
    ['executeWorkflow, that fails', (of) => of.executeWorkflow(workflow([task('a', { agentId: 'bad' })]))],
    ['startWorkflow', (of) => of.startWorkflow({ id: 'w' } as never)],
    ['handle.result', async (of) => (await of.startWorkflow(workflow([task('a', { agentId: 'bad' })]))).result()],
    ['getHandle', (of) => of.getHandle('nobody').status()],
    ['cancelExecution', (of) => of.cancelExecution('nobody')],
    ['scheduleWorkflow', (of) => of.scheduleWorkflow(workflow([task('a')]), { cron: '@daily' })],
    ['registerAgentType', (of) => of.agentPool.registerAgentType('work', () => 1)],
    ['registerAgents', (of) => of.agentPool.registerAgents({ a: 1 } as never)],
    ['registerTool', (of) => of.agentPool.registerTool({ name: '' } as never)],
    ['registerWorkflow', (of) => of.workflowEngine.registerWorkflow({} as never)],
    ['loadWorkflow', (of) => of.workflowEngine.loadWorkflow({ text: '{' })],
    ['generate', (of) => of.modelIntegration.generate({})],
    ['new', () => new MultiAgentOrchestrator({ storge: {} } as OrchestratorConfig)],
  ])('%s', async (_name, call) => {
    const of = orchestratorWith({
      work: () => 1,
      bad: () => {
        throw new Error('broken')
      },
    })
    let error: unknown
    try {
      await call(of)
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(OrchestratorError)
    expect(first(error)).toContain(here)
  })

  it('what an agent threw keeps its own', async () => {
    const broken = new Error('broken')
    const { stack } = broken
    const of = orchestratorWith({ bad: () => Promise.reject(broken) })
    const error = await rejection(of.executeWorkflow(workflow([task('a', { agentId: 'bad' })])))
    expect(error.cause).toBe(broken)
    expect(broken.stack).toBe(stack)
  })

  it('one that no caller awaits keeps what there is', async () => {
    const of = working()
    const call = of.executeWorkflow({ id: 'w' } as never).catch((error: unknown) => error)
    expect(((await call) as Error).stack).toMatch(/^ValidationError: .*\n\s+at /)
  })
})

describe('a listener for an event that there is not', () => {
  const listened = (): { of: MultiAgentOrchestrator; logger: KeptLog } => {
    const logger = new KeptLog()
    return { of: orchestratorWith({ work: () => 1 }, { logger }), logger }
  }

  it('is warned of once, with what was meant and where it was added', () => {
    const { of: given, logger } = listened()
    const of = given as EventEmitter
    of.on('task:complete', () => {})
    of.once('task:complete', () => {})
    expect(logger.messages).toEqual([
      expect.stringMatching(
        /^there is no event 'task:complete', so its listener is never called; did you mean 'task:completed'\? \(at .*messages\.spec\.ts/,
      ),
    ])
    expect(logger.lines[0]).toMatchObject({ level: 'warn', event: 'listener:unknown', code: 'ERR_LISTENER' })
  })

  it('also of the pool, and for what is called so elsewhere', () => {
    const { of, logger } = listened()
    ;(of as EventEmitter).on('error', () => {})
    ;(of.agentPool as unknown as EventEmitter).on('agent:creatd', () => {})
    expect(logger.messages).toEqual([
      expect.stringContaining("what fails is announced as 'workflow:failed' and 'task:failed'"),
      expect.stringContaining("did you mean 'agent:created'?"),
    ])
  })

  it('is not, for those that there are', () => {
    const { of, logger } = listened()
    of.on('task:completed', () => {})
    for (const name of ['newListener', Symbol('own')]) (of as EventEmitter).on(name, () => {})
    of.agentPool.on('agent:created', () => {})
    expect(logger.messages).toEqual([])
  })
})

describe('calls and what ends them', () => {
  it('a shutdown that overtakes a call says so', async () => {
    const of = working()
    const call = rejection(of.executeWorkflow(workflow([task('a')])))
    await of.shutdown()
    expect(await call).toMatchObject({
      code: 'ERR_CLOSED',
      message:
        'executeWorkflow of workflow `flow` was still under way when the orchestrator was shut down, and began nothing; await it before `shutdown()`',
    })
    expect((await rejection(of.executeWorkflow(workflow([task('a')])))).message).toBe(
      'executeWorkflow is refused: the orchestrator has been shut down; create another with `new MultiAgentOrchestrator(…)`',
    )
  })

  it('a changed definition is told by what it cannot run yet, and what ends that', async () => {
    const of = orchestratorWith({ work: (_, { signal }) => untilAborted(signal) })
    const ids = await Promise.all(Array.from({ length: 7 }, async () => (await of.startWorkflow(workflow([task('a')]))).id))
    const error = await rejection(of.startWorkflow(workflow([task('b')])))
    const listed = ids.toSorted()
    expect(error.message).toContain(
      `executions ${listed
        .slice(0, 5)
        .map((id) => `\`${id}\``)
        .join(', ')} and 2 more`,
    )
    expect(error.message).toContain(`await cancelExecution('${listed[0]}')`)
  })

  it('options that are called otherwise elsewhere', async () => {
    const said = async (options: object): Promise<string> =>
      (await rejection(working().executeWorkflow(workflow([task('a')]), {}, options))).message
    expect(await said({ timeout: '5s' })).toContain("options.timeout: is not an option; write `deadline: '30s'`")
    expect(await said({ executionID: 'x' })).toContain('did you mean `executionId`?')
    expect(await said({ colour: 1 })).toContain('these are: signal, deadline')
  })

  it('a timeout of 30 is 30 milliseconds', async () => {
    const of = orchestratorWith({ work: (_, { signal }) => untilAborted(signal) })
    const error = await rejection(of.executeWorkflow(workflow([task('a', { timeout: 30 })])))
    expect(error.message).toContain("timeout of 30 ms; numbers are milliseconds, and '30s' is 30 seconds")
  })

  it('stores that do not open', async () => {
    const opening = async (path: string): Promise<string> => (await rejection(orchestratorWith({}, { storage: { path } }).ready())).message
    const missing = storePath(`${folder}/nowhere`)
    expect(await opening(missing)).toBe(
      `\`${missing}\` cannot be opened; its folder \`${folder}/nowhere\` does not exist; create it, or correct \`storage.path\``,
    )
    expect(await opening(folder)).toContain('it is a folder; `storage.path` names a file, such as')
    const { message } = thrownBy(() => new MultiAgentOrchestrator({ storage: './x.sqlite' as never }))
    expect(message).toContain("storage: must be an object: { path: './x.sqlite' }")
  })

  it('agents that are made in another form', async () => {
    const { agentPool } = working()
    const told = thrownBy(() => agentPool.registerAgentType('f', { execute: () => 1 } as never)).message
    expect(told).toContain('write { create: () => ({ execute }) }, or registerAgent(name, execute)')
    const of = working()
    of.agentPool.registerAgentType('f', { create: () => (() => 1) as never })
    const error = await rejection(of.executeWorkflow(workflow([task('a', { agentId: 'f' })])))
    expect(error.message).toContain('returned a function; return { execute: async (task, context) => … }, or register that function itself')
  })
})
