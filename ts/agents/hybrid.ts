// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent whose model uses tools: it is asked again with what they gave, until it calls none.
//
//   ask ─┬─ calls tools ─▶ call them, all at once ─▶ ask, at most `maxSteps` times
//        └─ calls none ──▶ the text is the result, or what `outputSchema` makes of it

import { TaskFailedError } from '../errors.js'
import { messageOf } from '../failure.js'
import type { GenerateResult, ModelMessage, ModelPart, ModelToolCall } from '../models/types.js'
import { isOutputSchema, type OutputSchema } from '../output-schema.js'
import type { Agent, AttemptContext, TaskInput } from '../workflow.js'
import { ask, requestPart } from './attempt.js'
import type { ResolvedHybrid } from './configuration.js'
import { fenced, promptOf } from './prompt.js'
import { noTool, toolNamed, type CallableTool, type ToolSource } from './tools.js'

/** Tools that one turn calls at the same moment; the others wait for them. */
const CALLS_AT_ONCE_MAX = 16

export class HybridAgent implements Agent {
  readonly #configuration: ResolvedHybrid
  readonly #tools: ToolSource

  constructor(configuration: ResolvedHybrid, tools: ToolSource) {
    this.#configuration = configuration
    this.#tools = tools
  }

  /** The text of the answer that calls no tool; of a task with `outputSchema` what that makes of it. */
  async execute(task: TaskInput, context: AttemptContext): Promise<unknown> {
    const { tools: names, maxSteps, system, ...llm } = this.#configuration
    const tools = names === undefined ? this.#tools.list() : names.map((name) => toolNamed(this.#tools, name))
    const prompt = promptOf(task, llm.include)
    const { outputSchema: schema } = context
    const form = isOutputSchema(schema) ? schema : undefined
    const instructions = [system, form && wantedForm(form)].filter((part) => part !== undefined).join('\n\n')
    const request = {
      ...requestPart(llm),
      ...(instructions !== '' && { system: instructions }),
      ...(tools.length > 0 && { tools: tools.map(({ name, description, parameters }) => ({ name, description, parameters })) }),
    }
    const messages: ModelMessage[] = [{ role: 'user', content: prompt }]
    const texts: string[] = []
    for (let step = 1; ; step += 1) {
      const answer = await ask(context, { ...request, messages: [...messages] }, llm.stream)
      if (answer.toolCalls.length === 0) return form === undefined ? answer.text : this.#formed(context, form, prompt, answer)
      if (answer.text !== '') texts.push(answer.text)
      // What its tools would give nobody would read.
      if (step === maxSteps) throw tooManySteps(task, maxSteps, texts, answer)
      messages.push(answer.message, { role: 'tool', content: await callAll(tools, answer.toolCalls, step, context) })
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

/** What the tools of one turn give, in the order of their calls. What goes wrong with one is for the model to read. */
async function callAll(
  tools: readonly CallableTool[],
  calls: readonly ModelToolCall[],
  step: number,
  context: AttemptContext,
): Promise<ModelPart[]> {
  const results: ModelPart[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let place = next++; place < calls.length; place = next++) {
      context.signal.throwIfAborted()
      results[place] = await callOne(tools, calls[place] as ModelToolCall, step, context)
    }
  }
  await Promise.all(Array.from({ length: Math.min(CALLS_AT_ONCE_MAX, calls.length) }, work))
  return results
}

async function callOne(
  tools: readonly CallableTool[],
  { id, name, arguments: args }: ModelToolCall,
  step: number,
  context: AttemptContext,
): Promise<ModelPart> {
  const { signal } = context
  context.heartbeat({ type: 'tool-call', step, id, name, arguments: args })
  const tool = tools.find((known) => known.name === name)
  let answer: { result: unknown; isError: boolean }
  try {
    answer = tool === undefined ? { result: noTool(tools, name), isError: true } : await tool.call(args, { signal, id })
  } catch (error) {
    // The attempt is told to stop; nothing is wrong with the tool.
    signal.throwIfAborted()
    answer = { result: messageOf(error), isError: true }
  }
  const { result, isError } = answer
  context.heartbeat({ type: 'tool-result', step, id, name, result, isError })
  return { type: 'tool-result', id, result, isError }
}

function tooManySteps({ id }: TaskInput, maxSteps: number, texts: readonly string[], { toolCalls }: GenerateResult): TaskFailedError {
  const wanted = toolCalls.map(({ name }) => name)
  const message = `the model of task \`${id}\` still calls tools (${wanted.join(', ')}) after ${maxSteps} steps; raise \`maxSteps\`, or say in the prompt when it is done`
  return new TaskFailedError('ERR_MAX_STEPS', message, { details: { steps: maxSteps, text: texts.join('\n\n'), toolCalls: wanted } })
}
