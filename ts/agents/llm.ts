// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent that asks a model once: the task in words goes there, and the answer is the result.

import type { AcceptedEnding } from '../api/models.js'
import type { Agent, AttemptContext, TaskInput } from '../api/agent.js'
import { Asking, requestPart } from './attempt.js'
import type { ResolvedLlm } from './configuration.js'
import { promptOf } from './prompt.js'

export class LlmAgent implements Agent {
  readonly #configuration: ResolvedLlm
  readonly #accept: readonly AcceptedEnding[]

  /** `accept`: which answers are taken as they are, where neither the task nor the configuration says. */
  constructor(configuration: ResolvedLlm, accept: readonly AcceptedEnding[]) {
    this.#configuration = configuration
    this.#accept = configuration.accept ?? accept
  }

  /** The text of the answer; of a task with `outputSchema` what that makes of it. */
  async execute(task: TaskInput, context: AttemptContext): Promise<unknown> {
    const { include, stream } = this.#configuration
    const request = { ...requestPart(this.#configuration), prompt: promptOf(task, include) }
    const { outputSchema: schema } = context
    const asking = new Asking(context, this.#accept, stream)
    if (schema !== undefined) return await asking.output({ ...request, schema })
    const { answer } = await asking.ask(request)
    asking.assertWhole(answer, request, false)
    return answer.text
  }
}
