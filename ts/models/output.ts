// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Structured output: the text of an answer as JSON, judged by the user's own schema.
//
//   answer ─▶ the one value in it that fits ─▶ output
//      │ none                                     ▲
//      ├─ was cut or withheld ─▶ said             │
//      └─ else ─▶ asked once more, told what is wrong ─▶ none again ─▶ said

import { ModelError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import { judged, type Judged } from '../schema/judging.js'
import { NativeSchema } from '../boundary/native.js'
import type { SchemaForms } from '../schema/schema.js'
import { lackDetails, lackOf, wordsOf } from './ending.js'
import { valuesIn } from './found.js'
import type { ReadRequest } from './request.js'
import type { AcceptedEnding, GenerateResult } from '../api/models.js'
import { after, paying, whole, type Whole } from './whole.js'

type Chat = ReadRequest['chat']

/** Asks until there is a value that fits, at most twice. `streamed`: what was delivered cannot be taken back, so that it is asked once. */
export async function structured(
  chat: Chat,
  schema: SchemaForms,
  ask: (chat: Chat) => Promise<GenerateResult>,
  streamed: boolean,
): Promise<GenerateResult> {
  const { maxTokens: most } = chat
  const maxTokens = typeof most === 'number' ? most : undefined
  const asking = (messages: readonly Json[]): Promise<Whole> =>
    whole((turns) => ask({ ...chat, messages: [...messages, ...(turns as unknown as Json[])] }))
  const { answer: first, turns } = await asking(chat.messages)
  if (first.toolCalls.length > 0) return first
  const judgement = await judgeAnswer(first, schema)
  if (judgement.ok) return { ...first, output: judgement.value }
  const lack = lackOf(first, false)
  // Under the same limit it would be cut again, and what was withheld stays so.
  if (streamed || lack === 'length' || lack === 'content') throw noOutput(first, lack, judgement.issues, maxTokens)
  const said = lack === 'empty' ? [] : turns
  const again = repairing(chat.messages, said as unknown as Json[], judgement.issues)
  const second = after(first, await paying(first, async () => (await asking(again)).answer))
  if (second.toolCalls.length > 0) return second
  const verdict = await judgeAnswer(second, schema)
  if (verdict.ok) return { ...second, output: verdict.value }
  throw noOutput(second, lackOf(second, false), verdict.issues, maxTokens)
}

/** What the schema makes of an answer: of the one value in it that fits, or what is wrong with it. */
async function judgeAnswer({ text, finishReason }: GenerateResult, { judge, jsonSchema }: SchemaForms): Promise<Judged> {
  if (text.trim() === '') return { ok: false, issues: [{ path: 'output', message: 'is empty' }] }
  const native = new NativeSchema(JSON.stringify(jsonSchema ?? true))
  const found = valuesIn(text, finishReason === 'length')
  const fitting: Judged[] = []
  let refusal: Judged | undefined
  for (const value of found) {
    const judgement = await judged(value, 'output', judge, (answer) => native.judge(answer))
    if (judgement.ok) fitting.push(judgement)
    else refusal ??= judgement
  }
  const [only, other] = fitting
  if (only !== undefined && other === undefined) return only
  if (other !== undefined) return { ok: false, issues: [{ path: 'output', message: `is not one value: ${fitting.length} of them fit` }] }
  return refusal ?? { ok: false, issues: [{ path: 'output', message: `is not JSON: ${whyNot(text)}` }] }
}

function whyNot(text: string): string {
  try {
    JSON.parse(text)
    return 'it was cut'
  } catch (error) {
    return (error as Error).message
  }
}

/** The conversation with what a model is told whose answer does not fit; `said`: the turns of that answer, none if it is empty. */
function repairing(messages: readonly Json[], said: readonly Json[], issues: readonly Issue[]): Json[] {
  const listed = issues.map(({ path, message }) => `- ${path}: ${message}`).join('\n')
  const wrong = said.length === 0 ? 'Your answer was empty.' : `Your answer does not fit the schema:\n${listed}`
  const part = { type: 'text', text: `${wrong}\nAnswer again, with nothing but the whole JSON value that fits it.` }
  const last = messages.at(-1) as { role: string; content: Json[] }
  // Not every model takes two turns of its user in a row.
  if (said.length === 0 && last.role === 'user') return [...messages.slice(0, -1), { ...last, content: [...last.content, part] }]
  return [...messages, ...said, { role: 'user', content: [part] }]
}

function noOutput(
  answer: GenerateResult,
  lack: AcceptedEnding | undefined,
  issues: readonly Issue[],
  maxTokens: number | undefined,
): ModelError {
  const listed = issues.map(({ path, message }) => `${path}: ${message}`).join('; ')
  const details = { issues, ...lackDetails(answer, lack, maxTokens) }
  const words =
    lack === undefined
      ? `the answer of ${answer.provider}/${answer.model} does not fit the schema: ${listed}`
      : `${wordsOf(answer, lack, maxTokens)}, and there is no value that fits the schema${lack === 'length' ? '; raise the limit, or ask for less' : ''}`
  return new ModelError('ERR_MODEL_OUTPUT', words, { details })
}
