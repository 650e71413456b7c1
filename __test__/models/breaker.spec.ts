// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The breaker, by what a real server is spared: it is open for 10 s, which one test waits out, in a file that runs beside the others.

import { expect, it } from 'vitest'
import type { ModelError, ModelIntegration } from '@codexos/multi-agent-orchestrator'
import { modelServer, providerAt, refuses, says, type Answer, type ModelServer } from '../support/wire-server.ts'
import { orchestratorWith, rejection } from '../support/orchestrators.ts'

const COOL_DOWN_MS = 10_000
const REQUESTS_MIN = 20

interface Two {
  readonly models: ModelIntegration
  readonly first: ModelServer
  readonly second: ModelServer
}

async function two(answer: () => Answer): Promise<Two> {
  const first = await modelServer(answer)
  const second = await modelServer(() => says('from the second'))
  const providers = { first: providerAt(first), second: providerAt(second) }
  const { modelIntegration: models } = orchestratorWith({}, { models: { providers, fallback: ['second/small'] } })
  return { models, first, second }
}

/** Who answered each of so many calls. */
async function askers(models: ModelIntegration, count: number): Promise<string[]> {
  const calls = Array.from({ length: count }, () => models.generate({ provider: 'first', prompt: 'hello', maxAttempts: 1 }))
  return (await Promise.all(calls)).map(({ provider }) => provider)
}

it('opens after twenty answers of which half are faults, lets one ask after its cool-down, and closes when that one is answered', async () => {
  let well = false
  const { models, first, second } = await two(() => (well ? { ...says('from the first'), after: 100 } : refuses(500, 'it broke')))
  expect(new Set(await askers(models, REQUESTS_MIN))).toEqual(new Set(['second']))
  const opened = performance.now()
  expect(first.requests).toHaveLength(REQUESTS_MIN)

  const began = performance.now()
  const { provider, attempts } = await models.generate({ provider: 'first', prompt: 'hello' })
  expect([provider, attempts.map((attempt) => attempt.provider)]).toEqual(['second', ['second']])
  expect(performance.now() - began).toBeLessThan(1000)
  const refused = await rejection(models.generate({ provider: 'first', prompt: 'hello', fallback: [] }))
  expect(refused).toMatchObject({ code: 'ERR_MODEL', details: { attempts: [], class: 'overload' } })
  expect(refused.message).toContain('`first/small` is paused after repeated failures')
  expect(first.requests).toHaveLength(REQUESTS_MIN)

  well = true
  await new Promise((resolve) => setTimeout(resolve, COOL_DOWN_MS + 100 - (performance.now() - opened)))
  expect((await askers(models, 5)).toSorted()).toEqual(['first', 'second', 'second', 'second', 'second'])
  expect(first.requests).toHaveLength(REQUESTS_MIN + 1)

  expect(new Set(await askers(models, 5))).toEqual(new Set(['first']))
  expect(second.requests).toHaveLength(REQUESTS_MIN + 1 + 4)
})

it.each<[what: string, answer: Answer]>([
  ['a key that is refused', refuses(401, 'Incorrect API key provided')],
  ['a balance that is spent', refuses(402, 'Insufficient credits')],
])('opens at once for %s', async (_, answer) => {
  const { models, first, second } = await two(() => answer)
  expect(await askers(models, 1)).toEqual(['second'])
  expect(await askers(models, 3)).toEqual(['second', 'second', 'second'])
  expect([first.requests.length, second.requests.length]).toEqual([1, 4])
})

it('stays closed for what is no fault of the provider', async () => {
  const { models, first } = await two(() => refuses(400, 'no such field'))
  const calls = Array.from({ length: REQUESTS_MIN + 5 }, () =>
    rejection(models.generate({ provider: 'first', prompt: 'hello', fallback: [] })),
  )
  const classes = (await Promise.all(calls)).map((error) => (error as ModelError).details?.['class'])
  expect(new Set(classes)).toEqual(new Set(['invalid']))
  expect(first.requests).toHaveLength(REQUESTS_MIN + 5)
})
