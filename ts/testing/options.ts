// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// How a test kit is set up, judged.

import type { OrchestratorConfig } from '../config/config.js'
import type { StorageConfig } from '../config/storage.js'
import { readDuration, type Duration } from '../api/duration.js'
import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import type { MultiAgentOrchestrator } from '../orchestrator.js'
import { INSTANT_MS_MAX } from './test-clock.js'

/** The options of a test kit: those of an orchestrator except its storage, and these. */
export interface TestKitOptions extends Omit<OrchestratorConfig, 'storage' | 'redis'> {
  /**
   * Where executions are kept: in memory (default), or in a file of the kit's own, which survives `crash`. An object is such a file, with what `storage` of an
   * orchestrator says of parking; that is done in real time.
   */
  storage?: 'memory' | 'file' | Pick<StorageConfig, 'parkAfter'> | undefined
  /** The first time of the clock, from 1970 to 2253. Default 2026-01-01T00:00:00Z. */
  startAt?: Date | undefined
  /** Registers agents, workflows and listeners, as a process does when it starts. Called with each orchestrator that the kit opens. */
  setup?: ((orchestrator: MultiAgentOrchestrator) => unknown) | undefined
  /** How long, in real time, `run` and `until` wait for agents at work and for the test itself. Default 2 s. */
  patience?: Duration | undefined
}

/** The options with nothing left open. */
export interface ReadKitOptions {
  /** What is said of the file, if there is one. */
  readonly file: Pick<StorageConfig, 'parkAfter'> | undefined
  /** Microseconds since the epoch. */
  readonly start: number
  readonly setup: (orchestrator: MultiAgentOrchestrator) => unknown
  readonly patienceMs: number
  readonly config: OrchestratorConfig
}

const START_MS_DEFAULT = Date.UTC(2026, 0, 1)
const PATIENCE_MS_DEFAULT = 2000

/** The kit's own options; `config` is judged by the orchestrator. */
export function readKitOptions(options: TestKitOptions): ReadKitOptions {
  const issues: Issue[] = []
  if (typeof options !== 'object' || options === null) {
    issues.push({ path: 'options', message: "must be an object such as { storage: 'file' }" })
    throw new ValidationError('ERR_CONFIG', 'the test kit cannot be made', issues)
  }
  const { storage = 'memory', startAt, setup = () => {}, patience = PATIENCE_MS_DEFAULT, ...config } = options
  const invalid = (path: string, message: string): void => void issues.push({ path, message, code: 'ERR_INVALID_VALUE' })
  const isObject = typeof storage === 'object' && storage !== null
  const isKnown = isObject ? Object.keys(storage).every((field) => field === 'parkAfter') : storage === 'memory' || storage === 'file'
  if (!isKnown) invalid('storage', "must be 'memory', 'file' or { parkAfter }: the file is the kit's own")
  if (Object.hasOwn(config, 'redis')) invalid('redis', 'is not for a kit, whose executions are its own: leave it out')
  const startMs = startAt === undefined ? START_MS_DEFAULT : startAt instanceof Date ? startAt.getTime() : Number.NaN
  if (!(startMs >= 0 && startMs < INSTANT_MS_MAX)) invalid('startAt', 'must be a valid Date from 1970 to 2253')
  if (typeof setup !== 'function') invalid('setup', 'must be a function that is given each orchestrator')
  const patienceMs = readDuration(patience, 'patience', issues) ?? PATIENCE_MS_DEFAULT
  if (issues.length > 0) throw new ValidationError('ERR_CONFIG', 'the test kit cannot be made', issues)
  const file = isObject ? storage : storage === 'file' ? {} : undefined
  return { file, start: startMs * 1000, setup, patienceMs, config }
}
