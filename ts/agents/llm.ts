// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent that asks a model once: the task in words goes there, and the answer is the result.

import type { Agent, AttemptContext, TaskInput } from '../api/agent.js'
import { ask, requestPart } from './attempt.js'
import type { ResolvedLlm } from './configuration.js'
import { promptOf } from './prompt.js'

export class LlmAgent implements Agent {
  readonly #configuration: ResolvedLlm

  constructor(configuration: ResolvedLlm) {
    this.#configuration = configuration
  }

  /** The text of the answer; of a task with `outputSchema` what that makes of it. */
  async execute(task: TaskInput, context: AttemptContext): Promise<unknown> {
    const { include, stream } = this.#configuration
    const request = { ...requestPart(this.#configuration), prompt: promptOf(task, include) }
    const { outputSchema: schema } = context
    if (schema === undefined) return (await ask(context, request, stream)).text
    // Half an object is of no use to anybody, and an answer that does not fit is asked for again.
    return (await ask(context, { ...request, schema }, false)).output
  }
}
