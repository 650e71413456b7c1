// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is kept of an error: causes, the errors it is made of, its own fields; and the reason of a cancel on its way down.

import { describe, expect, it } from 'vitest'
import {
  ModelError,
  TaskFailedError,
  ValidationError,
  type OrchestratorConfig,
  type WorkflowExecution,
} from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder, writeInto } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { orchestratorWith, rejection, task, until, untilAborted, workflow, type Execute } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const file = (): OrchestratorConfig => ({ storage: { path: storePath(folder), durability: 'os' } })

class PayError extends Error {
  override readonly name = 'PayError'
  readonly statusCode = 402
  readonly headers = { retry: 'no', 'x-api-key': 'k', Authorization: 'Bearer b' }
}

/** What an agent threw, as a caller of this process and one of the next see it. */
async function thrownAs(
  make: () => unknown,
  config: OrchestratorConfig = file(),
): Promise<{ now: Error; later: Error; execution: WorkflowExecution }> {
  const first = orchestratorWith({ work: () => Promise.reject(make()) }, config)
  const now = await rejection(first.executeWorkflow(workflow([task('a')])))
  await first.shutdown()
  const later = await rejection(
    orchestratorWith({}, config)
      .getHandle(now.execution?.id ?? '')
      .result(),
  )
  return { now: now.cause as Error, later: later.cause as Error, execution: later.execution as WorkflowExecution }
}

