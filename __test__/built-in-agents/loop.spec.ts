// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the built-in agents make of answers: which requests follow, in which order, and when they stop.

import { describe, expect, it } from 'vitest'
import { builtInTypes } from '../../ts/agents/built-in.ts'
import { Log } from '../../ts/log/log.ts'
import type { ToolRegistry } from '../../ts/tools/registry.ts'
import type { Agent, AttemptContext, TaskInput } from '../../ts/api/agent.ts'
import { gate } from '../support/orchestrators.ts'
import { attemptWith, taskWith, toolsOf } from '../support/scripted-models.ts'
import type { OutputSchema } from '../../ts/schema/output-schema.ts'

function agent(type: 'llm' | 'tool' | 'hybrid', configuration: object = {}, tools: ToolRegistry = toolsOf({})): Agent {
  const { create } = builtInTypes({ tools, log: new Log(false) }).get(type)?.type ?? {}
  return create?.(configuration) as Agent
}

const run = (who: Agent, task: TaskInput, context: AttemptContext): Promise<unknown> => who.execute(task, context) as Promise<unknown>
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  )
const call = (id: string, name: string, args: unknown = {}): { id: string; name: string; arguments: unknown } => ({
  id,
  name,
  arguments: args,
})

/** A schema of numbers, as an attempt has it. */
const numbers = {
  '~standard': {
    version: 1,
    vendor: 'multi-agent-orchestrator',
    validate: async (value) => (typeof value === 'number' ? { value } : { issues: [{ message: 'must be a number', path: [] }] }),
    jsonSchema: { input: () => ({ type: 'number' }), output: () => ({ type: 'number' }) },
  },
} satisfies OutputSchema

describe('an llm agent', () => {
  it('asks once with what it is configured with, and announces the text as it comes', async () => {
    const { context, asked, heard } = attemptWith([{ text: 'well' }])
    const configuration = {
      model: 'm',
      provider: 'p',
      system: 'be brief',
      temperature: 0.5,
      topP: 1,
      maxTokens: 9,
      stop: ['.'],
      fallback: ['n'],
    }
    expect(await run(agent('llm', configuration), taskWith({ prompt: 'How?' }), context)).toBe('well')
    expect(asked).toEqual([{ how: 'stream', request: { ...configuration, prompt: 'How?', signal: context.signal, restart: true } }])
    expect(heard).toEqual([
      { type: 'text', text: 'we', attempt: 1, request: 1 },
      { type: 'text', text: 'll', attempt: 1, request: 1 },
    ])
  })

  it('announces nothing with stream: false', async () => {
    const { context, asked, heard } = attemptWith([{ text: 'well' }])
    expect(await run(agent('llm', { stream: false }), taskWith({ prompt: 'How?' }), context)).toBe('well')
    expect([asked[0]?.how, heard]).toEqual(['generate', []])
  })

  it('gives the schema of the result to the model, and what that made of the answer is the result', async () => {
    const { context, asked } = attemptWith([{ text: '7', output: 7 }], numbers)
    expect(await run(agent('llm'), taskWith({ prompt: 'How many?' }), context)).toBe(7)
    expect(asked).toEqual([{ how: 'generate', request: { prompt: 'How many?', schema: numbers, signal: context.signal } }])
  })

  it.each([
    ['data', taskWith({ prompt: 'Sort.', data: [2, 1] }), 'Sort.\n\nData:\n\n```json\n[\n  2,\n  1\n]\n```'],
    ['data alone', taskWith({ data: null }), 'Data:\n\n```json\nnull\n```'],
    [
      'what its dependencies gave',
      taskWith({ prompt: 'Go on.' }, { first: 'x' }),
      'Go on.\n\nResults of earlier tasks, by their ids:\n\n```json\n{\n  "first": "x"\n}\n```',
    ],
    ['data that would end its block', taskWith({ data: '```` and out' }), 'Data:\n\n`````json\n"```` and out"\n`````'],
  ])('tells its model of %s', async (_, task, prompt) => {
    const { context, asked } = attemptWith([{ text: 'ok' }])
    await run(agent('llm'), task, context)
    expect(asked[0]?.request.prompt).toBe(prompt)
  })

  it("keeps what its dependencies gave to itself with include: 'none'", async () => {
    const { context, asked } = attemptWith([{ text: 'ok' }])
    await run(agent('llm', { include: 'none' }), taskWith({ prompt: 'Go on.' }, { first: 'x' }), context)
    expect(asked[0]?.request.prompt).toBe('Go on.')
  })

  it('with nothing to say fails without a request', async () => {
    const { context, asked } = attemptWith([])
    const error = await failure(run(agent('llm'), taskWith({ prompt: ' ' }), context))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path: 'input.prompt' }], retryable: false })
    expect(asked).toEqual([])
  })
})

