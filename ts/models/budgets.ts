// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The budgets of a configuration, and which of them pay for a call.

import type { RecurringBudget } from '../api/models.js'
import type { ResolvedModels } from '../config/models.js'
import { nanosOf } from './result.js'

/** The scope of all calls of an orchestrator together. */
const ORCHESTRATOR = 'orchestrator'

/** Whose call it is. */
interface Payer {
  readonly tenant?: string | undefined
  readonly workflowId?: string
  readonly agent?: string
}

/** Every budget that is configured, with its scope. */
export function budgetsOf({ budget, tenantBudgets, workflowBudgets, agentBudgets }: ResolvedModels): [string, RecurringBudget][] {
  const named = (kind: string, budgets: Readonly<Record<string, RecurringBudget>>): [string, RecurringBudget][] =>
    Object.entries(budgets).map(([name, one]) => [`${kind}:${name}`, one])
  return [
    ...(budget === null ? [] : [[ORCHESTRATOR, budget] satisfies [string, RecurringBudget]]),
    ...named('tenant', tenantBudgets),
    ...named('workflow', workflowBudgets),
    ...named('agent', agentBudgets),
  ]
}

/** The scopes that pay for a call. */
export function scopesOf(config: ResolvedModels, { tenant, workflowId, agent }: Payer): string[] {
  const scopes = config.budget === null ? [] : [ORCHESTRATOR]
  const { tenantBudgets, workflowBudgets, agentBudgets } = config
  const named = [
    ['tenant', tenantBudgets, tenant],
    ['workflow', workflowBudgets, workflowId],
    ['agent', agentBudgets, agent],
  ] as const
  for (const [kind, budgets, name] of named) if (name !== undefined && Object.hasOwn(budgets, name)) scopes.push(`${kind}:${name}`)
  return scopes
}

/** A budget as Rust reads it. */
export function budgetText({ usd, tokens, calls, per }: RecurringBudget): string {
  return JSON.stringify({ ...(usd !== undefined && { usdNanos: nanosOf(usd) }), tokens, calls, per })
}
