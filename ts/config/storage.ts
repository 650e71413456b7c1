// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The file that keeps executions on one machine.

import type { Duration } from '../api/duration.js'
import { describe, type Issue } from '../api/issue.js'
import { boolean, duration, oneOf, readGroup, text, type Fields } from '../base/reader.js'
import { readBytes, type Bytes } from '../json/bytes.js'
import { NO_RETENTION, readRetention, type ResolvedRetention, type RetentionConfig } from './retention.js'

/** Makes executions durable on one machine. */
export interface StorageConfig {
  /** The database file; its directory must exist. Required. A relative path is resolved when the orchestrator is created. */
  path: string
  /** What a commit survives: `'disk'` a power cut (default); `'os'`, which is faster, only the death of the process. */
  durability?: 'disk' | 'os' | undefined
  /**
   * Opens a file that is older than the last known state, or another store: a restored backup. Set it for one opening only. Default false:
   * `ERR_STORE_CORRUPT`, since acknowledged executions would be missing.
   */
  acceptOlder?: boolean | undefined
  /**
   * What happens before a file of an older version is brought to today's format, which older versions refuse: `'auto'` (default) copies it to
   * `<path>.before-<format>` if it has at most 256 MiB; `'backup'` copies it whatever its size.
   */
  migrate?: 'auto' | 'backup' | undefined
  /**
   * Bytes that the log of the file may have while another program reads it; beyond, new work is refused (`ERR_STORE_FULL`) and what runs goes on. Default `'8GiB'`,
   * and never more than half of what is free on the disk.
   */
  maxLog?: Bytes | undefined
  /** Which ended executions are deleted. Default: none. */
  retention?: RetentionConfig | undefined
  /**
   * How long an execution that only waits, for a signal, for time or because it is paused, stays in memory; then only what it is found by does, and it is
   * read back when something comes for it. Default `'5 seconds'`.
   */
  parkAfter?: Duration | undefined
}

export interface ResolvedStorage {
  readonly path: string
  readonly durability: 'disk' | 'os'
  readonly acceptOlder: boolean
  readonly migrate: 'auto' | 'backup'
  readonly maxLog: number | null
  readonly retention: ResolvedRetention
  /** Milliseconds. */
  readonly parkAfter: number
}

const storageDefaults: ResolvedStorage = {
  path: '',
  durability: 'disk',
  acceptOlder: false,
  migrate: 'auto',
  maxLog: null,
  retention: NO_RETENTION,
  parkAfter: 5000,
}

const storageFields: Fields<ResolvedStorage> = {
  read: {
    path: readPath,
    durability: oneOf('disk', 'os'),
    acceptOlder: boolean,
    migrate: oneOf('auto', 'backup'),
    maxLog: readBytes,
    retention: readRetention,
    parkAfter: duration,
  },
}

/** What SQLite takes for something else than a file, and no file can be called, is refused by name. */
function readPath(value: unknown, path: string, issues: Issue[]): string | undefined {
  const read = text(value, path, issues)
  const refuse = (message: string): undefined => void issues.push({ path, message, code: 'ERR_INVALID_VALUE' })
  if (read === undefined) return undefined
  if (read.toLowerCase() === ':memory:') return refuse('`:memory:` is not a file: leave `storage` out to keep executions in memory')
  if (/^file:/i.test(read)) return refuse(`must be the path of a file, not a URI: ${JSON.stringify(read)}; leave \`file:\` out`)
  if (read.includes('\0')) return refuse(`must be the path of a file, without the character NUL: ${JSON.stringify(read)}`)
  return read
}

export function readStorage(value: unknown, path: string, issues: Issue[]): ResolvedStorage {
  const before = issues.length
  if (typeof value === 'string') {
    issues.push({ path, message: `must be an object: { path: ${describe(value)} }`, code: 'ERR_INVALID_VALUE' })
    return { ...storageDefaults, path: value }
  }
  const storage = readGroup<ResolvedStorage>(value, path, issues, storageFields, storageDefaults)
  if (storage.path === '' && !issues.slice(before).some((issue) => issue.path === path || issue.path === `${path}.path`)) {
    issues.push({ path: `${path}.path`, message: 'is required: the database file that keeps the executions', code: 'ERR_INVALID_VALUE' })
  }
  return storage
}