// After a restart a payment error was its message: its cause, its `errors`, its status code and the id of its request were gone.
describe('an error after a restart', () => {
  it('has its cause, and the causes of that, each with its class, code, fields and stack', async () => {
    const socket = Object.assign(new TypeError('inner socket'), { code: 'ECONNRESET', errno: -104 })
    const { now, later } = await thrownAs(() => new PayError('outer failed', { cause: new Error('middle', { cause: socket }) }))
    for (const error of [now, later]) {
      expect(error).toMatchObject({ name: 'PayError', message: 'outer failed', statusCode: 402 })
      expect(error.cause).toMatchObject({ message: 'middle', cause: { message: 'inner socket', code: 'ECONNRESET', errno: -104 } })
      expect((error.cause as Error).cause).toBeInstanceOf(TypeError)
      expect(((error.cause as Error).cause as Error).stack).toMatch(/^TypeError: inner socket\n/)
      expect(Object.keys(error)).not.toContain('cause')
    }
  })

  it('has the errors it is made of', async () => {
    const { later, execution } = await thrownAs(() => new AggregateError([new Error('one'), new RangeError('two'), 'three'], 'both'))
    expect(later).toBeInstanceOf(AggregateError)
    const [one, two, three] = (later as AggregateError).errors as [Error, Error, string]
    expect([one.message, two instanceof RangeError, three]).toEqual(['one', true, 'three'])
    expect(execution.error?.details).toMatchObject({ errors: [{ message: 'one' }, { name: 'RangeError' }, { value: 'three' }] })
  })

  it('has its plain fields, without secrets, sockets and functions', async () => {
    const { later, execution } = await thrownAs(() => {
      const error = new PayError('declined')
      return Object.assign(error, {
        socket: new (class Socket {
          open = true
        })(),
        big: 10n,
        fn: () => 1,
        map: new Map(),
        nan: Number.NaN,
        self: error,
        response: { status: 500, data: { why: 'db down', when: [1, null, { socket: new Map() }] }, cookie: 'c', accessToken: 't' },
      })
    })
    expect(execution.error?.details?.['fields']).toEqual({
      statusCode: 402,
      headers: { retry: 'no', 'x-api-key': '[hidden]', Authorization: '[hidden]' },
      response: { status: 500, data: { why: 'db down', when: [1, null, {}] }, cookie: '[hidden]', accessToken: '[hidden]' },
    })
    expect(later).toMatchObject({ statusCode: 402, response: { status: 500, data: { why: 'db down' } } })
  })

  it('is one of ours in its own class, with its details and its cause', async () => {
    const make = (): Error =>
      new ModelError('ERR_MODEL', 'nobody answers', { details: { attempts: [{ status: 503 }] }, cause: new Error('busy') })
    const { now, later } = await thrownAs(make)
    for (const error of [now, later]) {
      expect(error).toBeInstanceOf(ModelError)
      expect(error).toMatchObject({ code: 'ERR_MODEL', details: { attempts: [{ status: 503 }] }, cause: { message: 'busy' } })
    }
    const wrapped = await thrownAs(
      () => new Error('no', { cause: new ValidationError('ERR_INVALID_ARGUMENT', 'bad', [{ path: 'a', message: 'is b' }]) }),
    )
    expect(wrapped.later.cause).toBeInstanceOf(ValidationError)
    expect(wrapped.later.cause).toMatchObject({ message: 'bad: a: is b', issues: [{ path: 'a', message: 'is b' }] })
  })

  it('keeps causes that are no errors, and stops at a cycle', async () => {
    const { later } = await thrownAs(() => new Error('outer', { cause: { reason: 'plain', n: 1 } }))
    expect(later.cause).toEqual({ reason: 'plain', n: 1 })
    const cycle = await thrownAs(() => {
      const error = new Error('round')
      error.cause = new Error('and', { cause: error })
      return error
    })
    expect(cycle.later).toMatchObject({ message: 'round', cause: { message: 'and' } })
    expect((cycle.later.cause as Error).cause).toBeUndefined()
  })

  it('takes 16 KiB at most, 8 causes deep, and what tells most is there', async () => {
    const deep = Array.from({ length: 12 }).reduce<Error | undefined>(
      (cause, _, level) => new Error(`level ${level}`, { cause }),
      undefined,
    )
    const huge = Object.assign(new Error('huge', { cause: deep }), {
      body: 'ä'.repeat(100_000),
      status: 500,
      list: Array.from({ length: 1e5 }, () => 1),
    })
    huge.stack = 'x'.repeat(50_000)
    const wide = new AggregateError(
      Array.from({ length: 1000 }, (_, n) => new Error('€'.repeat(3000), { cause: n })),
      'wide',
    )
    for (const make of [() => huge, () => wide]) {
      const { execution } = await thrownAs(make)
      expect(Buffer.byteLength(JSON.stringify(execution.error?.details))).toBeLessThanOrEqual(16 * 1024)
    }
    const { later } = await thrownAs(() => huge)
    expect(later).toMatchObject({ status: 500, cause: { message: 'level 11' } })
    expect(later.stack?.length).toBeGreaterThan(1000)
    let depth = 0
    for (let error: unknown = later.cause; error !== undefined; error = (error as Error).cause) depth += 1
    expect(depth).toBe(8)
  })

  it('is none that throws when it is looked at', async () => {
    const traps = new Proxy(new Error('trap'), {
      get: () => {
        throw new Error('no')
      },
      ownKeys: () => {
        throw new Error('no')
      },
    })
    const { execution } = await thrownAs(
      () => new AggregateError([traps, Object.defineProperty(new Error('g'), 'cause', { get: () => traps.message })], 'both'),
    )
    expect(execution.error).toMatchObject({ message: 'both', details: { errors: [{}, { message: 'g' }] } })
  })
})

// `throw { code: 'X1', message: 'no' }` failed with "threw [object Object]".
it('a thrown object that is no Error says its message', async () => {
  const { now, later, execution } = await thrownAs(() => ({ code: 'X1', message: 'plain object', status: 3 }))
  expect(now).toEqual({ code: 'X1', message: 'plain object', status: 3 })
  expect(later).toMatchObject({ code: 'X1', message: 'plain object', status: 3 })
  expect(execution.error).toMatchObject({ code: 'X1', message: 'plain object' })
})

it('what a retry waits for, and whether there is one, is the same wherever it crashes', async () => {
  const fail: Execute = ({ attempt }) => {
    if (attempt === 1) throw new PayError('declined', { cause: new TypeError('socket') })
    return 'paid'
  }
  const kit = await kitWith({ work: fail }, { storage: 'file' })
  const flow = workflow([task('a', { retryPolicy: { maxAttempts: 2, retryOn: ['PayError'] } })])
  for await (const { execution } of kit.crashPoints(flow)) expect(execution.results).toEqual({ a: 'paid' })
})

