// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The server that keeps the executions of many processes. What is wrong is told without what was given: it may hold a password.

import { duration, integer, oneOf, readGroup, text, type Fields, type Read } from '../base/reader.js'
import type { Duration } from '../api/duration.js'
import type { Issue } from '../api/issue.js'
import { readBytes, type Bytes } from '../json/bytes.js'
import { NO_RETENTION, readRetention, type ResolvedRetention, type RetentionConfig } from './retention.js'

/** Makes executions durable for any number of processes and machines: those with the same server and namespace share them. */
export interface RedisConfig {
  /**
   * The server as one text, `redis://user:password@host:port/db`, or `rediss://…` for an encrypted connection; what it leaves out has its default. In place of
   * `host`, `port`, `username`, `password` and `db`.
   */
  url?: string | undefined
  /** The name or the address of the server, or of one of a Cluster, which names the others. Default `'localhost'`. */
  host?: string | undefined
  /** Its port. Default 6379. */
  port?: number | undefined
  /** The user of the server's access list. Default: the server's default user. */
  username?: string | undefined
  /** The user's password. Default: none. */
  password?: string | undefined
  /** The number of the database, 0 to 65535. Default 0, the only one that a Cluster has. */
  db?: number | undefined
  /** Whether the connection is encrypted: `true`, or the certificates that it takes. Default false, or true with a `url` that begins with `rediss://`. */
  tls?: boolean | RedisTls | undefined
  /** Keeps apart what shares a server: 1 to 64 letters of `A-Z a-z 0-9 . _ -`. Processes with another one see none of its executions. Default `'default'`. */
  namespace?: string | undefined
  /**
   * When something is on record: `'reply'` once the server has answered (default), `'replicated'` once one of its replicas has it too. What a failure of the
   * server can lose with each says docs/operations.md.
   */
  acknowledge?: 'reply' | 'replicated' | undefined
  /**
   * How long a server that does not answer is waited for: one that starts, and one that has been reached before. Default `'30s'`. Nothing that is on record is
   * lost meanwhile, and what runs goes on.
   */
  patience?: Duration | undefined
  /** How much memory of the server executions may take. */
  memory?: RedisMemoryConfig | undefined
  /** Which ended executions are deleted before `memory.ended` is reached; `bytes` counts what they take on the server. Default: none. */
  retention?: RetentionConfig | undefined
}

/** Bounds of the memory of a server. */
export interface RedisMemoryConfig {
  /**
   * Bytes that ended executions of the namespace may take; beyond, the oldest are deleted, but for what is needed (docs/operations.md). Default `'256MiB'`, or
   * a quarter of the `maxmemory` of the server if that is less.
   */
  ended?: Bytes | undefined
}

/** What an encrypted connection takes. */
export interface RedisTls {
  /** Certificates of authorities as PEM. Default: those that this system trusts. */
  ca?: string | undefined
  /** The certificate that is shown to a server that asks for one, as PEM, with `key`. Default: none. */
  cert?: string | undefined
  /** The key of `cert` as PEM. */
  key?: string | undefined
}

export interface ResolvedRedis {
  readonly host: string
  readonly port: number
  readonly username: string | null
  readonly password: string | null
  readonly db: number
  readonly tls: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null } | null
  readonly namespace: string
  readonly acknowledge: 'reply' | 'replicated'
  /** Milliseconds. */
  readonly patience: number
  readonly memory: { readonly ended: number | null }
  readonly retention: ResolvedRetention
}

const DEFAULTS: ResolvedRedis = {
  host: 'localhost',
  port: 6379,
  username: null,
  password: null,
  db: 0,
  tls: null,
  namespace: 'default',
  acknowledge: 'reply',
  patience: 30_000,
  memory: { ended: null },
  retention: NO_RETENTION,
}

const PORT = integer(1, 65_535)
const DB = integer(0, 65_535)

const refuse = (path: string, message: string, issues: Issue[]): undefined => void issues.push({ path, message, code: 'ERR_INVALID_VALUE' })

/** A text that is not printed when it is wrong. */
const secret: Read<string> = (value, path, issues) =>
  typeof value === 'string' && value !== '' ? value : refuse(path, 'must be a non-empty string; leave it out where there is none', issues)

