// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The configuration of an orchestrator: each option with its default, and how it is read. What providers of models take is in models.ts.

import { ALERT_RULES, readAlertRules, type AlertRulesConfig, type ResolvedRules } from './alert-rules.js'
import { NOTIFY, readNotify, type NotifyConfig, type ResolvedNotify } from './notify.js'
import { readRedis, type RedisConfig, type ResolvedRedis } from './redis.js'
import { readStorage, type ResolvedStorage, type StorageConfig } from './storage.js'
import { readBytes, type Bytes } from '../json/bytes.js'
import { boolean, duration, integer, list, number, oneOf, percent, readGroup, record, text, type Fields } from '../base/reader.js'
import { looking } from '../json/entry.js'
import type { Duration } from '../api/duration.js'
import { ValidationError } from '../api/errors.js'
import type { Issue } from '../api/issue.js'
import { readLogger, STDERR, type Logger } from '../log/log.js'
import { NO_MODELS, readModels, type ResolvedModels } from './models.js'
import type { ModelsConfig } from '../api/models.js'
import { placed } from '../base/placed.js'

export { readDuration } from '../api/duration.js'

/** The configuration of an orchestrator. Every group and every field is optional. */
export interface OrchestratorConfig {
  /** The store of executions. Default: in memory, and nothing is written. */
  storage?: StorageConfig | undefined
  /** The server that keeps executions for many processes, in place of `storage`. Default: none. */
  redis?: RedisConfig | undefined
  /** Bounds of the memory without `storage` and `redis`. Ignored with either. */
  memory?: MemoryConfig | undefined
  /** Limits and defaults of workflows. */
  workflow?: WorkflowConfig | undefined
  /** The size of the agent pool. */
  agents?: AgentsConfig | undefined
  /** Providers of language models, fallbacks and budgets. */
  models?: ModelsConfig | undefined
  /** Metrics, traces, profiles and alerts. */
  monitoring?: MonitoringConfig | undefined
  /** Shared editing of workflows. Validated; has no effect yet. */
  collaboration?: CollaborationConfig | undefined
  /**
   * Receives warnings and errors, such as a failed execution that no listener and no handle heard: `console`, a pino logger, or any object with `error` and
   * `warn`. `false`: none. Default: one line on stderr for each.
   */
  logger?: Logger | false | undefined
}

/** Bounds what an orchestrator without `storage` remembers. */
export interface MemoryConfig {
  /** The latest executions that ended. Reads, idempotency keys and forks find an execution while it is remembered. */
  remember?: RememberConfig | undefined
}

/** Beyond either bound the oldest executions are forgotten; the latest is always remembered. */
export interface RememberConfig {
  /** The number of executions, at least 1. Default 1000. */
  count?: number | undefined
  /** Their memory together, estimated by the length of contexts and results as JSON. Default `'64MiB'`. */
  bytes?: Bytes | undefined
}

export interface WorkflowConfig {
  /** Levels that groups and child workflows may nest, at least 1. Default 10. */
  maxDepth?: number | undefined
  /** Tasks one workflow may define, and one execution may have with those that attempts add: 1 to 1,000,000. Default 100. */
  maxTasks?: number | undefined
  /**
   * Bytes that one value may have as JSON: a result, a context, the payload of a signal. At least 1, at most 268435456 (256 MiB); default 16777216 (16 MiB).
   * Larger ones are refused with `ERR_TOO_LARGE`. A value is written and read on the JavaScript thread, which is blocked meanwhile.
   */
  maxValueBytes?: number | undefined
  /**
   * Events that one execution may record, 1 to 100,000,000. Beyond it the execution fails with `ERR_JOURNAL_LIMIT`. Default 1000000, or ten for each of
   * `maxTasks` if that is more.
   */
  maxJournalEvents?: number | undefined
  /**
   * Bytes that one execution may record: of values and texts, and 100 for each event. At most 536870912 (512 MiB); default 268435456 (256 MiB). Without
   * `storage` results stay in JavaScript and are not counted. Beyond it the execution fails with `ERR_JOURNAL_LIMIT`.
   */
  maxJournalBytes?: number | undefined
  /**
   * The most loop passes of one execution that call no agent, no wait and no child, at least 1: a loop that only judges conditions would never end. Beyond it
   * the loop fails with `ERR_LOOP_LIMIT`. Default 10000.
   */
  maxIdlePasses?: number | undefined
  /** Time for one attempt of a task that sets no `timeout`, at least 1 ms. Default 30000 (30 s). */
  defaultTimeout?: Duration | undefined
  /** Whether workflows are checked fully before they start. Default true. */
  enableValidation?: boolean | undefined
  /** Executions that run at once, at least 1; the others wait, tenants taking turns. Child workflows are not counted. Default: any number. */
  maxConcurrentWorkflows?: number | undefined
  /** The share of the places of each tenant, by name: 1 to 1000. Default 1. */
  tenantWeights?: Readonly<Record<string, number>> | undefined
  /**
   * Whether a changed definition may run under the same `id` and `version` while executions of the old one are active; each execution keeps its own.
   * Default false: `ERR_DEFINITION_CHANGED`.
   */
  allowRedefinition?: boolean | undefined
}

