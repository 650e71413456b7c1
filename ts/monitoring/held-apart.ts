// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow whose text is changed elsewhere: what text cannot hold, such as functions and schemas, stays here and is put back where its place has moved to.

import type { AgentWorkflow } from '../api/workflow.js'

/** The one field of what stands for something held. */
const TOKEN = '\u0000held'

/** The text of a workflow as JSON data, and what gives its changed form its own values back. */
export function heldApart(workflow: AgentWorkflow): {
  readonly text: unknown
  readonly restored: (changed: AgentWorkflow) => AgentWorkflow
} {
  const held: unknown[] = []
  return { text: apart(workflow, held), restored: (changed) => together(changed, held) as AgentWorkflow }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}

function apart(value: unknown, held: unknown[]): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => apart(element, held))
  if (typeof value === 'object' && value !== null && isPlain(value))
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, field]) => field !== undefined)
        .map(([name, field]: [string, unknown]) => [name, apart(field, held)]),
    )
  const isText = value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
  return isText ? value : { [TOKEN]: held.push(value) - 1 }
}

function together(value: unknown, held: readonly unknown[]): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => together(element, held))
  if (typeof value !== 'object' || value === null) return value
  const place = (value as Record<string, unknown>)[TOKEN]
  if (typeof place === 'number') return held[place]
  return Object.fromEntries(Object.entries(value).map(([name, field]: [string, unknown]) => [name, together(field, held)]))
}
