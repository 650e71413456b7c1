// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The server that writes its messages by hand, over each transport.

import { join } from 'node:path'
import type { McpConnection, McpServer, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { afterEach } from 'vitest'
import { Child } from './child.ts'
import { root } from './folder.ts'
import { call, type Called } from './tools.ts'

const path = join(root, '__test__/fixtures/mcp-raw.mjs')
const running: Child[] = []
afterEach(() => Promise.all(running.splice(0).map((child) => child.kill())))

export type Transport = 'stdio' | 'json' | 'sse'

/** Over pipes, and by HTTP with documents and with streams of events. */
export const TRANSPORTS: readonly Transport[] = ['stdio', 'json', 'sse']

/** The server, with the list of that name. */
export async function rawServer(transport: Transport, list = 'plain'): Promise<McpServer> {
  if (transport === 'stdio') return { name: 'raw', command: process.execPath, args: [path, transport, list] }
  const child = new Child(path, [transport, list])
  running.push(child)
  await child.says('.')
  return { name: 'raw', url: `http://127.0.0.1:${/port (\d+)\./.exec(child.stdout)?.[1]}/mcp`, allowPrivate: true }
}

interface State {
  readonly asked: number
  readonly cancelled: number
  /** How often it was asked for its list while nobody heard what it says unasked. */
  readonly deaf: number
  readonly pid: number
}

/** What the server has seen. */
export async function stateOf(orchestrator: MultiAgentOrchestrator): Promise<State> {
  const { result, error } = await call(orchestrator, 'raw_state')
  if (error !== undefined) throw error
  return JSON.parse(result as string) as State
}

/** What a tool of it answers. */
export async function rawCall(orchestrator: MultiAgentOrchestrator, server: McpServer, tool: string, args: unknown = {}): Promise<Called> {
  await orchestrator.agentPool.connectMcp(server)
  return call(orchestrator, `raw_${tool}`, args)
}

export const namesOf = ({ tools }: McpConnection): string[] => tools.map(({ name }) => name)
