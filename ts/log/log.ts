// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What an orchestrator says to the people who run it. This is its one way out: to the logger of the configuration, or a line each on stderr.

import type { Alert } from '../api/alert.js'
import { describe } from '../api/issue.js'
import { Console } from 'node:console'
import { type Read } from '../base/reader.js'
import type { OrchestratorError } from '../api/errors.js'
import { messageOf } from '../failure/failure.js'

/**
 * Receives what the operators of an orchestrator must know. `console` and pino loggers fit: each method is called with a record and a message.
 */
export interface Logger {
  /** Something failed: an execution, a listener, the store. */
  error(record: LogRecord, message: string): void
  /** Everything goes on, but a person should look at it. */
  warn(record: LogRecord, message: string): void
}

/**
 * The events of the log:
 *
 * - `execution:failed` (error): an execution failed, and no listener and no handle heard of it;
 * - `listener:failed` (error): a listener of an event threw or rejected;
 * - `listener:unknown` (warn): a listener was added for an event that does not exist;
 * - `store:lost` (error): nothing more can be recorded;
 * - `store:unreadable` (error): what a listener that came late was to hear cannot be read;
 * - `alert` (error or warn): an alert began (error if its severity is high or critical) or is over (warn), and no listener of `'alert'` heard it;
 * - `agent:dispose` (warn): an agent could not be disposed of;
 * - `agent:unresponsive` (warn): an agent still runs 1 s after it was told to stop;
 * - `agent:stand-in` (warn): a model does tasks whose agent is not registered, though the configuration does not say so;
 * - `mcp:tools` (warn): a tool that a server lists, or its whole list, cannot be used;
 * - `model:tool` (warn): a tool cannot be shown to a model and is left out;
 * - `profile:lost` (warn, once): a CPU profile cannot be taken or kept, or agents that block the event loop cannot be named;
 * - `trace:lost` (warn, once): spans cannot be sent, or cannot be made;
 * - `webhook:lost` (warn): an alert could not be posted to `monitoring.notify.webhook` for three days, or too many wait, and it is given up;
 * - `insight:failed` (warn): insights could not be looked for, or the model that words them did not.
 */
export type LogEvent =
  | 'execution:failed'
  | 'listener:failed'
  | 'listener:unknown'
  | 'store:lost'
  | 'store:unreadable'
  | 'alert'
  | 'agent:dispose'
  | 'agent:unresponsive'
  | 'agent:stand-in'
  | 'mcp:tools'
  | 'model:tool'
  | 'profile:lost'
  | 'trace:lost'
  | 'webhook:lost'
  | 'insight:failed'

/** One log entry as data. */
export interface LogRecord {
  /** The event. */
  readonly event: LogEvent
  /** One of `ErrorCode`, or the code of the error that an agent threw. */
  readonly code?: string
  /** The error, under the name that loggers recognise. */
  readonly err?: OrchestratorError
  readonly executionId?: string
  readonly workflowId?: string
  /** The path of the task that failed. */
  readonly taskId?: string
  /** The schedule that began the execution. */
  readonly scheduleId?: string
  readonly tenant?: string
  readonly agentId?: string
  /** The name of the server. */
  readonly server?: string
  readonly alert?: Alert
}

type LogLevel = keyof Logger

const LEVELS = ['error', 'warn'] as const satisfies readonly LogLevel[]

/** Made when it is needed; unlike `process.stderr` it harms nobody when there is no reader any more. */
let stderr: Console | undefined

function line({ code, executionId }: LogRecord, message: string): void {
  stderr ??= new Console({ stdout: process.stderr, ignoreErrors: true })
  const facts = [code, executionId === undefined ? undefined : `execution ${executionId}`].filter((fact) => fact !== undefined)
  const text = `@codexos/multi-agent-orchestrator: ${message}${facts.length === 0 ? '' : ` [${facts.join(', ')}]`}`
  // What is told may hold anything, and this is one line.
  stderr.log('%s', text.replaceAll(/\s*\p{Control}+\s*/gu, ' '))
}

/** One line on stderr for each. */
export const STDERR: Logger = { error: line, warn: line }

/** `false`, or what has the methods. */
export const readLogger: Read<Logger | false> = (value, path, issues) => {
  if (value === false) return value
  const given = (typeof value === 'object' && value !== null) || typeof value === 'function' ? (value as Partial<Logger>) : undefined
  const missing = LEVELS.filter((level) => typeof given?.[level] !== 'function')
  if (given !== undefined && missing.length === 0) return given as Logger
  const what = given === undefined ? describe(value) : `what lacks ${missing.map((level) => `\`${level}\``).join(' and ')}`
  const message = `must be false, or have the methods \`error\` and \`warn\`, which are called as those of console and of pino: \`error(record, message)\`; not ${what}`
  issues.push({ path, message, code: 'ERR_INVALID_VALUE' })
  return undefined
}

/** What is told once is few; whoever makes names up has been told. */
const ONCE_MAX = 1000

/** Tells the logger, which harms nobody. */
export class Log {
  readonly #logger: Logger | false
  readonly #told = new Set<string>()

  constructor(logger: Logger | false) {
    this.#logger = logger
  }

  error(record: LogRecord, message: string): void {
    this.#say('error', record, message)
  }

  warn(record: LogRecord, message: string): void {
    this.#say('warn', record, message)
  }

  /** The same once; `what` it is about. */
  warnOnce(record: LogRecord, message: string, what: string = message): void {
    if (this.#told.has(what) || this.#told.size >= ONCE_MAX) return
    this.#told.add(what)
    this.warn(record, message)
  }

  #say(level: LogLevel, record: LogRecord, message: string): void {
    if (this.#logger === false) return
    const failed = (error: unknown): void =>
      STDERR[level](record, `${message}; the logger of the configuration failed to say so: ${messageOf(error)}`)
    try {
      const answer: unknown = this.#logger[level](record, message)
      if (answer instanceof Promise) answer.catch(failed)
    } catch (error) {
      failed(error)
    }
  }
}