/** The size of the agent pool: instances of each type, scaling and health checks. */
export interface AgentsConfig {
  /** Instances of each agent type from its first task on, at least 0 and at most `maxAgents`. Default 1. */
  minAgents?: number | undefined
  /** Instances per agent type, at least 1. Default 10. */
  maxAgents?: number | undefined
  /** Utilisation of a type's places, in percent, above which the pool adds instances; above `scaleDownThreshold`. Default 80. */
  scaleUpThreshold?: number | undefined
  /** Utilisation, in percent, below which the pool removes instances after a while. Default 20. */
  scaleDownThreshold?: number | undefined
  /** Time between two health checks of an instance, and how long it has to answer, at least 1 ms. Default 5000 (5 s). */
  healthCheckInterval?: Duration | undefined
  /**
   * Which unregistered agents a model stands in for: `true` all, `false` none, or the names in an array. Default: all except names that are nearly a
   * registered one; if models are known only from the environment, only while no agent is registered at all.
   */
  standIn?: boolean | readonly string[] | undefined
}

/** Metrics, traces, profiles and alerts. */
export interface MonitoringConfig {
  /** Whether figures of each hour are kept. Without them `getWorkflowAnalytics` counts the executions themselves, and says so. Default true. */
  enableMetrics?: boolean | undefined
  /**
   * Whether executions are traced: with the provider that is registered with `@opentelemetry/api`, or to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names. With
   * neither nothing is sent, and `executionMonitor.exportTraces` gives the spans. Default false.
   */
  enableTracing?: boolean | undefined
  /** How executions are traced. */
  tracing?: TracingConfig | undefined
  /**
   * Whether more is recorded of each attempt than what costs next to nothing: which outputs of its dependencies an agent looks at, and times of 50 ms and more
   * in which the event loop stood still, with an alert that names the agent and the function (`agent:blocking`) and a CPU profile
   * (`executionMonitor.getCpuProfiles`). Default false.
   */
  enableProfiling?: boolean | undefined
  /** When to raise an alert. A threshold that is absent raises none. */
  alertThresholds?: AlertThresholds | undefined
  /** How long a figure is at its threshold before there is an alert, and when that is over. */
  rules?: AlertRulesConfig | undefined
  /** Who is told of alerts, beside listeners. */
  notify?: NotifyConfig | undefined
  /** Who puts recommendations into words. */
  insights?: InsightsConfig | undefined
}

/** How recommendations are given on. */
export interface InsightsConfig {
  /**
   * A model, as `model` or `provider/model`, that words and orders them and may propose further changes. It is asked once about the same ones, and paid for as
   * every call is. Its texts stand only with numbers that are in the evidence, and its proposals only if they can be made: what they save is computed. Default:
   * none is asked.
   */
  model?: string | undefined
}

/** How executions are traced. */
export interface TracingConfig {
  /** The share of executions that are traced, from 0 to 1, with all below them. What a caller's trace has left out is left out. Default 1. */
  sample?: number | undefined
}

/** Thresholds of alerts. None has a default; an absent one raises no alert. */
export interface AlertThresholds {
  /** Failed tasks, in per cent of those that completed or failed in the last 5 minutes, if these are 20 at least. */
  taskFailureRate?: number | undefined
  /** Time for which an execution has been at work, at least 1 ms: waits for signals and times, and pauses, are left out. The alert begins while it still runs. */
  executionDuration?: Duration | undefined
  /** Memory of the process (its resident set), in bytes, at least 1. */
  memoryUsage?: number | undefined
  /** Processor time of the process, in per cent of the cores that it may use. */
  cpuUsage?: number | undefined
}

/** Shared editing of workflows. Validated; has no effect yet. */
export interface CollaborationConfig {
  /** Whether sessions tell each other about changes at once. Default true. */
  enableRealtime?: boolean | undefined
  /** Participants of one session, at least 1. Default 10. */
  maxParticipants?: number | undefined
  /** Time without activity after which a session ends, at least 1 ms. Default 3600000 (1 h). */
  sessionTimeout?: Duration | undefined
  /** How concurrent edits are merged. Default `'operational-transform'`. */
  conflictResolution?: 'last-write-wins' | 'operational-transform' | 'crdt' | undefined
}

