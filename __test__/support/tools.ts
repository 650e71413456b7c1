// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Tools as agents call them, and servers of them.

import { join } from 'node:path'
import type { McpConnection, MultiAgentOrchestrator, ToolError } from '@codexos/multi-agent-orchestrator'
import { Child } from './child.ts'
import { root } from './folder.ts'

export interface Called {
  readonly result: unknown
  readonly isError: boolean
  readonly error?: ToolError
}

interface Registry {
  call(name: string, args: unknown, ctx: { signal: AbortSignal; id?: string; idempotencyKey?: string }): Promise<Called>
  list(): { name: string; description: string; parameters: object }[]
}

/** What the built-in agents call tools through. */
export const toolsOf = ({ agentPool }: MultiAgentOrchestrator): Registry => (agentPool as unknown as { tools: Registry }).tools

/** Calls a tool as an agent does. */
export function call(
  orchestrator: MultiAgentOrchestrator,
  name: string,
  args: unknown = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Called> {
  return toolsOf(orchestrator).call(name, args, { signal, id: 'call-1', idempotencyKey: 'key-1' })
}

export const serverPath: string = join(root, '__test__/fixtures/mcp-server.mjs')

/** The server on standard input and output. */
export const stdio = { name: 'test', command: process.execPath, args: [serverPath] }

/** What the server says of itself. */
export interface About {
  readonly begun: number
  readonly cancelled: number
  readonly pid: number
  readonly folder: string
  readonly env: Record<string, string>
  readonly headers: Record<string, string>
}

export async function about(orchestrator: MultiAgentOrchestrator, { name }: McpConnection): Promise<About> {
  const { result } = await call(orchestrator, `${name}_about`)
  return JSON.parse(result as string) as About
}

/** The server on a port of loopback; the same one again, if it is given. */
export async function remote(port = 0): Promise<{ child: Child; port: number; url: string }> {
  const child = new Child(serverPath, ['http', String(port)])
  await child.says('.')
  const found = Number(/port (\d+)\./.exec(child.stdout)?.[1])
  return { child, port: found, url: `http://127.0.0.1:${found}/mcp` }
}

/** Whether there is such a process. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
