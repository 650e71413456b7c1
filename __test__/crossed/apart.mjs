// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent that works in a thread of its own: it takes steps and fails, and tells what it saw.

import { randomUUID } from 'node:crypto'

export const create = () => ({
  async execute(task, context) {
    const { attempt, idempotencyKey: key, emit, step } = context
    const { said, deed } = task.input.data
    const execution = task.executionId
    emit({ key, attempt, call: { agent: 'apart', execution, task: task.id, attempt, key, said } })
    const fails = attempt <= (deed.fails ?? 0)
    const failure = Object.assign(
      new Error('no'),
      deed.code !== undefined && { code: deed.code },
      deed.final === true && { retryable: false },
    )
    const count = deed.stumbles === true && fails ? Math.min(deed.steps, attempt) : deed.steps
    const take = async (name, options = {}, isBroken = false) => {
      const fn = () => {
        if (isBroken) throw failure
        return { execution, attempt, key, time: randomUUID() }
      }
      try {
        emit({ key, attempt, step: name, given: await step(name, fn, options) })
      } catch (error) {
        if (error.code === 'ERR_STEP_CHANGED') emit({ key, attempt, step: name, given: error.code })
        else if (error !== failure) throw error
      }
    }
    const counted = (at) => take(String(at), {}, deed.inStep === true && fails && at === count)
    await Promise.all([1, 2].filter((at) => at <= count).map(counted))
    for (let at = 3; at <= count; at += 1) await counted(at)
    if (deed.changes === true) await take('changed', { input: attempt })
    if (fails) throw failure
    return { id: task.id, said }
  },
})
