// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What may stand for an agent where several are registered by name: a function, a type, or an agent of a type.

import { looking } from '../json/entry.js'
import { ValidationError } from '../api/errors.js'
import { describe, memberPath, type Issue } from '../api/issue.js'
import type { AgentRegistration, AgentType, InlineAgentType, AgentFunction } from '../api/agent.js'

/** The agents of a program, by what each is. */
interface Forms {
  readonly types: readonly (readonly [name: string, type: AgentType | AgentFunction])[]
  readonly agents: readonly AgentRegistration[]
}

/** The type that a function stands for: it keeps nothing between tasks, so that its instances are all alike. */
export function typeOf(execute: AgentFunction): InlineAgentType {
  return { create: () => ({ execute: (task, context) => execute(task, context) }) }
}

/** Tells the forms apart; what is none of them is refused with its name. */
export function readForms(agents: unknown): Forms {
  return looking(agents, 'agents', 'the agents cannot be registered', () => formsOf(agents))
}

function formsOf(agents: unknown): Forms {
  const issues: Issue[] = []
  const types: [string, AgentType | AgentFunction][] = []
  const others: AgentRegistration[] = []
  if (typeof agents !== 'object' || agents === null || Array.isArray(agents))
    issues.push({
      path: 'agents',
      message: `must be an object of agents by name, such as { fetcher: async (task) => … }, not ${describe(agents)}`,
    })
  else
    for (const [name, form] of Object.entries(agents) as [string, unknown][]) {
      if (typeof form === 'function') types.push([name, form as AgentFunction])
      else if (typeof form !== 'object' || form === null) issues.push(noForm(name, form))
      else if ('type' in form && !('create' in form)) others.push({ ...form, id: name } as AgentRegistration)
      else types.push([name, form as AgentType])
    }
  if (issues.length > 0) throw new ValidationError('ERR_INVALID_ARGUMENT', 'the agents cannot be registered', issues)
  return { types, agents: others }
}

function noForm(name: string, form: unknown): Issue {
  const message = `must be a function such as async (task, ctx) => …, a type of agents ({ create }), or an agent of one ({ type, configuration }), not ${describe(form)}`
  return { path: memberPath('agents', name), message }
}

/** What \`read\` makes of one of several agents; what is wrong with it is told by its name. */
export function placed<T>(name: string, root: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const place = memberPath('agents', name)
    const issues = error.issues.map(({ path, ...issue }) => ({
      ...issue,
      path: path.startsWith(root) ? place + path.slice(root.length) : place,
    }))
    throw new ValidationError(error.code, 'the agents cannot be registered', issues, { cause: error.cause })
  }
}
