// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import * as mao from '@codexos/multi-agent-orchestrator'
import * as testing from '@codexos/multi-agent-orchestrator/testing'
import { expect, it, vi } from 'vitest'
import { exercise } from './exercise.cjs'

it('works', async () => expect(await exercise(mao, testing)).toBe('well'))

it('works while timers are fakes', async () => {
  vi.useFakeTimers()
  expect(await exercise(mao, testing)).toBe('well')
  vi.useRealTimers()
})
