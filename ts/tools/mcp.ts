// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Connections to servers of the Model Context Protocol: their tools are tools here for as long as the connection is not closed.
//
//   connect ─▶ open ◀──────────── reconnected at the next call ─── lost        the tools stay registered meanwhile, and say so
//               └─▶ closed        the tools are gone

import type { Clock } from '../base/clock.js'
import { ClosedError, ConflictError, ToolError, type ErrorCode, type OrchestratorError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import { looking } from '../json/entry.js'
import { plainJson, type Json } from '../json/json.js'
import type { Log } from '../log/log.js'
import { answered, misfit, within } from './call.js'
import { TOOL_NAME } from './definition.js'
import { namesOf, type Named } from './mcp-names.js'
import { McpSession } from './mcp-session.js'
import { Relisting } from './mcp-relisting.js'
import { readServer, refused, type McpServer, type ResolvedServer } from './mcp-server.js'
import type { ToolRegistry } from './registry.js'
import type { Tool } from './tool.js'

/** A connection to a server. */
export interface McpConnection extends AsyncDisposable {
  /** The configured name, or the one that the server gives itself. */
  readonly name: string
  /** Its registered tools. The list changes when the server sends another. */
  readonly tools: readonly { readonly name: string; readonly description: string }[]
  /** Unregisters its tools and closes the connection. Resolves when a started program has ended. */
  close(): Promise<void>
}

/** A tool as a server describes it. */
interface Listed {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly inputSchema: object
}

/** The tools of a server, and others of it that cannot be used. */
interface List {
  readonly tools: readonly Listed[]
  readonly leftOut: readonly LeftOut[]
}

interface LeftOut {
  readonly name: string | null
  readonly why: string
}

/** What a server answers a call. */
interface Answered {
  readonly content: readonly Content[]
  readonly structuredContent?: Json
  readonly isError?: boolean
}

interface Content {
  readonly type: string
  readonly text?: string
  /** Why it cannot be read; it has nothing else then. */
  readonly unread?: string
}

/** All connections of an orchestrator. */
export class McpConnections {
  readonly #clock: Clock
  readonly #log: Log
  readonly #registry: ToolRegistry
  readonly #open = new Set<Connection>()
  #closed = false

  constructor(clock: Clock, log: Log, registry: ToolRegistry) {
    this.#clock = clock
    this.#log = log
    this.#registry = registry
  }

  async connect(server: McpServer): Promise<McpConnection> {
    const resolved = looking(server, 'server', 'the server cannot be connected to', () => readServer(server))
    if (this.#closed)
      throw new ClosedError('ERR_CLOSED', 'the orchestrator has been shut down; create another with `new MultiAgentOrchestrator(…)`')
    const connection = new Connection(resolved, this.#clock, this.#log, this.#registry, () => this.#open.delete(connection))
    this.#open.add(connection)
    try {
      await connection.connect()
    } catch (error) {
      await connection.close()
      throw error
    }
    return connection
  }

  /** Resolves when every program that was started has ended. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#open].map((connection) => connection.close()))
  }
}

/** What an error of HTTP has besides its words. */
interface HttpDetails {
  readonly status?: number
  readonly retryAfterMs?: number | null
}

/** A server may have ever new reasons. */
const WARNINGS_MAX = 100

/** Before a server is reached for again that was reached for in vain, or did not live until it had answered a call. */
const PAUSE_MS_MIN = 1000
const PAUSE_MS_MAX = 30_000

class Connection implements McpConnection {
  readonly #server: ResolvedServer
  readonly #clock: Clock
  readonly #log: Log
  readonly #registry: ToolRegistry
  readonly #gone: () => void
  #name: string | undefined
  /** By the names they are registered with. */
  #registered = new Map<string, Tool>()
  #session: McpSession | undefined
  /** What was told of tools that cannot be used, and of lists that cannot be read: each is told once. */
  readonly #warned = new Set<string>()
  /** The last one that failed a call. */
  #lost: McpSession | undefined
  #opening: Promise<McpSession> | undefined
  #closing: Promise<void> | undefined
  readonly #relisting: Relisting
  /** Reconnects since the last call that was answered. */
  #reconnects = 0
  #notBefore = 0

  constructor(server: ResolvedServer, clock: Clock, log: Log, registry: ToolRegistry, gone: () => void) {
    this.#server = server
    this.#clock = clock
    this.#log = log
    this.#registry = registry
    this.#gone = gone
    this.#relisting = new Relisting(clock, () => this.#relist())
  }

  get name(): string {
    return this.#name ?? this.#server.known
  }

  get tools(): readonly { readonly name: string; readonly description: string }[] {
    return [...this.#registered.values()].map(({ name, description }) => ({ name, description }))
  }

  async connect(): Promise<void> {
    this.#opening = this.#open(true).finally(() => (this.#opening = undefined))
    await this.#opening.catch((error: unknown) => {
      throw error instanceof ToolError && this.#closing === undefined ? this.#failure('ERR_MCP_CONNECT', error.message) : error
    })
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    for (const name of this.#registered.keys()) this.#registry.delete(name)
    this.#registered.clear()
    this.#relisting.stop()
    await this.#session?.close()
    this.#gone()
  }

  /** Throws what is wrong without the name of the server. */
  async #open(first: boolean): Promise<McpSession> {
    const session = new McpSession(this.#server.target, () => this.#relisting.changed())
    this.#session = session
    try {
      const listed = await within(this.#clock, this.#server.timeout, this.#greet(session), () => this.#late())
      this.#take(listed, first)
      return session
    } catch (error) {
      await session.close()
      throw this.#closing === undefined ? error : this.#over()
    }
  }

  async #greet(session: McpSession): Promise<List> {
    const { name } = await session.open()
    this.#name ??= this.#server.name ?? name ?? this.#server.known
    // Whoever gives up closes the session.
    return (await session.tools(new AbortController().signal)) as List
  }

  /** The session, or the next one if that is over. */
  async #live(): Promise<McpSession> {
    if (this.#closing !== undefined) throw this.#over()
    const session = this.#session
    if (this.#opening === undefined && session !== this.#lost && session?.isOpen() === true) return session
    return (this.#opening ??= this.#reopen().finally(() => (this.#opening = undefined)))
  }

  async #reopen(): Promise<McpSession> {
    const now = this.#clock.now()
    if (now < this.#notBefore) {
      const wait = Math.ceil((this.#notBefore - now) / 1000)
      throw this.#failure('ERR_MCP_LOST', `it cannot be reached; the next attempt is possible in ${wait} ms`)
    }
    this.#notBefore = now + Math.min(PAUSE_MS_MIN * 2 ** this.#reconnects, PAUSE_MS_MAX) * 1000
    this.#reconnects += 1
    this.#session?.retire()
    try {
      return await this.#open(false)
    } catch (error) {
      if (this.#closing !== undefined) throw this.#over()
      throw this.#failure('ERR_MCP_LOST', `the connection is lost, and reconnecting failed: ${(error as Error).message}`)
    }
  }

  /** The server has other tools than before. */
  async #relist(): Promise<void> {
    const session = this.#session
    // A connection that is lost lists anew when it is there again.
    if (session === undefined || this.#closing !== undefined) return
    await this.#opening?.catch(() => {})
    if (session !== this.#session) return
    const controller = new AbortController()
    try {
      const listed = session.tools(controller.signal) as Promise<List>
      const list = await within(this.#clock, this.#server.timeout, listed, () => this.#late())
      if (session === this.#session) this.#take(list, false)
    } catch (error) {
      // What took too long is over, too.
      controller.abort(error)
      const { code, message } = error as OrchestratorError
      if (code === 'ERR_MCP_LOST' || code === 'ERR_CANCELLED' || this.#closing !== undefined) return
      this.#warn(`its tools are as they were before it said that they are others: ${message}`)
    }
  }

  /** Registers the tools of the server, instead of those that it had before. */
  #take(list: List, first: boolean): void {
    if (this.#closing !== undefined) throw this.#over()
    const issues: Issue[] = []
    const renamed: string[] = []
    const tools = new Map<string, Tool>()
    const wanted = this.#wanted(list, first ? issues : [])
    const named = namesOf(wanted, this.#server.prefix ?? `${this.name}_`)
    for (const [index, one] of wanted.entries()) {
      const { name, instead } = named[index] as Named
      if (instead !== undefined) renamed.push(`tool \`${one.name}\` is registered as \`${name}\`, since another is called \`${instead}\``)
      const tool = this.#tool(name, one)
      const problem = this.#problem(tool.name, one.name, tools)
      if (problem === undefined) tools.set(tool.name, tool)
      else issues.push({ path: 'server.tools', message: problem })
    }
    if (first && issues.length > 0) {
      const taken = issues.find(({ message }) => message.endsWith(TAKEN))
      const shown = issues.map(({ path, message }) => ({ path, message: this.#clean(message) }))
      throw taken === undefined ? refused(shown) : new ConflictError('ERR_TOOL_EXISTS', this.#said(taken.message))
    }
    // Nobody is there to be told, and the other tools are as good as they were.
    for (const { why } of list.leftOut.filter(({ name }) => name === null || this.#chosen(name))) this.#warn(why)
    for (const message of [...renamed, ...issues.map((issue) => issue.message)]) this.#warn(message)
    for (const name of this.#registered.keys()) this.#registry.delete(name)
    for (const tool of tools.values()) this.#registry.add(tool)
    this.#registered = tools
  }

  #warn(message: string): void {
    const said = this.#said(message)
    if (this.#warned.has(said) || this.#warned.size >= WARNINGS_MAX) return
    this.#warned.add(said)
    this.#log.warn({ event: 'mcp:tools', server: this.name }, said)
  }

  #wanted({ tools, leftOut }: List, issues: Issue[]): readonly Listed[] {
    const { include, exclude } = this.#server
    const names = tools.map(({ name }) => name)
    for (const [field, wanted] of Object.entries({ include: include ?? [], exclude })) {
      for (const [index, name] of wanted.entries()) {
        const unusable = leftOut.find((one) => one.name === name)
        if (names.includes(name) || (unusable !== undefined && field === 'exclude')) continue
        const message = unusable?.why ?? `the server has no tool \`${name}\`; it has ${names.join(', ') || 'none'}`
        issues.push({ path: `server.tools.${field}[${index}]`, message })
      }
    }
    return tools.filter(({ name }) => this.#chosen(name))
  }

  /** Whether the user wants it. */
  #chosen(name: string): boolean {
    const { include, exclude } = this.#server
    return (include === undefined || include.includes(name)) && !exclude.includes(name)
  }

  #problem(name: string, theirs: string, others: ReadonlyMap<string, Tool>): string | undefined {
    if (!TOOL_NAME.test(name))
      return `tool \`${theirs}\` would be called \`${name}\`, which is longer than 64 characters; give a shorter \`prefix\`, or exclude it`
    const taken = others.has(name) || (this.#registry.get(name) !== undefined && !this.#registered.has(name))
    return taken ? `tool \`${theirs}\` would be called \`${name}\`${TAKEN}` : undefined
  }

  #tool(name: string, { name: theirs, title, description, inputSchema }: Listed): Tool {
    const bound = { clock: this.#clock, timeout: this.#server.timeout }
    return {
      name,
      description: description ?? title ?? theirs,
      parameters: { type: 'object', ...inputSchema },
      call: (args, ctx) => answered(name, ctx, bound, (signal) => this.#call(name, theirs, args ?? {}, signal, ctx.traceparent)),
    }
  }

  /** The server judges the arguments: the schema is its own. */
  async #call(name: string, theirs: string, args: unknown, signal: AbortSignal, traceparent: string | undefined): Promise<Json> {
    const issues: Issue[] = []
    const plain = plainJson(args, 'arguments', issues)
    if (issues.length === 0 && (typeof plain !== 'object' || plain === null || Array.isArray(plain)))
      issues.push({ path: 'arguments', message: 'must be an object with an argument in each field' })
    if (issues.length > 0) throw misfit('ERR_TOOL_ARGUMENTS', name, issues)
    const session = await this.#live()
    let answer: Answered
    try {
      answer = (await session.call(theirs, plain as Json, signal, traceparent)) as Answered
    } catch (error) {
      if (this.#closing !== undefined) throw this.#over()
      // By HTTP a session may seem to be there that the server knows nothing of any more.
      if (error instanceof ToolError && error.code === 'ERR_MCP_LOST') this.#lost = session
      throw error instanceof ToolError ? this.#failure(error.code, error.message, name, error.details) : error
    }
    this.#reconnects = 0
    this.#notBefore = 0
    const content = answer.content.map((part) => this.#readable(part, theirs))
    if (answer.isError === true) {
      const words = content.map(worded).join('\n')
      throw this.#failure('ERR_TOOL_FAILED', words === '' ? `tool \`${theirs}\` failed, and the server gives no reason` : words, name)
    }
    return answer.structuredContent ?? textOf(content) ?? (content as unknown as Json)
  }

  /** A part of an answer; a note in place of one that cannot be read. */
  #readable(part: Content, tool: string): Content {
    if (part.unread === undefined) return part
    return { type: 'text', text: `[${this.#said(`a part of the answer of tool \`${tool}\` cannot be read: ${part.unread}`)}]` }
  }

  #failure(code: ErrorCode, message: string, tool?: string, { status, retryAfterMs }: HttpDetails = {}): ToolError {
    const details = { server: this.name, ...(tool !== undefined && { tool }), ...(status !== undefined && { status }) }
    // A server that is busy or broken may be neither later.
    const later = status === 429 || (status !== undefined && status >= 500)
    const retryable = code === 'ERR_MCP_LOST' || code === 'ERR_MCP_CONNECT' || later
    const error = new ToolError(code, this.#said(message), { details, retryable })
    // A task waits for at least that long.
    return typeof retryAfterMs === 'number' ? Object.assign(error, { retryAfterMs }) : error
  }

  #said(message: string): string {
    return `MCP server \`${this.name}\`: ${this.#clean(message)}`
  }

  #clean(message: string): string {
    return this.#session?.clean(message) ?? message
  }

  #late(): ToolError {
    return new ToolError(
      'ERR_MCP_CONNECT',
      `it did not answer within ${this.#server.timeout} ms; raise \`timeout\`, or see whether it speaks MCP`,
    )
  }

  #over(): ToolError {
    return this.#failure('ERR_MCP_LOST', 'the connection has been closed')
  }
}

const TAKEN = ', which is taken; give another `prefix`, or exclude it'

/** A part of an answer in words: of bytes what they are, since nobody reads them as letters. */
function worded(part: Content): string {
  if (part.text !== undefined) return part.text
  const { mimeType, resource } = part as { mimeType?: string; resource?: { text?: string; mimeType?: string; uri?: string } }
  return resource?.text ?? `(${part.type}: ${mimeType ?? resource?.mimeType ?? resource?.uri ?? 'not shown'})`
}

/** What the server wrote, if it wrote words alone. */
function textOf(content: readonly Content[]): string | undefined {
  const words = content.map(({ type, text }) => (type === 'text' ? text : undefined))
  return words.length > 0 && words.every((one) => one !== undefined) ? words.join('\n') : undefined
}
