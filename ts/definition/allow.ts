// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an execution of a definition from others may use. Names that the definition has are judged where it enters; what is only known later – the agent
// that is found by what a task requires, the tool that a model calls, the model that an agent asks – is judged when it comes to that. It is recorded
// with the execution, and holds for all that comes of it.

import { errorOf, type OrchestratorError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { Json } from '../json/json.js'
import { namedBy, namedIn, type Named } from './named.js'
import type { Allowance } from '../api/execution.js'

const KINDS = ['agents', 'tools', 'workflows', 'models'] as const
const SINGULAR = { agents: 'agent', tools: 'tool', workflows: 'workflow', models: 'model' } as const
/** Names that a message lists. */
const LISTED_MAX = 20

type Workflows = Readonly<Record<string, Json>>

/** An allowance as it is recorded; `undefined` if it limits nothing. */
export function readAllow(given: unknown, issues: Issue[]): Allowance | undefined {
  const path = 'options.allow'
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    issues.push({ path, message: "must be an object such as { agents: ['writer'], tools: [] }" })
    return undefined
  }
  const allow: { [kind: string]: readonly string[] } = {}
  for (const [kind, names] of Object.entries(given) as [string, unknown][]) {
    if (!(KINDS as readonly string[]).includes(kind)) {
      issues.push({ path: `${path}.${kind}`, message: `is not known; these are: ${KINDS.join(', ')}` })
    } else if (Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')) {
      allow[kind] = [...new Set(names as string[])]
    } else if (names !== undefined) {
      issues.push({ path: `${path}.${kind}`, message: 'must be an array of names; leave it out to allow every one, [] allows none' })
    }
  }
  return Object.keys(allow).length === 0 ? undefined : allow
}

/** What both allow: what comes of an execution may narrow what that was allowed, and never widen it. */
export function narrowed(one: Allowance | undefined, other: Allowance | undefined): { readonly allow?: Allowance } {
  if (one === undefined || other === undefined) return one === other ? {} : { allow: (one ?? other) as Allowance }
  const both = KINDS.flatMap((kind) => {
    const [names, others] = [one[kind], other[kind]]
    const kept = names === undefined || others === undefined ? (names ?? others) : names.filter((name) => others.includes(name))
    return kept === undefined ? [] : [[kind, kept] as const]
  })
  return { allow: Object.fromEntries(both) }
}

/** Whether one of these names is allowed. */
export function allows(allow: Allowance | undefined, kind: keyof Allowance, ...names: readonly string[]): boolean {
  const allowed = allow?.[kind]
  return allowed === undefined || names.some((name) => allowed.includes(name))
}

/** What is said, while an execution runs, of something that it may not use. */
export function notAllowed(allow: Allowance | undefined, kind: keyof Allowance, name: string): OrchestratorError {
  return errorOf('ERR_NOT_ALLOWED', message(allow, kind, name), { details: { [SINGULAR[kind]]: name, allowed: allow?.[kind] ?? [] } })
}

/** The names in a workflow that are not allowed, by path; `workflows`: what the registered workflows are that its tasks name. */
export function forbiddenIn(workflow: Json, allow: Allowance, workflows: Workflows = {}): Issue[] {
  return forbidden(namedIn(workflow), allow, workflows, new Set())
}

/** The same of one task, that an attempt adds. */
export function forbiddenBy(task: Json, allow: Allowance): Issue[] {
  const isTask = typeof task === 'object' && task !== null && !Array.isArray(task)
  return isTask ? forbidden(namedBy(task, 'task'), allow, {}, new Set()) : []
}

function forbidden(all: Iterable<Named>, allow: Allowance, workflows: Workflows, seen: Set<string>): Issue[] {
  const issues: Issue[] = []
  for (const named of all) {
    if (named.kind === 'agent') {
      const { agentId } = named.need
      if (agentId !== '' && !allows(allow, 'agents', agentId)) issues.push(issue(allow, 'agents', agentId, `${named.path}.agentId`))
      continue
    }
    const { id } = named
    const path = `${named.path}.workflow`
    if (!allows(allow, 'workflows', id)) {
      issues.push(issue(allow, 'workflows', id, path))
    } else if (Object.hasOwn(workflows, id) && !seen.has(id)) {
      seen.add(id)
      const inside = forbidden(namedIn(workflows[id] as Json), allow, workflows, seen)
      for (const one of inside) issues.push({ ...one, path, message: `in workflow \`${id}\`, ${one.path}: ${one.message}` })
    }
  }
  return issues
}

function issue(allow: Allowance, kind: keyof Allowance, name: string, path: string): Issue {
  return { path, code: 'ERR_NOT_ALLOWED', message: message(allow, kind, name) }
}

function message(allow: Allowance | undefined, kind: keyof Allowance, name: string): string {
  const names = allow?.[kind] ?? []
  const listed = names.slice(0, LISTED_MAX).map((one) => `\`${one}\``)
  const more = names.length > LISTED_MAX ? ` and ${names.length - LISTED_MAX} more` : ''
  const there = names.length === 0 ? 'it allows none' : `it allows ${listed.join(', ')}${more}`
  return `${SINGULAR[kind]} \`${name}\` is not allowed here: \`allow.${kind}\` does not name it; ${there}`
}
