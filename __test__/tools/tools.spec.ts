// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tools of a user: what may be registered, what they are called with, and what a model hears of what goes wrong.

import { type } from 'arktype'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { z as zod3 } from 'zod3'
import type { ToolContext, ToolDefinition } from '@codexos/multi-agent-orchestrator'
import { kitWith } from '../support/kits.ts'
import { gate, orchestratorWith, places, rejection, thrownBy, untilAborted } from '../support/orchestrators.ts'
import { call, toolsOf, type Called } from '../support/tools.ts'

const weather = {
  name: 'weather',
  description: 'The weather of a city',
  parameters: z.object({ city: z.string(), days: z.coerce.number().int().default(1) }),
  execute: ({ city, days }: { city: string; days: number }): unknown => ({ city, days }),
}
const rawCity = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }

/** Registers one tool and calls it. */
function called(definition: Partial<ToolDefinition>, args: unknown = { city: 'Oslo' }): Promise<Called> {
  const orchestrator = orchestratorWith()
  orchestrator.agentPool.registerTool({ ...weather, parameters: rawCity, ...definition } as ToolDefinition)
  return call(orchestrator, 'weather', args)
}

describe('a tool', () => {
  it('is called with what its schema makes of the arguments, and gives JSON', async () => {
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerTool(weather)
    expect(await call(orchestrator, 'weather', { city: 'Oslo', days: '3' })).toEqual({ result: { city: 'Oslo', days: 3 }, isError: false })
    expect(await call(orchestrator, 'weather', { city: 'Oslo' })).toEqual({ result: { city: 'Oslo', days: 1 }, isError: false })
  })

  it('is shown to models with JSON Schema of its parameters', () => {
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerTool(weather)
    expect(toolsOf(orchestrator).list()).toMatchObject([
      {
        name: 'weather',
        description: 'The weather of a city',
        parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
      },
    ])
  })

  it('hears of the call it is for', async () => {
    const seen: ToolContext[] = []
    await called({ execute: (_, ctx) => void seen.push(ctx) })
    expect(seen).toMatchObject([{ toolCallId: 'call-1', idempotencyKey: 'key-1' }])
    expect(seen[0]?.signal.aborted).toBe(false)
  })

  it('that returns nothing gives null', async () => {
    expect(await called({ execute: () => {} })).toEqual({ result: null, isError: false })
  })

  it('without parameters may be called without arguments', async () => {
    const parameters = z.object({})
    expect(await called({ parameters, execute: () => 'done' }, undefined)).toEqual({ result: 'done', isError: false })
  })

  it('keeps what it is a method of', async () => {
    class Counter {
      readonly name = 'weather'
      readonly description = 'Counts'
      readonly parameters = rawCity
      readonly #count = 41
      execute(): number {
        return this.#count + 1
      }
    }
    const orchestrator = orchestratorWith()
    orchestrator.agentPool.registerTool(new Counter())
    expect(await call(orchestrator, 'weather', { city: 'Oslo' })).toEqual({ result: 42, isError: false })
  })

  it.each([
    ['zod 4', z.object({ city: z.string() })],
    ['zod 3', zod3.object({ city: zod3.string() })],
    ['ArkType', type({ city: 'string' })],
    ['raw JSON Schema', rawCity],
  ])('of %s refuses arguments that do not fit, by path', async (_, parameters) => {
    let runs = 0
    const { result, isError, error } = await called({ parameters, execute: () => (runs += 1) }, { city: 7 })
    expect({ isError, runs, code: error?.code, name: error?.name }).toEqual({
      isError: true,
      runs: 0,
      code: 'ERR_TOOL_ARGUMENTS',
      name: 'ToolError',
    })
    expect(result).toMatchObject({ code: 'ERR_TOOL_ARGUMENTS', issues: [{ path: 'arguments.city' }] })
    expect(error?.message).toContain('tool `weather` cannot be called like that: arguments.city: ')
    expect(error?.retryable).toBe(false)
  })
})

describe('what goes wrong is an answer', () => {
  it('to a name that is not known: those that are', async () => {
    const orchestrator = orchestratorWith()
    const message = 'there is no tool `wether`; there are none: call agentPool.registerTool(…) or connectMcp(…) first'
    expect(await call(orchestrator, 'wether')).toMatchObject({ isError: true, result: { code: 'ERR_TOOL_NOT_FOUND', message } })
    orchestrator.agentPool.registerTool(weather)
    const { result } = await call(orchestrator, 'wether')
    expect(result).toEqual({ code: 'ERR_TOOL_NOT_FOUND', message: 'there is no tool `wether`; there are weather' })
  })

  it('when it throws, with what it threw', async () => {
    const cause = Object.assign(new Error('no such city'), { retryable: false })
    for (const execute of [(): never => raise(cause), (): Promise<never> => Promise.reject(cause)]) {
      const { result, isError, error } = await called({ execute })
      expect({ result, isError }).toEqual({
        result: { code: 'ERR_TOOL_FAILED', message: 'tool `weather` failed: no such city' },
        isError: true,
      })
      expect(error?.cause).toBe(cause)
      expect(error?.retryable).toBe(false)
    }
  })

  it.each([['text'], [null], [undefined]])('when it throws %j, which is no error', async (thrown) => {
    const { result } = await called({ execute: () => raise(thrown) })
    expect(result).toEqual({ code: 'ERR_TOOL_FAILED', message: `tool \`weather\` failed: ${String(thrown)}` })
  })

  it('when its result is not JSON, with the place', async () => {
    const { result, error } = await called({ execute: () => ({ at: [1n] }) })
    expect(result).toMatchObject({ code: 'ERR_TOOL_RESULT', issues: [{ path: 'result.at[0]' }] })
    expect(error?.message).toContain('the result of tool `weather` is not JSON data: result.at[0]: ')
  })

  it('when it takes too long: it is told by its signal, and its late result counts for nothing', async () => {
    const kit = await kitWith()
    const told = gate<unknown>()
    const execute = (_: unknown, { signal }: ToolContext): Promise<unknown> =>
      untilAborted(signal).catch((reason: unknown) => {
        told.open(reason)
        return 'late'
      })
    kit.orchestrator.agentPool.registerTool({ ...weather, timeout: '30s', execute })
    const { result, error } = await kit.until(call(kit.orchestrator, 'weather', { city: 'Oslo' }))
    const message = 'tool `weather` did not answer within 30000 ms; raise its `timeout`, or ask for less'
    expect(result).toEqual({ code: 'ERR_TOOL_TIMEOUT', message })
    expect(await told.promise).toBe(error)
  })

  it('is also tried with real time', async () => {
    const { error } = await called({ timeout: 5, execute: (_, { signal }) => untilAborted(signal) })
    expect(error?.code).toBe('ERR_TOOL_TIMEOUT')
  })
})

