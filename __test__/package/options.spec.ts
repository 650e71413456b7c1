// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// `orchestrator.shutdown(null)` said "Cannot read properties of null (reading 'drainMs')". Whatever stands in place of options, the caller is told where.

import { describe, expect, it } from 'vitest'
import { ValidationError, type MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'

type Call = (of: MultiAgentOrchestrator, options: never) => unknown

const calls: readonly [string, string, Call][] = [
  ['shutdown', 'options', (of, options) => of.shutdown(options)],
  ['listModels', 'filter', (of, options) => of.modelIntegration.listModels(options)],
  ['listExecutions', 'filter', (of, options) => of.listExecutions(options)],
  ['handle.events', 'options', (of, options) => of.getHandle('e').events(options)],
  ['cancelExecution', 'options', (of, options) => of.cancelExecution('e', 'why', options)],
  ['resumeExecution', 'options', (of, options) => of.resumeExecution('e', options)],
  ['executeWorkflow', 'options', (of, options) => of.executeWorkflow(workflow([task('a')]), {}, options)],
]

const failing = (call: Call, options: unknown): Promise<Error> => {
  const of = orchestratorWith({ work: () => 1 })
  return rejection((async () => call(of, options as never))())
}

describe.each(calls)('%s', (_, path, call) => {
  it.each([
    [null, 'must be an object, not null'],
    ['soon', "must be an object, not 'soon'"],
    [7, 'must be an object, not 7'],
  ])('refuses %j by its place', async (given, message) => {
    const error = await failing(call, given)
    expect(error).toBeInstanceOf(ValidationError)
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path, message }] })
  })

  it('names an option that there is not', async () => {
    const error = await failing(call, { sooon: true })
    expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path: `${path}.sooon` }] })
  })
})

it('an orchestrator that was not shut down like that goes on', async () => {
  const of = orchestratorWith({ work: () => 1 })
  const error = await rejection(of.shutdown({ drainMs: '5s' as never }))
  expect(error).toMatchObject({ issues: [{ path: 'options.drainMs', message: "must be a number of at least 0, not '5s'" }] })
  expect((await of.executeWorkflow(workflow([task('a')]))).status).toBe('completed')
})
