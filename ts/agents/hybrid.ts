// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent whose model uses tools: it is asked again with what they gave, until it calls none.
//
//   ask ─┬─ calls tools ─▶ call them, all at once ─▶ ask, at most `maxSteps` times
//        └─ calls none ──▶ the text is the result, or what `outputSchema` makes of it

import { TaskFailedError } from '../errors.js'
import type { GenerateResult, ModelMessage } from '../models/types.js'
import { isOutputSchema, type OutputSchema } from '../output-schema.js'
import type { ToolRegistry } from '../tools/registry.js'
import type { Agent, AttemptContext, TaskInput } from '../api/agent.js'
import { ask, requestPart } from './attempt.js'
import type { ResolvedHybrid } from './configuration.js'
import { fenced, promptOf } from './prompt.js'
import { ToolCalls } from './tool-calls.js'

export class HybridAgent implements Agent {
  readonly #configuration: ResolvedHybrid
  readonly #tools: ToolRegistry

  constructor(configuration: ResolvedHybrid, tools: ToolRegistry) {
    this.#configuration = configuration
    this.#tools = tools
  }

  /** The text of the answer that calls no tool; of a task with `outputSchema` what that makes of it. */
  async execute(task: TaskInput, context: AttemptContext): Promise<unknown> {
    const { tools: names, maxSteps, system, ...llm } = this.#configuration
    const calls = new ToolCalls(this.#tools, names, context)
    const tools = calls.shown()
    const prompt = promptOf(task, llm.include)
    const { outputSchema: schema } = context
    const form = isOutputSchema(schema) ? schema : undefined
    const instructions = [system, form && wantedForm(form)].filter((part) => part !== undefined).join('\n\n')
    const request = {
      ...requestPart(llm),
      ...(instructions !== '' && { system: instructions }),
      ...(tools.length > 0 && { tools }),
    }
    const messages: ModelMessage[] = [{ role: 'user', content: prompt }]
    const texts: string[] = []
    for (let step = 1; ; step += 1) {
      const answer = await ask(context, { ...request, messages: [...messages] }, llm.stream)
      if (answer.toolCalls.length === 0) return form === undefined ? answer.text : this.#formed(context, form, prompt, answer)
      if (answer.text !== '') texts.push(answer.text)
      // What its tools would give nobody would read.
      if (step === maxSteps) throw tooManySteps(task, maxSteps, texts, answer)
      messages.push(answer.message, { role: 'tool', content: await calls.callAll(answer.toolCalls, step) })
      context.signal.throwIfAborted()
    }
  }

  /** The answer in the form that is wanted. One that is not in it is put into it by a request of its own, which needs no tools. */
  async #formed(context: AttemptContext, form: OutputSchema, prompt: string, { text }: GenerateResult): Promise<unknown> {
    const read = parsed(text)
    if (read !== undefined && (await form['~standard'].validate(read.value)).issues === undefined) return read.value
    const { tools: _tools, maxSteps: _maxSteps, ...llm } = this.#configuration
    const request = { ...requestPart(llm), prompt: `${prompt}\n\nPut this answer to it into the form that is wanted:\n\n${text}` }
    return (await ask(context, { ...request, schema: form }, false)).output
  }
}

/** Some providers take no schema beside tools, so that a model is told of the form in words. */
function wantedForm(form: OutputSchema): string {
  return `When you need no more tools, answer with JSON that fits this JSON Schema, and with nothing else:\n\n${fenced(form['~standard'].jsonSchema.input())}`
}

/** JSON, bare or in a block. */
function parsed(text: string): { value: unknown } | undefined {
  const bare = /^\s*```(?:json)?\s*\n([^]*?)\n\s*```\s*$/.exec(text)?.[1] ?? text
  try {
    return { value: JSON.parse(bare) }
  } catch {
    return undefined
  }
}

function tooManySteps({ id }: TaskInput, maxSteps: number, texts: readonly string[], { toolCalls }: GenerateResult): TaskFailedError {
  const wanted = toolCalls.map(({ name }) => name)
  const message = `the model of task \`${id}\` still calls tools (${wanted.join(', ')}) after ${maxSteps} ${maxSteps === 1 ? 'step' : 'steps'}; raise \`maxSteps\`, or say in the prompt when it is done`
  return new TaskFailedError('ERR_MAX_STEPS', message, { details: { steps: maxSteps, text: texts.join('\n\n'), toolCalls: wanted } })
}
