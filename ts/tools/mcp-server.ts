// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which server of the Model Context Protocol, as a caller writes it: every field judged, nothing left open.

import { boolean, duration, readGroup, record, text, type Fields, type Read } from '../base/reader.js'
import type { Duration } from '../api/duration.js'
import { ValidationError } from '../api/errors.js'
import { describe, type Issue } from '../api/issue.js'

/** A server of the Model Context Protocol: a program that is started, or an address. */
export type McpServer = McpProgram | McpRemote

/** Options of both kinds of server. */
export interface McpServerOptions {
  /** The name in errors, and the default prefix of its tools. Default: the name that the server gives itself. */
  name?: string | undefined
  /** Which of its tools are registered, by the server's own names. Default: all. */
  tools?: { include?: readonly string[] | undefined; exclude?: readonly string[] | undefined } | undefined
  /** The prefix of its tools' names. Default: its name and `_`, since two servers may each have a `search`. */
  prefix?: string | undefined
  /** The longest that connecting, and one call, may take. Default 60000 (1 min). */
  timeout?: Duration | undefined
}

/** A server that the pool starts as a program, connected through standard input and output. It ends with the connection. */
export interface McpProgram extends McpServerOptions {
  /** A program on the PATH, or an absolute path. No shell reads it. */
  command: string
  args?: readonly string[] | undefined
  /** Added to the few variables that it inherits: PATH, HOME, the user, the language and the folder for temporary files. API keys are not inherited. */
  env?: Readonly<Record<string, string>> | undefined
  /** The working directory. Default: that of this process. */
  cwd?: string | undefined
}

/** A server at an address, by streamable HTTP. */
export interface McpRemote extends McpServerOptions {
  url: string | URL
  /** Sent with each request, such as `Authorization`. */
  headers?: Readonly<Record<string, string>> | undefined
  /** Whether it may be in a private network, or without TLS. Default false. */
  allowPrivate?: boolean | undefined
}

/** A server with nothing left open. */
export interface ResolvedServer {
  readonly name: string | undefined
  readonly include: readonly string[] | undefined
  readonly exclude: readonly string[]
  readonly prefix: string | undefined
  /** Milliseconds. */
  readonly timeout: number
  /** What Rust connects to, as JSON text. */
  readonly target: string
  /** What it is called before it has said what it calls itself. */
  readonly known: string
}

/** As the protocol's own SDK has it. */
const TIMEOUT_MS_DEFAULT = 60_000

/** What a program gets of our environment: it finds its files and its language, and none of our keys. */
const INHERITED =
  process.platform === 'win32'
    ? [
        'APPDATA',
        'HOMEDRIVE',
        'HOMEPATH',
        'LOCALAPPDATA',
        'PATH',
        'PATHEXT',
        'SYSTEMDRIVE',
        'SYSTEMROOT',
        'TEMP',
        'TMP',
        'USERNAME',
        'USERPROFILE',
      ]
    : ['HOME', 'LANG', 'LC_ALL', 'LOGNAME', 'PATH', 'SHELL', 'TERM', 'TMPDIR', 'TZ', 'USER']

const anyText: Read<string> = (value, path, issues) => {
  if (typeof value === 'string' && !value.includes('\0')) return value
  issues.push({ path, message: `must be a string, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}

const texts: Read<readonly string[]> = (value, path, issues) => {
  if (Array.isArray(value)) return value.flatMap((one, index) => anyText(one, `${path}[${index}]`, issues) ?? [])
  issues.push({ path, message: `must be an array of strings, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}

const prefix: Read<string> = (value, path, issues) => {
  if (typeof value === 'string' && /^[a-zA-Z0-9_-]{0,40}$/.test(value)) return value
  issues.push({ path, message: `must be up to 40 letters, digits, _ or -, not ${describe(value)}`, code: 'ERR_INVALID_VALUE' })
  return undefined
}

const address: Read<string> = (value, path, issues) => {
  const given = value instanceof URL ? value.href : value
  if (typeof given === 'string' && URL.canParse(given) && /^https?:/i.test(given)) {
    const { username, password, href } = new URL(given)
    if (username === '' && password === '') return href
    issues.push({ path, message: 'holds a password, which belongs in `headers`', code: 'ERR_INVALID_VALUE' })
  } else {
    // Not shown: the path of an address may be a secret.
    issues.push({ path, message: 'must be an address such as https://host/mcp', code: 'ERR_INVALID_VALUE' })
  }
  return undefined
}

interface Selection {
  include: readonly string[] | undefined
  exclude: readonly string[]
}

const selection: Read<Selection> = (value, path, issues) =>
  readGroup<Selection>(value, path, issues, { read: { include: texts, exclude: texts } }, { include: undefined, exclude: [] })

interface Common {
  name: string | undefined
  tools: Selection
  prefix: string | undefined
  timeout: number
}
interface Program extends Common {
  command: string
  args: readonly string[]
  env: Readonly<Record<string, string>>
  cwd: string | undefined
}
interface Remote extends Common {
  url: string
  headers: Readonly<Record<string, string>>
  allowPrivate: boolean
}

const common: Fields<Common>['read'] = { name: text, tools: selection, prefix, timeout: duration }
const programFields: Fields<Program> = { read: { ...common, command: text, args: texts, env: record(anyText), cwd: text } }
const remoteFields: Fields<Remote> = { read: { ...common, url: address, headers: record(anyText), allowPrivate: boolean } }
const unsaid: Common = { name: undefined, tools: { include: undefined, exclude: [] }, prefix: undefined, timeout: TIMEOUT_MS_DEFAULT }

/** The server, or a `ValidationError` with everything that is wrong with it. */
export function readServer(server: McpServer): ResolvedServer {
  const issues: Issue[] = []
  const { command, url } = (typeof server === 'object' && server !== null ? server : {}) as { command?: unknown; url?: unknown }
  if ((command === undefined) === (url === undefined)) {
    const message = `must have \`command\`, to start a program, or \`url\`, to reach one${command === undefined ? '' : '; not both'}`
    throw refused([{ path: 'server', message }])
  }
  const resolved = url === undefined ? readProgram(server, issues) : readRemote(server, issues)
  if (issues.length > 0) throw refused(issues)
  return resolved
}

/** What `connectMcp` says of a server that it cannot use. */
export function refused(issues: readonly Issue[]): ValidationError {
  return new ValidationError('ERR_INVALID_ARGUMENT', 'the MCP server cannot be connected to', issues)
}

function readProgram(server: McpServer, issues: Issue[]): ResolvedServer {
  const defaults: Program = { ...unsaid, command: '', args: [], env: {}, cwd: undefined }
  const { command, args, env, cwd, ...rest } = readGroup<Program>(server, 'server', issues, programFields, defaults)
  const inherited = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]))
  const target = JSON.stringify({ command, args, inherited: Object.fromEntries(inherited), env, cwd: cwd ?? null })
  return resolvedOf(rest, target, command)
}

function readRemote(server: McpServer, issues: Issue[]): ResolvedServer {
  const defaults: Remote = { ...unsaid, url: '', headers: {}, allowPrivate: false }
  const { url, headers, allowPrivate, ...rest } = readGroup<Remote>(server, 'server', issues, remoteFields, defaults)
  return resolvedOf(rest, JSON.stringify({ url, headers, allowPrivate }), url === '' ? '' : new URL(url).host)
}

function resolvedOf({ name, tools, prefix: begins, timeout }: Common, target: string, known: string): ResolvedServer {
  return { name, ...tools, prefix: begins, timeout, target, known: name ?? known }
}
