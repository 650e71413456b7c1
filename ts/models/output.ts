// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Structured output: the text of an answer as JSON, judged by the user's own schema, and what to tell a model whose answer does not fit.

import { issuesOf, joined } from '../input-judge.js'
import type { Issue } from '../issue.js'
import { NativeSchema } from '../native.js'
import type { SchemaForms } from '../schema.js'

/** What the schema made of an answer, or what is wrong with it. */
export type Judged = { readonly ok: true; readonly output: unknown } | { readonly ok: false; readonly issues: readonly Issue[] }

export async function judgeAnswer(text: string, schema: SchemaForms): Promise<Judged> {
  let value: unknown
  try {
    value = JSON.parse(bare(text))
  } catch (error) {
    return { ok: false, issues: [{ path: 'output', message: `is not JSON: ${(error as Error).message}` }] }
  }
  if (schema.judge === undefined) {
    const issues = issuesOf(new NativeSchema(JSON.stringify(schema.jsonSchema ?? true)).judge(JSON.stringify(value)), 'output')
    return issues.length === 0 ? { ok: true, output: value } : { ok: false, issues }
  }
  const result = await schema.judge(value)
  if (result.ok) return { ok: true, output: result.value }
  return { ok: false, issues: result.issues.map(({ path, message }) => ({ path: joined('output', path), message })) }
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