/** A configuration with nothing left open: defaults filled in, durations in milliseconds, `null` for none. */
export interface ResolvedConfig {
  readonly storage: ResolvedStorage | null
  readonly redis: ResolvedRedis | null
  readonly memory: ResolvedMemory
  readonly workflow: ResolvedWorkflow
  readonly agents: ResolvedAgents
  readonly models: ResolvedModels
  readonly monitoring: ResolvedMonitoring
  readonly collaboration: ResolvedCollaboration
  readonly logger: Logger | false
}

interface ResolvedMemory {
  readonly remember: Remembered
}
/** How much is remembered of executions that ended. */
export interface Remembered {
  readonly count: number
  readonly bytes: number
}
export interface ResolvedWorkflow {
  readonly maxDepth: number
  readonly maxTasks: number
  readonly maxValueBytes: number
  /** `null`: by the number of tasks. */
  readonly maxJournalEvents: number | null
  readonly maxJournalBytes: number
  readonly maxIdlePasses: number
  readonly defaultTimeout: number
  readonly enableValidation: boolean
  readonly maxConcurrentWorkflows: number | null
  readonly tenantWeights: Readonly<Record<string, number>>
  readonly allowRedefinition: boolean
}
export interface ResolvedAgents {
  readonly minAgents: number
  readonly maxAgents: number
  readonly scaleUpThreshold: number
  readonly scaleDownThreshold: number
  readonly healthCheckInterval: number
  readonly standIn?: boolean | readonly string[]
}
interface ResolvedThresholds {
  readonly taskFailureRate?: number
  readonly executionDuration?: number
  readonly memoryUsage?: number
  readonly cpuUsage?: number
}
export interface ResolvedMonitoring {
  readonly enableMetrics: boolean
  readonly enableTracing: boolean
  readonly tracing: { readonly sample: number }
  readonly enableProfiling: boolean
  readonly alertThresholds: ResolvedThresholds
  readonly rules: ResolvedRules
  readonly notify: ResolvedNotify
  readonly insights: InsightsConfig
}
interface ResolvedCollaboration {
  readonly enableRealtime: boolean
  readonly maxParticipants: number
  readonly sessionTimeout: number
  readonly conflictResolution: 'last-write-wins' | 'operational-transform' | 'crdt'
}

/** Tasks the largest workflow may define. */
const TASKS_MAX = 1_000_000

/** The largest value that can be allowed: its JSON is one text, and V8 has a bound for those. */
const VALUE_BYTES_MAX = 256 << 20

/** The most that one execution may be allowed to record: it is read as one text too. */
const JOURNAL_BYTES_MAX = 512 * 2 ** 20
const JOURNAL_EVENTS_MAX = 100_000_000

const defaults: ResolvedConfig = {
  storage: null,
  redis: null,
  memory: { remember: { count: 1000, bytes: 64 * 2 ** 20 } },
  workflow: {
    maxDepth: 10,
    maxTasks: 100,
    maxValueBytes: 16 << 20,
    maxJournalEvents: null,
    maxJournalBytes: 256 << 20,
    maxIdlePasses: 10_000,
    defaultTimeout: 30_000,
    enableValidation: true,
    maxConcurrentWorkflows: null,
    tenantWeights: {},
    allowRedefinition: false,
  },
  agents: { minAgents: 1, maxAgents: 10, scaleUpThreshold: 80, scaleDownThreshold: 20, healthCheckInterval: 5000 },
  models: NO_MODELS,
  monitoring: {
    enableMetrics: true,
    enableTracing: false,
    tracing: { sample: 1 },
    enableProfiling: false,
    alertThresholds: {},
    rules: ALERT_RULES,
    notify: NOTIFY,
    insights: {},
  },
  collaboration: { enableRealtime: true, maxParticipants: 10, sessionTimeout: 3_600_000, conflictResolution: 'operational-transform' },
  logger: STDERR,
}

/**
 * Checks a whole `OrchestratorConfig` and fills in the defaults. Everything wrong is pushed to `issues` by path:
 * `ERR_INVALID_VALUE` (type or range), `ERR_UNKNOWN_FIELD` (with the name that was probably meant) and
 * `ERR_NOT_SUPPORTED` (documented, not built yet). The answer is usable only if nothing was pushed.
 */
export function readConfig(config: unknown, issues: Issue[]): ResolvedConfig {
  const read = readGroup(config, '', issues, configFields, defaults)
  if (read.storage !== null && read.redis !== null)
    issues.push({ path: 'redis', message: 'cannot stand beside `storage`: leave one of them out', code: 'ERR_INVALID_VALUE' })
  return read
}

