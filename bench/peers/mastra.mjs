// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Mastra: a step per task, in `then` or `parallel` by level, so a layer waits for the whole layer above. In memory.

import { createStep, createWorkflow } from '@mastra/core/workflows'
import { z } from 'zod'
import { agent, check, levelsOf } from '../compare/shapes.mjs'
import { versionOf } from './version.mjs'

const anything = { inputSchema: z.any(), outputSchema: z.any() }

export async function open(shapes) {
  const runs = new Map(shapes.map((shape) => [shape.name, { once: runOf(shape), tasks: shape.tasks.length }]))
  return { version: versionOf('@mastra/core'), note: ': in memory; the layers of layered10x10 as barriers.', runs }
}

function runOf(shape) {
  let workflow = createWorkflow({ id: shape.name, ...anything })
  let above = 0
  for (const level of levelsOf(shape)) {
    const steps = level.map((task) => stepOf(task, above))
    workflow = steps.length === 1 ? workflow.then(steps[0]) : workflow.parallel(steps)
    above = steps.length
  }
  workflow = workflow.commit()
  return async () => {
    const run = await workflow.createRunAsync()
    const { status, steps } = await run.start({ inputData: {} })
    if (status !== 'success') throw new Error(`the run ended ${status}`)
    check(shape, (id) => steps[id].output)
  }
}

/** After one step a step is given its answer, after several their answers by id. */
function stepOf({ id, dependencies }, above) {
  const inputOf = (data) => (above === 0 ? undefined : above === 1 ? data : data[dependencies[0]])
  return createStep({ id, ...anything, execute: async ({ inputData }) => agent(inputOf(inputData)) })
}