// A parent was told that "the child workflow ended failed: …", a spawner that "task failed: …": of what had failed inside there was nothing.
describe.each([
  ['memory', () => ({})],
  ['file', file],
])('an error on its way up, with the store %s', (_, config) => {
  it('is the cause of what the parent, the spawner and the worker say', async () => {
    const module = writeInto(
      folder,
      'throws.mjs',
      `class PayError extends Error { name = 'PayError'; statusCode = 402 }
       export const create = () => ({ execute() { throw new PayError('declined', { cause: new TypeError('socket') }) } })`,
    )
    const orchestrator = orchestratorWith(
      {
        fail: () => {
          throw new PayError('declined', { cause: new TypeError('socket') })
        },
        spawn: async (__, { spawn }) => await spawn(task('s', { agentId: 'fail' })),
      },
      config(),
    )
    orchestrator.agentPool.registerAgentType('apart', { isolation: 'worker', module })
    const child = workflow([task('inner', { agentId: 'fail' })], { id: 'child' })
    const tasks = {
      child: { id: 'a', name: 'a', workflow: child },
      spawn: task('a', { agentId: 'spawn' }),
      apart: task('a', { agentId: 'apart' }),
    }
    for (const [what, one] of Object.entries(tasks)) {
      const { cause, execution } = await rejection(orchestrator.executeWorkflow(workflow([one], { id: `parent of ${what}` })))
      const paid = what === 'apart' ? cause : (cause as Error).cause
      expect(paid, what).toMatchObject({ name: 'PayError', message: 'declined', statusCode: 402, cause: { message: 'socket' } })
      expect(JSON.stringify(execution?.error?.details), what).toContain('socket')
      if (what !== 'apart') expect(cause).toBeInstanceOf(TaskFailedError)
    }
  })
})

// A cancel said why, and the record knew it; agents and children heard that "the execution was cancelled".
describe.each([
  ['memory', () => ({})],
  ['file', file],
])('the reason of a cancel, with the store %s', (_, config) => {
  const wait: Execute = (__, { signal }) => untilAborted(signal)
  const heard: unknown[] = []
  const listen: Execute = (given, context) =>
    (wait(given, context) as Promise<never>).catch((reason: unknown) => {
      heard.push(reason)
      throw reason
    })

  it('reaches agents, children and theirs, by signal.reason', async () => {
    heard.length = 0
    const orchestrator = orchestratorWith({ work: listen }, config())
    const grandchild = workflow([task('c')], { id: 'grandchild' })
    const child = workflow([{ id: 'b', name: 'b', workflow: grandchild }], { id: 'child' })
    const parallel = { id: 'p', name: 'p', type: 'parallel' as const, tasks: [task('own'), { id: 'a', name: 'a', workflow: child }] }
    const handle = await orchestrator.startWorkflow(workflow([parallel]))
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 4)
    await handle.cancel('customer left')
    await handle.settled()
    await until(() => heard.length === 2)
    for (const reason of heard)
      expect(reason).toMatchObject({
        code: 'ERR_CANCELLED',
        message: 'the execution was cancelled: customer left',
        details: { reason: 'customer left' },
      })
    const { executions } = await orchestrator.listExecutions()
    expect(executions.map(({ status, reason }) => [status, reason])).toEqual([
      ['cancelled', 'customer left'],
      ['cancelled', 'customer left'],
      ['cancelled', 'customer left'],
    ])
  })

  it('is that of the signal of the call; one that is no text is refused', async () => {
    heard.length = 0
    const orchestrator = orchestratorWith({ work: listen }, config())
    const controller = new AbortController()
    const ended = rejection(orchestrator.executeWorkflow(workflow([task('a')]), {}, { signal: controller.signal }))
    await until(async () => (await orchestrator.getStatistics()).runningTasks === 1)
    controller.abort(new Error('tab closed'))
    expect((await ended).message).toBe('the execution was cancelled: tab closed')
    expect(heard).toMatchObject([{ details: { reason: 'tab closed' } }])
    const error = await rejection(orchestrator.cancelExecution('x', { why: 1 } as never))
    expect([error.code, error.message]).toEqual([
      'ERR_INVALID_ARGUMENT',
      'the execution cannot be cancelled: reason: must be a string, not an object',
    ])
  })
})