/** The configuration, or a `ValidationError` with everything that is wrong with it, at the line that called the constructor `from`. */
export function judgedConfig(config: unknown, from: () => unknown): ResolvedConfig {
  const issues: Issue[] = []
  const what = 'the configuration cannot be used'
  try {
    const read = looking(config, '', what, () => readConfig(config, issues), 'ERR_CONFIG')
    if (issues.length > 0) throw new ValidationError('ERR_CONFIG', what, issues)
    return read
  } catch (error) {
    throw placed(error, from)
  }
}

const rememberFields: Fields<Remembered> = { read: { count: integer(1), bytes: readBytes } }

const memoryFields: Fields<ResolvedMemory> = {
  read: { remember: (value, path, issues) => readGroup(value, path, issues, rememberFields, defaults.memory.remember) },
}

const workflowFields: Fields<ResolvedWorkflow> = {
  read: {
    maxDepth: integer(1),
    maxTasks: integer(1, TASKS_MAX),
    maxValueBytes: integer(1, VALUE_BYTES_MAX),
    maxJournalEvents: integer(1, JOURNAL_EVENTS_MAX),
    maxJournalBytes: integer(1, JOURNAL_BYTES_MAX),
    maxIdlePasses: integer(1),
    defaultTimeout: duration,
    enableValidation: boolean,
    maxConcurrentWorkflows: integer(1, 1_000_000),
    tenantWeights: record(integer(1, 1000)),
    allowRedefinition: boolean,
  },
}

const agentFields: Fields<ResolvedAgents> = {
  read: {
    minAgents: integer(0),
    maxAgents: integer(1),
    scaleUpThreshold: percent,
    scaleDownThreshold: percent,
    healthCheckInterval: duration,
    standIn: (value, path, issues) => (typeof value === 'boolean' ? value : readStandIn(value, path, issues)),
  },
}

const thresholdFields: Fields<ResolvedThresholds> = {
  read: { taskFailureRate: percent, executionDuration: duration, memoryUsage: integer(1), cpuUsage: percent },
}

const monitoringFields: Fields<ResolvedMonitoring> = {
  read: {
    enableMetrics: boolean,
    enableTracing: boolean,
    tracing: (value, path, issues) => readGroup(value, path, issues, { read: { sample: number(0, 1) } }, defaults.monitoring.tracing),
    enableProfiling: boolean,
    alertThresholds: (value, path, issues) => readGroup(value, path, issues, thresholdFields, {}),
    rules: readAlertRules,
    notify: readNotify,
    insights: (value, path, issues) => readGroup<InsightsConfig>(value, path, issues, { read: { model: text } }, {}),
  },
}

const collaborationFields: Fields<ResolvedCollaboration> = {
  read: {
    enableRealtime: boolean,
    maxParticipants: integer(1),
    sessionTimeout: duration,
    conflictResolution: oneOf('last-write-wins', 'operational-transform', 'crdt'),
  },
}

const configFields: Fields<ResolvedConfig> = {
  read: {
    storage: readStorage,
    redis: readRedis,
    memory: (value, path, issues) => readGroup(value, path, issues, memoryFields, defaults.memory),
    workflow: (value, path, issues) => readGroup(value, path, issues, workflowFields, defaults.workflow),
    agents: readAgents,
    models: readModels,
    monitoring: (value, path, issues) => readGroup(value, path, issues, monitoringFields, defaults.monitoring),
    collaboration: (value, path, issues) => readGroup(value, path, issues, collaborationFields, defaults.collaboration),
    logger: readLogger,
  },
}

function readStandIn(value: unknown, path: string, issues: Issue[]): readonly string[] | undefined {
  if (Array.isArray(value)) return list(text)(value, path, issues)
  issues.push({ path, message: "must be true, false, or an array of agents such as ['writer']", code: 'ERR_INVALID_VALUE' })
  return undefined
}

function readAgents(value: unknown, path: string, issues: Issue[]): ResolvedAgents {
  const before = issues.length
  const agents = readGroup(value, path, issues, agentFields, defaults.agents)
  if (issues.length > before) return agents
  if (agents.minAgents > agents.maxAgents) {
    issues.push({
      path: `${path}.minAgents`,
      message: `must be at most \`maxAgents\` (${agents.maxAgents}), not ${agents.minAgents}`,
      code: 'ERR_INVALID_VALUE',
    })
  }
  if (agents.scaleDownThreshold >= agents.scaleUpThreshold) {
    issues.push({
      path: `${path}.scaleDownThreshold`,
      message: `must be below \`scaleUpThreshold\` (${agents.scaleUpThreshold}), not ${agents.scaleDownThreshold}`,
      code: 'ERR_INVALID_VALUE',
    })
  }
  return agents
}
