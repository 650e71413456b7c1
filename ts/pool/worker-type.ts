// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the host program says about agents in workers, judged. Nothing of it ever comes from a workflow.

import { isAbsolute } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ResourceLimits } from 'node:worker_threads'
import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import { plainJson } from '../json/json.js'
import type { WorkerAgentType } from '../api/agent.js'

const MEBIBYTE = 1024 * 1024
/** A worker that has nothing to do holds 6 MB. */
const MEMORY_LIMIT_MIN = 16 * MEBIBYTE
/** More than V8 gives any heap is no limit. */
const MEMORY_LIMIT_MAX = MEBIBYTE * MEBIBYTE
/** What V8 takes for young objects if it may. */
const YOUNG_MB_MAX = 48

const MODULE = "give a file: URL or an absolute path, such as new URL('./agent.mjs', import.meta.url) or require.resolve('./agent.cjs')"

/** The problems of a type with `isolation: 'worker'`. */
export function issuesOfWorkerType(type: Partial<Record<keyof WorkerAgentType | 'create', unknown>>): Issue[] {
  const { module, memoryLimit, create } = type
  const issues: Issue[] = []
  if (create !== undefined) {
    issues.push({ path: 'type.create', message: "is exported by the module of a type with isolation: 'worker'; leave it out here" })
  }
  if (module === undefined) issues.push({ path: 'type.module', message: `is missing: it exports create(config); ${MODULE}` })
  else if (moduleUrl(module) === undefined) {
    const shown = typeof module === 'string' || module instanceof URL ? `\`${String(module)}\` ` : ''
    issues.push({ path: 'type.module', message: `${shown}cannot be found from here: ${MODULE}` })
  }
  const inRange = (bytes: number): boolean => Number.isInteger(bytes) && bytes >= MEMORY_LIMIT_MIN && bytes <= MEMORY_LIMIT_MAX
  if (memoryLimit !== undefined && !(typeof memoryLimit === 'number' && inRange(memoryLimit))) {
    const message = `must be a whole number of bytes from ${MEMORY_LIMIT_MIN} (16 MiB) to ${MEMORY_LIMIT_MAX} (1 TiB)`
    issues.push({ path: 'type.memoryLimit', message })
  }
  return issues
}

/** What can be imported from anywhere; a relative path could not, as nobody here knows whose it is. */
export function moduleUrl(module: unknown): string | undefined {
  if (module instanceof URL) return module.protocol === 'file:' ? module.href : undefined
  if (typeof module !== 'string') return undefined
  if (isAbsolute(module)) return pathToFileURL(module).href
  return module.startsWith('file:') && URL.canParse(module) ? new URL(module).href : undefined
}

/** The heap as V8 divides it; together it is the limit. */
export function limitsOf(memoryLimit: number | undefined): ResourceLimits {
  if (memoryLimit === undefined) return {}
  const total = Math.floor(memoryLimit / MEBIBYTE)
  const young = Math.min(Math.floor(total / 4), YOUNG_MB_MAX)
  return { maxYoungGenerationSizeMb: young, maxOldGenerationSizeMb: total - young }
}

/**
 * The configuration of an agent as it crosses to a worker.
 *
 * @throws {ValidationError} `ERR_NOT_JSON`.
 */
export function configurationText(id: string, configuration: object): string {
  const issues: Issue[] = []
  const plain = plainJson(configuration, 'configuration', issues)
  if (plain === undefined)
    throw new ValidationError('ERR_NOT_JSON', `the configuration of agent \`${id}\` must cross to a worker and is not JSON data`, issues)
  return JSON.stringify(plain)
}
