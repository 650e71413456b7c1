// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A server on loopback that answers as a provider does, and orchestrators that ask it.

import { createServer, type Fixture, type ServerInstance } from '@copilotkit/aimock'
import type { MultiAgentOrchestrator, OrchestratorConfig } from '@codexos/multi-agent-orchestrator'
import { afterEach } from 'vitest'
import { orchestratorWith, type Execute } from './orchestrators.ts'

const open: ServerInstance[] = []

afterEach(async () => {
  const closed = open.splice(0).map(async ({ server }) => {
    // One that was opened and never used counts as at work.
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  await Promise.all(closed)
})

/** What one request said. */
export interface Sent {
  readonly system: string | undefined
  /** The last turn of the user. */
  readonly prompt: string
  readonly roles: readonly string[]
  readonly tools: readonly string[]
}

export interface ModelServer {
  /** A configuration that knows this server alone. */
  readonly models: NonNullable<OrchestratorConfig['models']>
  /** Every request so far. */
  sent(): Sent[]
}

/** Answers by these rules, the first that fits; a request that none fits is an error. */
export async function modelServer(...fixtures: Fixture[]): Promise<ModelServer> {
  const server = await createServer(fixtures, { port: 0, strict: true, logLevel: 'silent' })
  open.push(server)
  const provider = { kind: 'compatible', endpoint: `${server.url}/v1`, apiKey: 'key-of-a-test', allowPrivate: true, model: 'small' }
  return {
    models: { providers: { local: provider } },
    sent: () => server.journal.getAll().map(({ body }) => said(body as Body)),
  }
}

/** An orchestrator that has the models of a server. */
export function asking(
  { models }: ModelServer,
  agents: Record<string, Execute> = {},
  config: OrchestratorConfig = {},
): MultiAgentOrchestrator {
  return orchestratorWith(agents, { ...config, models })
}

/** A rule for what a user says; `text` as it is, or tools that are called. */
export function says(userMessage: string, text: string, match: Fixture['match'] = {}): Fixture {
  return { match: { userMessage, ...match }, response: { content: text } }
}

export function calls(userMessage: string, name: string, args: object, match: Fixture['match'] = {}): Fixture {
  return { match: { userMessage, ...match }, response: { toolCalls: [{ name, arguments: JSON.stringify(args) }] } }
}

interface Body {
  readonly messages: readonly { readonly role: string; readonly content: unknown }[]
  readonly tools?: readonly { readonly function: { readonly name: string } }[]
}

function said({ messages, tools = [] }: Body): Sent {
  const text = (content: unknown): string =>
    typeof content === 'string' ? content : ((content as { text?: string }[] | null) ?? []).map((part) => part.text ?? '').join('')
  const system = messages.find(({ role }) => role === 'system' || role === 'developer')
  return {
    system: system && text(system.content),
    prompt: text(messages.findLast(({ role }) => role === 'user')?.content),
    roles: messages.map(({ role }) => role),
    tools: tools.map((tool) => tool.function.name),
  }
}
