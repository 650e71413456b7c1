// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
const mao = require('@codexos/multi-agent-orchestrator')
const testing = require('@codexos/multi-agent-orchestrator/testing')
const { exercise } = require('./exercise.cjs')

it('works', async () => expect(await exercise(mao, testing)).toBe('well'))

it('works while timers are fakes', async () => {
  jest.useFakeTimers()
  expect(await exercise(mao, testing)).toBe('well')
  jest.useRealTimers()
})
