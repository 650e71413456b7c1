// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Structured output: the text of an answer as JSON, judged by the user's own schema, and what to tell a model whose answer does not fit.

import type { Issue } from '../issue.js'
import type { Json } from '../json.js'
import { judged, type Judged } from '../judging.js'
import { NativeSchema } from '../native.js'
import type { SchemaForms } from '../schema.js'

/** What the schema makes of an answer, or what is wrong with it. */
export async function judgeAnswer(text: string, { judge, jsonSchema }: SchemaForms): Promise<Judged> {
  let value: Json
  try {
    value = JSON.parse(bare(text)) as Json
  } catch (error) {
    return { ok: false, issues: [{ path: 'output', message: `is not JSON: ${(error as Error).message}` }] }
  }
  return judged(value, 'output', judge, (answer) => new NativeSchema(JSON.stringify(jsonSchema ?? true)).judge(answer))
}

/** Models that were not held to a shape like to put JSON into a fence. */
function bare(text: string): string {
  const [, fenced] = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text) ?? []
  return fenced ?? text
}

/** What a model is told whose answer does not fit. */
export function repairPrompt(issues: readonly Issue[]): string {
  const listed = issues.map(({ path, message }) => `- ${path}: ${message}`).join('\n')
  return `Your answer does not fit the schema:\n${listed}\nAnswer again, with nothing but the whole JSON value that fits it.`
}
