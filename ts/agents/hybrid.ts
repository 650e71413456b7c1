// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The agent whose model uses tools: it is asked again with what they gave, until it calls none.
//
//   ask ─┬─ calls tools ─▶ call them, all at once ─▶ ask, at most `maxSteps` times
//        └─ calls none ──▶ the text is the result, or what `outputSchema` makes of it
//
// Each reply and each result of a tool is a step: a later attempt goes on at the first that is not on record.

import { TaskFailedError } from '../api/errors.js'
import type { Log } from '../log/log.js'
import { valuesIn } from '../models/found.js'
import type { AcceptedEnding, GenerateResult, ModelMessage } from '../api/models.js'
import type { ToolRegistry } from '../tools/registry.js'
import type { Agent, AttemptContext, TaskInput } from '../api/agent.js'
import { Asking, requestPart } from './attempt.js'
import type { ResolvedHybrid } from './configuration.js'
import { taking } from './progress.js'
import { fenced, promptOf } from './prompt.js'
import { ToolCalls } from './tool-calls.js'
import type { BuiltInHost } from './host.js'
import { isOutputSchema, type OutputSchema } from '../schema/output-schema.js'

export class HybridAgent implements Agent {
  readonly #configuration: ResolvedHybrid
  readonly #tools: ToolRegistry
  readonly #log: Log
  readonly #accept: readonly AcceptedEnding[]

  /** `accept`: which answers are taken as they are, where neither the task nor the configuration says. */
  constructor(configuration: ResolvedHybrid, { tools, accept, log }: Required<BuiltInHost>) {
    this.#configuration = configuration
    this.#tools = tools
    this.#log = log
    this.#accept = configuration.accept ?? accept
  }

  /** The text of the answer that calls no tool; of a task with `outputSchema` what that makes of it. */
  async execute(task: TaskInput, context: AttemptContext): Promise<unknown> {
    const { tools: names, maxSteps, resume, system, ...llm } = this.#configuration
    const asking = new Asking(context, this.#accept, llm.stream)
    const prompt = promptOf(task, llm.include)
    const { outputSchema: schema } = context
    const form = isOutputSchema(schema) ? schema : undefined
    const instructions = [system, form && wantedForm(form)].filter((part) => part !== undefined).join('\n\n')
    const take = taking(context, resume, [prompt, instructions])
    const calls = new ToolCalls(this.#tools, names, context, this.#log, take, (data) => asking.announce(data, asking.sent))
    const tools = calls.shown()
    const request = {
      ...requestPart(llm),
      ...(instructions !== '' && { system: instructions }),
      ...(tools.length > 0 && { tools }),
    }
    const messages: ModelMessage[] = [{ role: 'user', content: prompt }]
    const texts: string[] = []
    for (let step = 1; ; step += 1) {
      const { answer, turns, sent } = await take(`reply ${step}`, async () => {
        const said = await asking.ask({ ...request, messages: [...messages] })
        return { ...said, sent: asking.sent }
      })
      asking.goOnFrom(sent)
      const isLast = answer.toolCalls.length === 0
      const read = isLast && form !== undefined ? await readAs(form, answer) : undefined
      // What fits is whole, wherever the words around it were cut; what was withheld is told all the same.
      if (read === undefined || answer.finishReason === 'content-filter') asking.assertWhole(answer, request, true)
      if (isLast) {
        if (form === undefined) return answer.text
        return read === undefined ? await take('form', async () => this.#formed(asking, form, prompt, answer)) : read.value
      }
      if (answer.text !== '') texts.push(answer.text)
      // What its tools would give nobody would read.
      if (step === maxSteps) throw tooManySteps(task, maxSteps, texts, answer)
      messages.push(...turns, { role: 'tool', content: await calls.callAll(answer.toolCalls, step) })
      context.signal.throwIfAborted()
    }
  }

  /** An answer that is not in the form that is wanted is put into it by a request of its own, which needs no tools. */
  async #formed(asking: Asking, form: OutputSchema, prompt: string, { text }: GenerateResult): Promise<unknown> {
    const { tools: _tools, maxSteps: _maxSteps, resume: _resume, ...llm } = this.#configuration
    const request = { ...requestPart(llm), prompt: `${prompt}\n\nPut this answer to it into the form that is wanted:\n\n${text}` }
    return await asking.output({ ...request, schema: form })
  }
}

/** Some providers take no schema beside tools, so that a model is told of the form in words. */
function wantedForm(form: OutputSchema): string {
  return `When you need no more tools, answer with JSON that fits this JSON Schema, and with nothing else:\n\n${fenced(form['~standard'].jsonSchema.input())}`
}

/** The one value in an answer that has the form. */
async function readAs(form: OutputSchema, { text, finishReason }: GenerateResult): Promise<{ value: unknown } | undefined> {
  const fitting: { value: unknown }[] = []
  for (const value of valuesIn(text, finishReason === 'length'))
    if ((await form['~standard'].validate(value)).issues === undefined) fitting.push({ value })
  return fitting.length === 1 ? fitting[0] : undefined
}

function tooManySteps({ id }: TaskInput, maxSteps: number, texts: readonly string[], { toolCalls }: GenerateResult): TaskFailedError {
  const wanted = toolCalls.map(({ name }) => name)
  const message = `the model of task \`${id}\` still calls tools (${wanted.join(', ')}) after ${maxSteps} ${maxSteps === 1 ? 'step' : 'steps'}; raise \`maxSteps\`, or say in the prompt when it is done`
  return new TaskFailedError('ERR_MAX_STEPS', message, { details: { steps: maxSteps, text: texts.join('\n\n'), toolCalls: wanted } })
}