describe('a tool agent', () => {
  const tools = toolsOf({
    add: ({ a, b }: { a: number; b: number }) => a + b,
    break: () => {
      throw new Error('no paper')
    },
  })

  it.each([
    ['the data of its task', {}, { a: 1, b: 2 }, 3],
    ['its own arguments', { arguments: { a: 3, b: 4 } }, undefined, 7],
    ['its own arguments under those of its task', { arguments: { a: 3, b: 4 } }, { b: 5 }, 8],
  ])('calls its tool with %s', async (_, configuration, data, result) => {
    const { context, asked } = attemptWith([])
    expect(await run(agent('tool', { tool: 'add', ...configuration }, tools), taskWith(data === undefined ? {} : { data }), context)).toBe(
      result,
    )
    expect(asked).toEqual([])
  })

  it('fails as its tool does, and may be tried again', async () => {
    const error = await failure(run(agent('tool', { tool: 'break' }, tools), taskWith({}), attemptWith([]).context))
    expect(error).toMatchObject({ code: 'ERR_TOOL_FAILED', message: 'tool `break` failed: no paper', retryable: true })
  })

  it('says which tools there are if there is not this one', async () => {
    const error = await failure(run(agent('tool', { tool: 'ad' }, tools), taskWith({}), attemptWith([]).context))
    expect(error).toMatchObject({ code: 'ERR_TOOL_NOT_FOUND', message: 'there is no tool `ad`; there are add, break' })
  })

  it('takes no data that are no arguments', async () => {
    const error = await failure(run(agent('tool', { tool: 'add' }, tools), taskWith({ data: [1, 2] }), attemptWith([]).context))
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path: 'input.data' }] })
  })
})