describe('a call that is not wanted any more', () => {
  it('rejects with the reason, once the tool has returned', async () => {
    const orchestrator = orchestratorWith()
    const running = gate()
    const returns = gate()
    orchestrator.agentPool.registerTool({
      ...weather,
      execute: () => (running.open(), returns.promise.then(() => Promise.reject(new Error('x')))),
    })
    const controller = new AbortController()
    let settled = false
    const answer = call(orchestrator, 'weather', { city: 'Oslo' }, controller.signal).finally(() => (settled = true))
    answer.catch(() => {})
    await running.promise
    controller.abort(new Error('enough'))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(settled).toBe(false)
    returns.open()
    await expect(answer).rejects.toThrow('enough')
  })

  it('is not begun', async () => {
    const orchestrator = orchestratorWith()
    let runs = 0
    orchestrator.agentPool.registerTool({ ...weather, execute: () => (runs += 1) })
    await expect(call(orchestrator, 'weather', { city: 'Oslo' }, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough')
    expect(runs).toBe(0)
  })
})

describe('registering', () => {
  it('two tools of one name is refused', () => {
    const { agentPool } = orchestratorWith()
    agentPool.registerTool(weather)
    const error = thrownBy(() => agentPool.registerTool({ ...weather, description: 'Another' }))
    expect(error).toMatchObject({ name: 'ConflictError', code: 'ERR_TOOL_EXISTS' })
  })

  it.each([
    ['nothing', undefined, ['tool']],
    ['a text', 'weather', ['tool']],
    ['nothing in it', {}, ['tool.name', 'tool.description', 'tool.execute', 'ERR_SCHEMA_UNREPRESENTABLE tool.parameters']],
    ['a name no model takes', { ...weather, name: 'the weather' }, ['tool.name']],
    ['a name that is too long', { ...weather, name: 'w'.repeat(65) }, ['tool.name']],
    ['a field that is none', { ...weather, timeOut: 5 }, ['ERR_UNKNOWN_FIELD tool.timeOut']],
    ['a bad timeout', { ...weather, timeout: 'soon' }, ['ERR_INVALID_VALUE tool.timeout']],
    ['no time at all', { ...weather, timeout: 0 }, ['ERR_INVALID_VALUE tool.timeout']],
    [
      'what JSON Schema has no word for',
      { ...weather, parameters: z.object({ at: z.date() }) },
      ['ERR_SCHEMA_UNREPRESENTABLE tool.parameters.at'],
    ],
    ['the schema of a text', { ...weather, parameters: z.string() }, ['ERR_SCHEMA_UNREPRESENTABLE tool.parameters']],
    [
      'a schema that only judges',
      { ...weather, parameters: v.object({ city: v.string() }) },
      ['ERR_SCHEMA_UNREPRESENTABLE tool.parameters'],
    ],
    ['schemas in a plain object', { ...weather, parameters: { city: z.string() } }, ['ERR_SCHEMA_UNREPRESENTABLE tool.parameters.city']],
    [
      'JSON Schema that is none',
      { ...weather, parameters: { ...rawCity, required: 'city' } },
      ['ERR_SCHEMA_UNREPRESENTABLE tool.parameters'],
    ],
  ])('%s is refused by path', (_, tool, expected) => {
    const { agentPool } = orchestratorWith()
    const error = thrownBy(() => agentPool.registerTool(tool as ToolDefinition))
    expect(error.code).toBe('ERR_INVALID_ARGUMENT')
    expect(places(error)).toEqual(expected)
  })
})

it('an error of a schema that throws is an answer too', async () => {
  const parameters = z.object({ city: z.string().refine(() => raise(new Error('broken check'))) })
  const { result } = await called({ parameters })
  expect(result).toMatchObject({ code: 'ERR_TOOL_ARGUMENTS', issues: [{ path: 'arguments', message: 'the schema threw: broken check' }] })
})

it('nothing can be connected to after the shutdown', async () => {
  const orchestrator = orchestratorWith()
  await orchestrator.shutdown()
  expect(await rejection(orchestrator.agentPool.connectMcp({ command: 'nothing' }))).toMatchObject({ code: 'ERR_CLOSED' })
})

function raise(thrown: unknown): never {
  throw thrown
}
