// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Data that is JSON and still a trap: it comes through as it was, in memory and through a file, and pollutes nothing.

import { afterEach, describe, expect, it } from 'vitest'
import type { OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, task, until, workflow } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const stores: Record<string, () => OrchestratorConfig> = {
  memory: () => ({}),
  os: () => ({ storage: { path: storePath(folder), durability: 'os' } }),
  disk: () => ({ storage: { path: storePath(folder) } }),
}

// JSON has no word for half of a surrogate pair: it is mended where it enters; see faults-values.spec.ts.
const surrogates = { lone: '\ud800', reversed: '\udc00\ud83d', 'key \udfff': ['\ud83d x'], whole: '😀' }
const mended = { lone: '\ufffd', reversed: '\ufffd\ufffd', 'key \ufffd': ['\ufffd x'], whole: '😀' }
const polluting = (): unknown =>
  JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"list":[{"__proto__":[1]}]}')

const texts: [string, () => unknown][] = [
  ['`__proto__` and `constructor` as keys', polluting],
  ['lone surrogates, mended', () => surrogates],
  ['control characters and separators', () => ({ text: '\u0000\u0001\u001f\u007f\u2028\u2029\\"', '': 'empty key' })],
  ['numbers at the edges', () => [0, -1, 1e308, 5e-324, 2 ** 53, -(2 ** 53), 0.1 + 0.2, 1e21, 123456789012345680000]],
  ['90 levels', () => Array.from({ length: 89 }).reduce<unknown>((inner) => [inner], ['bottom'])],
  ['a megabyte of text', () => 'ä'.repeat(500_000)],
  // oxlint-disable-next-line unicorn/no-thenable -- one of the traps
  ['keys of JavaScript', () => ({ toString: 1, hasOwnProperty: 2, then: 3, length: 4, toJSON: 5 })],
  ['empty things', () => ({ object: {}, list: [], text: '', nothing: null })],
]

const exactly = (value: unknown): string => JSON.stringify(value)

afterEach(() => {
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  expect(([] as { polluted?: unknown }).polluted).toBeUndefined()
})

describe.each(Object.keys(stores))('with the store %s', (store) => {
  it.each(texts)('%s come through context, data, result and dependency as one value', async (_, make) => {
    const config = stores[store]?.()
    const value = make()
    const seen: string[] = []
    const see = (one: unknown): number => seen.push(exactly(one))
    // A definition is Unicode text, so lone surrogates are refused there; see bad-workflows.spec.ts.
    const data = value === surrogates ? null : value
    const orchestrator = orchestratorWith(
      {
        work: ({ input, context }) => {
          see(context['value'])
          see(input.data)
          return make()
        },
        look: ({ context }) => {
          see(context.dependencies['a'])
          return null
        },
      },
      config,
    )
    orchestrator.once('task:completed', ({ result }) => see(result))
    const { id, results, context } = await orchestrator.executeWorkflow(
      workflow([task('a', { input: { data } }), task('b', { agentId: 'look', dependencies: ['a'] })]),
      { value },
    )
    see(results['a'])
    see(context['value'])
    await orchestrator.shutdown()
    const reopened = config?.storage === undefined ? orchestrator : orchestratorWith({}, config)
    const execution = await reopened.getExecution(id)
    see(execution?.results['a'])
    see(execution?.context['value'])
    const whole = exactly(value === surrogates ? mended : value)
    expect(new Set(seen.filter((text) => text !== (data === null ? 'null' : whole)))).toEqual(new Set(data === null ? [whole] : []))
    expect(seen).toHaveLength(8)
  })

  it('`__proto__` in a context is a key of what the agent gets, and no prototype', async () => {
    const prototypes: unknown[] = []
    const orchestrator = orchestratorWith(
      {
        work: ({ context, input }) => {
          for (const one of [context, input.data as object])
            prototypes.push(Object.getPrototypeOf(one) === Object.prototype, Object.keys(one).includes('__proto__'))
          return polluting()
        },
        look: ({ context }) => {
          const result = context.dependencies['a'] as { polluted?: unknown }
          return [Object.getPrototypeOf(result) === Object.prototype, result.polluted ?? 'clean']
        },
      },
      stores[store]?.(),
    )
    const flow = workflow([task('a', { input: { data: polluting() } }), task('b', { agentId: 'look', dependencies: ['a'] })])
    expect((await orchestrator.executeWorkflow(flow, polluting() as object)).results['b']).toEqual([true, 'clean'])
    expect(prototypes).toEqual([true, true, true, true])
  })
})

it('a context that names `dependencies` does not hide those of the task', async () => {
  const orchestrator = orchestratorWith({ work: ({ context }) => context.dependencies })
  const { results, context } = await orchestrator.executeWorkflow(workflow([task('a'), task('b', { dependencies: ['a'] })]), {
    dependencies: 'mine',
  })
  expect({ results, context }).toEqual({ results: { a: {}, b: { a: {} } }, context: { dependencies: 'mine' } })
})

it('an id like `__proto__` is no way in through dependencies either', async () => {
  const orchestrator = orchestratorWith({ work: () => ({ polluted: true }) })
  const names = ['toString', 'hasOwnProperty', 'valueOf', '__defineGetter__']
  const { results } = await orchestrator.executeWorkflow(workflow(names.map((name) => task(name))))
  expect(Object.keys(results)).toEqual(names)
})

it('a message of 1 MiB in an event is the same as in the result', async () => {
  const orchestrator = orchestratorWith({ work: () => '\ud800'.repeat(1 << 20) }, stores['os']?.())
  let length = 0
  orchestrator.on('task:completed', ({ result }) => (length = (result as string).length))
  const { results } = await orchestrator.executeWorkflow(workflow([task('a')]))
  await until(() => length > 0)
  expect([length, results['a'] === '\ufffd'.repeat(1 << 20)]).toEqual([1 << 20, true])
})