describe('a hybrid agent', () => {
  const tools = toolsOf({ add: ({ a, b }: { a: number; b: number }) => a + b, now: () => 'noon' })
  const description = (name: string): object => ({ name, description: `does ${name}`, parameters: { type: 'object' } })

  it('goes on with what its tools gave until the model calls none', async () => {
    const { context, asked, heard } = attemptWith([
      { text: 'Let me see', calls: [call('1', 'add', { a: 1, b: 2 }), call('2', 'now')] },
      { text: '3 at noon' },
    ])
    expect(await run(agent('hybrid', { model: 'm' }, tools), taskWith({ prompt: 'Sum, and when?' }), context)).toBe('3 at noon')
    const first = { role: 'user', content: 'Sum, and when?' }
    const request = { model: 'm', tools: [description('add'), description('now')], signal: context.signal, restart: true }
    expect(asked.map(({ request: sent }) => sent)).toEqual([
      { ...request, messages: [first] },
      {
        ...request,
        messages: [
          first,
          { role: 'assistant', content: 'Let me see', continuation: 'turn 1' },
          {
            role: 'tool',
            content: [
              { type: 'tool-result', id: '1', result: 3, isError: false },
              { type: 'tool-result', id: '2', result: 'noon', isError: false },
            ],
          },
        ],
      },
    ])
    expect(heard).toEqual([
      { type: 'text', text: 'Let m', attempt: 1, request: 1 },
      { type: 'text', text: 'e see', attempt: 1, request: 1 },
      { type: 'tool-call', step: 1, id: '1', name: 'add', arguments: { a: 1, b: 2 }, attempt: 1, request: 1 },
      { type: 'tool-call', step: 1, id: '2', name: 'now', arguments: {}, attempt: 1, request: 1 },
      { type: 'tool-result', step: 1, id: '1', name: 'add', result: 3, isError: false, attempt: 1, request: 1 },
      { type: 'tool-result', step: 1, id: '2', name: 'now', result: 'noon', isError: false, attempt: 1, request: 1 },
      { type: 'text', text: '3 at ', attempt: 1, request: 2 },
      { type: 'text', text: 'noon', attempt: 1, request: 2 },
    ])
  })

  it('calls the tools of a turn at the same time, no more than 16, and keeps the order of their calls', async () => {
    let atWork = 0
    let most = 0
    const open = gate()
    const slow = toolsOf({
      wait: async ({ n }: { n: number }) => {
        most = Math.max(most, (atWork += 1))
        if (most === 16) open.open()
        await open.promise
        // Later ones of the same moment are ready earlier.
        await new Promise((resolve) => setTimeout(resolve, 16 - (n % 16)))
        atWork -= 1
        return n
      },
    })
    const calls = Array.from({ length: 40 }, (_, n) => call(`${n}`, 'wait', { n }))
    const { context, asked } = attemptWith([{ calls }, { text: 'done' }])
    await run(agent('hybrid', {}, slow), taskWith({ prompt: 'Wait.' }), context)
    const results = asked[1]?.request.messages?.[2]?.content as unknown as { id: string; result: number }[]
    expect([most, results.map(({ id }) => id), results.map(({ result }) => result)]).toEqual([
      16,
      calls.map(({ id }) => id),
      Array.from({ length: 40 }, (_, n) => n),
    ])
  })

  it('lets the model read what went wrong: a tool that failed, and one that there is not', async () => {
    const faulty = toolsOf({
      fails: () => {
        throw new Error('no paper')
      },
    })
    const { context, asked } = attemptWith([{ calls: [call('1', 'fails'), call('2', 'dance')] }, { text: 'sorry' }])
    expect(await run(agent('hybrid', {}, faulty), taskWith({ prompt: 'Try.' }), context)).toBe('sorry')
    expect(asked[1]?.request.messages?.[2]?.content).toEqual([
      { type: 'tool-result', id: '1', result: { code: 'ERR_TOOL_FAILED', message: 'tool `fails` failed: no paper' }, isError: true },
      {
        type: 'tool-result',
        id: '2',
        result: { code: 'ERR_TOOL_NOT_FOUND', message: 'there is no tool `dance`; there are fails' },
        isError: true,
      },
    ])
  })

  it('gives a call that another attempt makes again the same key, and one that is meant twice two', async () => {
    const keys = async (): Promise<unknown[]> => {
      const seen: unknown[] = []
      const noting = toolsOf({ pay: (_, { idempotencyKey, toolCallId }) => void seen.push([toolCallId, idempotencyKey]) })
      const calls = [call('1', 'pay', { to: 'a', sum: 1 }), call('2', 'pay', { sum: 1, to: 'a' }), call('3', 'pay', { to: 'b', sum: 1 })]
      await run(agent('hybrid', {}, noting), taskWith({ prompt: 'Pay.' }), attemptWith([{ calls }, { text: 'paid' }]).context)
      return seen
    }
    const [first, second] = [await keys(), await keys()]
    expect(first).toEqual(second)
    const [one, other] = first.map((pair) => String((pair as string[])[1]).replace(/-\d+$/, ''))
    expect(first).toEqual([
      ['1', `${one}-1`],
      ['2', `${other}-2`],
      ['3', expect.stringMatching(/^key:[0-9a-f]{32}-1$/)],
    ])
    expect(new Set(first.map((pair) => (pair as string[])[1])).size).toBe(3)
    expect(one).toBe(other)
  })

  it('has the tools it is configured with alone, and none is a request without tools', async () => {
    const some = attemptWith([{ text: 'ok' }])
    await run(agent('hybrid', { tools: ['now'] }, tools), taskWith({ prompt: 'x' }), some.context)
    const none = attemptWith([{ text: 'ok' }])
    await run(agent('hybrid', { tools: [] }, tools), taskWith({ prompt: 'x' }), none.context)
    expect([some.asked[0]?.request.tools, 'tools' in (none.asked[0]?.request ?? {})]).toEqual([[description('now')], false])
    const error = await failure(run(agent('hybrid', { tools: ['dance'] }, tools), taskWith({ prompt: 'x' }), attemptWith([]).context))
    expect(error).toMatchObject({ code: 'ERR_TOOL_NOT_FOUND' })
  })

  it('stops after maxSteps with what it has, and does not call the tools that nobody would hear of', async () => {
    let called = 0
    const counting = toolsOf({ more: () => (called += 1) })
    const { context, asked } = attemptWith(Array.from({ length: 5 }, (_, n) => ({ text: `part ${n}`, calls: [call(`${n}`, 'more')] })))
    const error = await failure(run(agent('hybrid', { maxSteps: 3 }, counting), taskWith({ prompt: 'Go.' }), context))
    expect(error).toMatchObject({
      code: 'ERR_MAX_STEPS',
      message: 'the model of task `a` still calls tools (more) after 3 steps; raise `maxSteps`, or say in the prompt when it is done',
      details: { steps: 3, text: 'part 0\n\npart 1\n\npart 2', toolCalls: ['more'] },
      retryable: false,
    })
    expect([asked.length, called]).toEqual([3, 2])
  })

  it('asks no more, and calls no more tools, once it is told to stop', async () => {
    const reason = new Error('enough')
    let called = 0
    const { context, asked, abort } = attemptWith([{ calls: Array.from({ length: 20 }, (_, n) => call(`${n}`, 'stop')) }, { text: 'late' }])
    const stopping = toolsOf({
      stop: () => {
        called += 1
        abort(reason)
      },
    })
    expect(await failure(run(agent('hybrid', {}, stopping), taskWith({ prompt: 'x' }), context))).toBe(reason)
    // Those of the same moment had begun.
    expect([asked.length, called]).toEqual([1, 16])
  })

  describe('of a task with outputSchema', () => {
    it.each(['7', ' ```json\n7\n``` '])('takes the JSON that its model was told to give: %j', async (text) => {
      const { context, asked } = attemptWith([{ calls: [call('1', 'now')] }, { text }], numbers)
      expect(await run(agent('hybrid', { system: 'Count.' }, tools), taskWith({ prompt: 'How many?' }), context)).toBe(7)
      const told =
        'When you need no more tools, answer with JSON that fits this JSON Schema, and with nothing else:\n\n```json\n{\n  "type": "number"\n}\n```'
      expect(asked.map(({ request: { system, schema } }) => [system, schema])).toEqual([
        [`Count.\n\n${told}`, undefined],
        [`Count.\n\n${told}`, undefined],
      ])
    })

    it.each(['seven', '"7"'])('has any other answer put into its form, by a request without tools: %j', async (text) => {
      const { context, asked } = attemptWith([{ text }, { text: '7', output: 7 }], numbers)
      expect(await run(agent('hybrid', { model: 'm' }, tools), taskWith({ prompt: 'How many?' }), context)).toBe(7)
      const prompt = `How many?\n\nPut this answer to it into the form that is wanted:\n\n${text}`
      expect(asked[1]).toEqual({ how: 'generate', request: { model: 'm', prompt, schema: numbers, signal: context.signal } })
    })
  })
})
