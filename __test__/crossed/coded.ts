// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Schemas that are code: a case, which is data, says where they stand, and the package is given zod there.

import { z } from 'zod'

/** Stands for a schema of outputs, */
export const CODED_OUTPUT = { $comment: 'coded output' }

/** and for one of payloads. */
export const CODED_PAYLOAD = { $comment: 'coded payload' }

const SCHEMAS = {
  [CODED_OUTPUT.$comment]: z
    .looseObject({ id: z.string() })
    .refine(isFine)
    .transform((output) => ({ ...output, seen: true })),
  [CODED_PAYLOAD.$comment]: z.object({ n: z.int().refine((n) => n !== 2), text: z.string().default('none') }),
}

/** A workflow with code where it stands for it. */
export function withCode<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(withCode) as T
  if ('$comment' in value) return SCHEMAS[String(value.$comment)] as T
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withCode(member)])) as T
}

/** Whether a workflow has some. */
export function hasCode(flow: unknown): boolean {
  return JSON.stringify(flow).includes('"$comment"')
}

/** What such a schema makes of an output; undefined if it does not fit. */
export function judgedOutput(output: unknown): object | undefined {
  return isFine(output) ? { ...(output as object), seen: true } : undefined
}

/** What one makes of a payload. */
export function judgedPayload(payload: object): object {
  return 'text' in payload ? payload : { ...payload, text: 'none' }
}

/** No JSON Schema says this. What failures that a loop collected say of themselves is the product's own. */
function isFine(output: unknown): boolean {
  const said = (output as { said?: unknown }).said ?? null
  return JSON.stringify(said, (key, value: unknown) => (key === 'message' ? undefined : value)).length % 4 !== 0
}
