// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the headers of good answers say of limits is kept, without anybody having configured one: by a real server.

import { expect, it } from 'vitest'
import { orchestratorWith, rejection } from '../support/orchestrators.ts'
import { modelServer, providerAt, refuses, says, type ModelServer } from '../support/wire-server.ts'
import type { ModelIntegration } from '@codexos/multi-agent-orchestrator'

type Headers = Readonly<Record<string, string>>

/** A server whose answers have these headers in turn, the last ones for ever. */
async function saying(...headers: readonly Headers[]): Promise<{ server: ModelServer; models: ModelIntegration }> {
  const server = await modelServer(({ index }) => ({ ...says('fine'), headers: headers[Math.min(index, headers.length - 1)] ?? {} }))
  return { server, models: orchestratorWith({}, { models: { providers: { local: providerAt(server) } } }).modelIntegration }
}

const requests = (limit: number, remaining: number, reset: string): Headers => ({
  'x-ratelimit-limit-requests': String(limit),
  'x-ratelimit-remaining-requests': String(remaining),
  'x-ratelimit-reset-requests': reset,
})

it('a good answer that leaves nothing is heeded: the next request waits, and none is refused', async () => {
  const { server, models } = await saying(requests(2, 0, '600ms'))
  await models.generate({ prompt: 'one' })
  const { attempts } = await models.generate({ prompt: 'two' })
  // One of the two was ours and stays for a minute; the other is back when the server says.
  expect(attempts).toHaveLength(1)
  expect(attempts[0]?.waited).toBeGreaterThanOrEqual(550)
  expect((server.requests[1]?.at ?? 0) - (server.requests[0]?.at ?? 0)).toBeGreaterThanOrEqual(550)
})

it('an answer that leaves more loosens the limit again', async () => {
  const { models } = await saying(requests(2, 0, '400ms'), requests(1000, 990, '400ms'))
  await models.generate({ prompt: 'one' })
  await models.generate({ prompt: 'two' })
  const rest = await Promise.all(Array.from({ length: 20 }, () => models.generate({ prompt: 'more' })))
  expect(rest.every(({ attempts }) => (attempts[0]?.waited ?? Infinity) < 100)).toBe(true)
})

it('a quota that is used up stops at once: one request, whatever the policy, and the next call is not sent', async () => {
  const server = await modelServer(() =>
    refuses(429, 'You exceeded your current quota', { code: 'insufficient_quota', headers: { 'retry-after': '0' } }),
  )
  const { modelIntegration: models } = orchestratorWith({}, { models: { providers: { local: providerAt(server) } } })
  const error = await rejection(models.generate({ prompt: 'one', maxAttempts: 5 }))
  expect(error).toMatchObject({ code: 'ERR_MODEL', details: { class: 'quota' } })
  expect(await rejection(models.generate({ prompt: 'two' }))).toMatchObject({
    code: 'ERR_MODEL',
    details: { class: 'quota', attempts: [] },
  })
  expect(server.requests).toHaveLength(1)
})
