// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A call of a model whose caller changes its mind, at every moment at which it can.

import { setTimeout as sleep } from 'node:timers/promises'
import { MultiAgentOrchestrator, type CustomRequest } from '@codexos/multi-agent-orchestrator'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../support/orchestrators.ts'

let orchestrator: MultiAgentOrchestrator
let asked: CustomRequest[]

beforeEach(() => {
  asked = []
  orchestrator = new MultiAgentOrchestrator()
  const generate = (request: CustomRequest): Promise<never> => {
    asked.push(request)
    return new Promise(() => {})
  }
  orchestrator.modelIntegration.registerProvider('silent', { generate })
})

afterEach(async () => {
  await orchestrator.shutdown({ drainMs: 0 })
})

// A signal tells of itself once. One that was given while the choice was made, and on its way to the record, was missed:
// the call went out, and waited for its answer to the end of its time.
const MOMENTS = [
  { moment: 'while its model is chosen', wait: undefined, requests: 0 },
  { moment: 'when its provider was asked', wait: () => eventually(() => expect(asked).toHaveLength(1)), requests: 1 },
]

test.each(MOMENTS)('a call is over when its signal is given $moment', async ({ wait, requests }) => {
  const controller = new AbortController()
  const answer = orchestrator.modelIntegration.generate({ model: 'silent/m', prompt: 'hello', signal: controller.signal })
  const ended = expect(answer).rejects.toMatchObject({ code: 'ERR_CANCELLED', cause: 'changed my mind' })
  if (wait !== undefined) await wait()
  controller.abort('changed my mind')
  await ended
  // Nothing more is sent.
  await sleep(20)
  expect(asked.map(({ signal }) => signal.aborted)).toEqual(Array(requests).fill(true))
})

test('a signal that was given before sends nothing', async () => {
  const answer = orchestrator.modelIntegration.generate({ model: 'silent/m', prompt: 'hello', signal: AbortSignal.abort('too late') })
  await expect(answer).rejects.toMatchObject({ code: 'ERR_CANCELLED', cause: 'too late' })
  expect(asked).toEqual([])
})
