// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What agents must not do is an alert, and is over when it has not happened again for five minutes, also after a restart. Time is the kit's.

import type { Alert } from '@codexos/multi-agent-orchestrator'
import { expect, it } from 'vitest'
import { hearing } from '../support/alerts.ts'
import { kitWith } from '../support/kits.ts'
import { eventually, gate, task, workflow } from '../support/orchestrators.ts'

const MINUTE = 60_000

it('an agent that does not stop is told once, and that it is over by the next process', async () => {
  const heard: Alert[] = []
  const [began, end] = [gate(), gate()]
  const deaf = async (): Promise<void> => {
    began.open()
    await end.promise
  }
  const kit = await kitWith({ deaf }, { storage: 'file', setup: hearing(heard, 'agent:') })
  const told = (): string[] => heard.map(({ rule, state }) => `${rule} ${state}`)
  const flow = workflow([task('a', { agentId: 'deaf', timeout: 100, retryPolicy: { maxAttempts: 1 } })])
  const ended = kit.run(flow).catch(() => {})
  await began.promise
  await kit.clock.advance(200)
  // That second is a real one.
  await eventually(() => expect(told()).toEqual(['agent:unresponsive firing']))
  expect(heard[0]?.description).toContain('agent `deaf` still ran task `a` of execution')
  end.open()
  await ended
  await kit.reopen()
  await kit.clock.advance(6 * MINUTE)
  expect(told()).toEqual(['agent:unresponsive firing', 'agent:unresponsive resolved'])
  expect(heard[1]?.id).toBe(heard[0]?.id)
})