const host: Read<string> = (value, path, issues) => {
  const given = secret(value, path, issues)
  if (given?.includes('://') === true)
    return refuse(path, 'must be a name or an address alone; an address with `://` goes into `url`', issues)
  return given
}

const namespace: Read<string> = (value, path, issues) => {
  const given = text(value, path, issues)
  const allowed = given === undefined || /^[\w.-]{1,64}$/.test(given)
  return allowed ? given : refuse(path, 'must be 1 to 64 of the letters A-Z a-z 0-9 . _ -', issues)
}

const pem: Read<string> = (value, path, issues) => {
  const isPem = typeof value === 'string' && value.includes('-----BEGIN ')
  return isPem ? value : refuse(path, 'must be a text that holds `-----BEGIN`, as files in the form PEM do: read the file', issues)
}

type Certificates = NonNullable<ResolvedRedis['tls']>
const NO_CERTIFICATES: Certificates = { ca: null, cert: null, key: null }
const tlsFields: Fields<Certificates> = { read: { ca: pem, cert: pem, key: pem } }

const tls: Read<Certificates | false> = (value, path, issues) => {
  if (typeof value === 'boolean') return value ? NO_CERTIFICATES : false
  const read = readGroup(value, path, issues, tlsFields, NO_CERTIFICATES)
  if ((read.cert === null) !== (read.key === null)) refuse(path, '`cert` and `key` go together', issues)
  return read
}

type Address = Pick<ResolvedRedis, 'host' | 'port' | 'username' | 'password' | 'db'>
interface Written extends Address, Pick<ResolvedRedis, 'namespace' | 'acknowledge' | 'patience' | 'memory' | 'retention'> {
  readonly url: (Address & { readonly encrypted: boolean }) | null
  readonly tls: Certificates | false | null
}

/** What a URL says, percent signs decoded. Node's parser refuses what is none. */
const url: Read<NonNullable<Written['url']>> = (value, path, issues) => {
  const wrong = (): undefined =>
    refuse(path, 'must be a URL such as redis://user:password@host:6379/0, or rediss://… for an encrypted connection', issues)
  if (typeof value !== 'string') return wrong()
  try {
    const { protocol, username, password, hostname, port, pathname, search, hash } = new URL(value)
    const db = /^\/?(\d{0,5})$/.exec(pathname)?.[1]
    if (!['redis:', 'rediss:'].includes(protocol) || hostname === '' || db === undefined || Number(db) > 65_535) return wrong()
    if (search + hash !== '')
      return refuse(path, 'must not have `?` or `#`: a password that holds them is written with %3F and %23', issues)
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? DEFAULTS.port : Number(port),
      username: username === '' ? null : decodeURIComponent(username),
      password: password === '' ? null : decodeURIComponent(password),
      db: Number(db),
      encrypted: protocol === 'rediss:',
    }
  } catch {
    return wrong()
  }
}

const memoryFields: Fields<ResolvedRedis['memory']> = { read: { ended: readBytes } }

const fields: Fields<Written> = {
  read: {
    url,
    host,
    port: PORT,
    username: secret,
    password: secret,
    db: DB,
    tls,
    namespace,
    acknowledge: oneOf('reply', 'replicated'),
    patience: duration,
    memory: (value, path, issues) => readGroup(value, path, issues, memoryFields, DEFAULTS.memory),
    retention: readRetention,
  },
}

const IN_URL = ['host', 'port', 'username', 'password', 'db'] as const

export const readRedis: Read<ResolvedRedis> = (value, path, issues) => {
  if (typeof value === 'string') return refuse(path, 'must be an object: { url } takes a text such as redis://host:6379', issues)
  const { url: address, tls: certificates, ...rest } = readGroup<Written>(value, path, issues, fields, { ...DEFAULTS, url: null })
  if (address === null) return { ...rest, tls: certificates || null }
  const given = value as Readonly<Record<string, unknown>>
  for (const field of IN_URL) {
    if (given[field] !== undefined) refuse(`${path}.${field}`, 'is said by `url` already: leave one of them out', issues)
  }
  const { encrypted, ...said } = address
  if (certificates !== null && encrypted === (certificates === false))
    refuse(`${path}.tls`, 'must be as `url` says it: rediss:// is encrypted, redis:// is not', issues)
  return { ...rest, ...said, tls: encrypted ? certificates || NO_CERTIFICATES : null }
}
