// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { describe, expect, it } from 'vitest'
import { readConfig, readDuration, type OrchestratorConfig, type ResolvedConfig } from '../../ts/config/config.ts'
import type { Issue } from '../../ts/api/issue.ts'
import { STDERR } from '../../ts/log/log.ts'
import { NO_MODELS } from '../../ts/config/models.ts'
import { NO_RETENTION } from '../../ts/config/retention.ts'

function resolved(config: OrchestratorConfig | undefined): ResolvedConfig {
  const issues: Issue[] = []
  const result = readConfig(config, issues)
  expect(issues).toEqual([])
  return result
}

function issuesOf(config: unknown): string[] {
  const issues: Issue[] = []
  readConfig(config, issues)
  return issues.map(({ path, message, code }) => `${code} ${path}: ${message}`)
}

const usual = { for: 0, clear: 90, clearAfter: 120_000, cooldown: 300_000, minSamples: 1 }
const rules = {
  taskFailureRate: { ...usual, minSamples: 20 },
  memoryUsage: { ...usual, for: 10_000 },
  cpuUsage: { ...usual, for: 10_000 },
}

describe('readConfig', () => {
  it.each([undefined, {}, { workflow: {}, agents: undefined, monitoring: { alertThresholds: {} } }])(
    'fills in the documented defaults (%#)',
    (config) => {
      expect(resolved(config)).toEqual({
        storage: null,
        redis: null,
        memory: { remember: { count: 1000, bytes: 67_108_864 } },
        workflow: {
          maxDepth: 10,
          maxTasks: 100,
          maxValueBytes: 16_777_216,
          maxJournalEvents: null,
          maxJournalBytes: 268_435_456,
          maxIdlePasses: 10_000,
          defaultTimeout: 30_000,
          enableValidation: true,
          maxConcurrentWorkflows: null,
          tenantWeights: {},
          allowRedefinition: false,
        },
        agents: { minAgents: 1, maxAgents: 10, scaleUpThreshold: 80, scaleDownThreshold: 20, healthCheckInterval: 5000 },
        models: { providers: null, fallback: [], budget: null, tenantBudgets: {}, workflowBudgets: {}, agentBudgets: {}, accept: [] },
        monitoring: {
          enableMetrics: true,
          enableTracing: false,
          insights: {},
          tracing: { sample: 1 },
          enableProfiling: false,
          alertThresholds: {},
          rules,
          notify: { webhook: null },
        },
        collaboration: {
          enableRealtime: true,
          maxParticipants: 10,
          sessionTimeout: 3_600_000,
          conflictResolution: 'operational-transform',
        },
        logger: STDERR,
      })
    },
  )

  it('accepts the documented quick start', () => {
    const config: OrchestratorConfig = {
      redis: { host: 'localhost', port: 6379 },
      workflow: { maxDepth: 10, maxTasks: 100, defaultTimeout: 30000, enableValidation: true },
      agents: { minAgents: 2, maxAgents: 10, scaleUpThreshold: 80, scaleDownThreshold: 20, healthCheckInterval: 5000 },
      monitoring: {
        enableMetrics: true,
        enableTracing: true,
        enableProfiling: true,
        alertThresholds: { taskFailureRate: 10, executionDuration: 60000, memoryUsage: 1024 * 1024 * 512, cpuUsage: 80 },
      },
      collaboration: { enableRealtime: true, maxParticipants: 10, sessionTimeout: 3600000, conflictResolution: 'operational-transform' },
    }
    const workflow = {
      ...config.workflow,
      maxValueBytes: 16_777_216,
      maxJournalEvents: null,
      maxJournalBytes: 268_435_456,
      maxIdlePasses: 10_000,
      maxConcurrentWorkflows: null,
      tenantWeights: {},
      allowRedefinition: false,
    }
    const memory = { remember: { count: 1000, bytes: 67_108_864 } }
    const monitoring = { ...config.monitoring, rules, insights: {}, tracing: { sample: 1 }, notify: { webhook: null } }
    const redis = {
      username: null,
      password: null,
      db: 0,
      tls: null,
      namespace: 'default',
      acknowledge: 'reply',
      patience: 30_000,
      memory: { ended: null },
      retention: NO_RETENTION,
      ...config.redis,
    }
    expect(resolved(config)).toEqual({ storage: null, memory, ...config, redis, monitoring, models: NO_MODELS, workflow, logger: STDERR })
  })

  it('reads the rules of thresholds, and says what has none', () => {
    const given = { taskFailureRate: { minSamples: 3 }, cpuUsage: { for: '1m', minSamples: 3 }, executionDuration: {} }
    const found = issuesOf({ monitoring: { rules: given } })
    expect(found).toEqual([
      'ERR_NOT_SUPPORTED monitoring.rules.cpuUsage.minSamples: means nothing here: the figure is measured, not counted; leave it out',
      'ERR_NOT_SUPPORTED monitoring.rules.executionDuration: has no rule: its alert begins once an execution, and is over when that ends; leave it out',
    ])
    const { monitoring } = resolved({ monitoring: { rules: { cpuUsage: { for: '1m' } } } })
    expect(monitoring.rules).toEqual({ ...rules, cpuUsage: { ...rules.cpuUsage, for: 60_000 } })
  })

  it('reads storage and durations', () => {
    const config = resolved({
      storage: { path: './data.db' },
      workflow: { maxTasks: 1_000_000, defaultTimeout: '2m' },
      collaboration: { sessionTimeout: '1.5h' },
    })
    const anyLimits = { age: null, count: null, bytes: null }
    expect(config.storage).toEqual({
      path: './data.db',
      durability: 'disk',
      acceptOlder: false,
      migrate: 'auto',
      maxLog: null,
      retention: { completed: anyLimits, failed: anyLimits, byWorkflow: {}, rollups: 400 * 86_400_000, ordered: false },
      parkAfter: 5000,
    })
    expect(config.workflow.defaultTimeout).toBe(120_000)
    expect(config.collaboration.sessionTimeout).toBe(5_400_000)
    expect(resolved({ storage: { path: 'x', durability: 'os' } }).storage?.durability).toBe('os')
  })

  it('reports everything wrong at once, by path', () => {
    const config = {
      redis: { hots: 'localhost' },
      models: {
        providers: { work: {}, 'a/b': { kind: 'openai' }, openai: { rateLimit: { requestsPerMinute: 0 }, apiKy: 'k' } },
        budget: { usd: -1 },
        fallback: 'x',
      },
      workflw: {},
      storage: { durability: 'disc' },
      workflow: {
        maxDepth: 0,
        maxTasks: 1_000_001,
        defaultTimout: 1,
        defaultTimeout: 'soon',
        enableValidation: 'yes',
        maxConcurrentWorkflows: 0,
        tenantWeights: { a: 0, b: 1001, c: 'much' },
        allowRedefinition: 'yes',
      },
      agents: { minAgents: 1.5, maxAgents: null, scaleUpThreshold: 101, scaleDownThreshold: Number.NaN, healthCheckInterval: 0 },
      monitoring: { enableMetrics: 1, alertThresholds: { cpuUsage: -1, memory: 5 }, rules: [] },
      collaboration: { conflictResolution: 'CRDT', maxParticipants: Infinity, constructor: 1 },
    }
    expect(issuesOf(config)).toMatchInlineSnapshot(`
      [
        "ERR_UNKNOWN_FIELD redis.hots: unknown field; did you mean \`host\`?",
        "ERR_INVALID_VALUE models.providers.work.kind: is required, since \`work\` is not a kind itself: openai, openai-responses, anthropic, gemini, azure, mistral, groq, deepseek, xai, together, openrouter, cohere, ollama, compatible; 'compatible' for any other API in the form of OpenAI's Chat Completions",
        "ERR_INVALID_VALUE models.providers["a/b"]: must not contain \`/\`: it is the name of a provider",
        "ERR_INVALID_VALUE models.providers.openai.rateLimit.requestsPerMinute: must be a whole number from 1 to 1000000000, not 0",
        "ERR_UNKNOWN_FIELD models.providers.openai.apiKy: unknown field; did you mean \`apiKey\`?",
        "ERR_INVALID_VALUE models.budget.usd: must be US dollars from 0 to 1000000000, not -1",
        "ERR_INVALID_VALUE models.fallback: must be an array of models such as ['anthropic/claude-haiku-4-5']",
        "ERR_UNKNOWN_FIELD workflw: unknown field; did you mean \`workflow\`?",
        "ERR_INVALID_VALUE storage.durability: must be 'disk' or 'os' (did you mean 'disk'?), not 'disc'",
        "ERR_INVALID_VALUE storage.path: is required: the database file that keeps the executions",
        "ERR_INVALID_VALUE workflow.maxDepth: must be a whole number of at least 1, not 0",
        "ERR_INVALID_VALUE workflow.maxTasks: must be a whole number from 1 to 1000000, not 1000001",
        "ERR_UNKNOWN_FIELD workflow.defaultTimout: unknown field; did you mean \`defaultTimeout\`?",
        "ERR_INVALID_VALUE workflow.defaultTimeout: must be a duration: whole milliseconds up to 100 years, or a string such as '250ms', '30s', '5m', '2h', '1d'; not 'soon'",
        "ERR_INVALID_VALUE workflow.enableValidation: must be true or false, not 'yes'",
        "ERR_INVALID_VALUE workflow.maxConcurrentWorkflows: must be a whole number from 1 to 1000000, not 0",
        "ERR_INVALID_VALUE workflow.tenantWeights.a: must be a whole number from 1 to 1000, not 0",
        "ERR_INVALID_VALUE workflow.tenantWeights.b: must be a whole number from 1 to 1000, not 1001",
        "ERR_INVALID_VALUE workflow.tenantWeights.c: must be a whole number from 1 to 1000, not 'much'",
        "ERR_INVALID_VALUE workflow.allowRedefinition: must be true or false, not 'yes'",
        "ERR_INVALID_VALUE agents.minAgents: must be a whole number of at least 0, not 1.5",
        "ERR_INVALID_VALUE agents.maxAgents: must be a whole number of at least 1, not null",
        "ERR_INVALID_VALUE agents.scaleUpThreshold: must be a percentage from 0 to 100, not 101",
        "ERR_INVALID_VALUE agents.scaleDownThreshold: must be a percentage from 0 to 100, not NaN",
        "ERR_INVALID_VALUE agents.healthCheckInterval: must be at least 1 ms, not 0",
        "ERR_INVALID_VALUE monitoring.enableMetrics: must be true or false, not 1",
        "ERR_INVALID_VALUE monitoring.alertThresholds.cpuUsage: must be a percentage from 0 to 100, not -1",
        "ERR_UNKNOWN_FIELD monitoring.alertThresholds.memory: unknown field; known here: taskFailureRate, executionDuration, memoryUsage, cpuUsage",
        "ERR_INVALID_VALUE monitoring.rules: must be an object, not an array",
        "ERR_INVALID_VALUE collaboration.conflictResolution: must be 'last-write-wins' or 'operational-transform' or 'crdt' (did you mean 'crdt'?), not 'CRDT'",
        "ERR_INVALID_VALUE collaboration.maxParticipants: must be a whole number of at least 1, not Infinity",
        "ERR_UNKNOWN_FIELD collaboration.constructor: unknown field; known here: enableRealtime, maxParticipants, sessionTimeout, conflictResolution",
        "ERR_INVALID_VALUE redis: cannot stand beside \`storage\`: leave one of them out",
      ]
    `)
  })

  it.each<[string, unknown, string]>([
    [
      'more agents at least than at most',
      { agents: { minAgents: 11 } },
      'ERR_INVALID_VALUE agents.minAgents: must be at most `maxAgents` (10), not 11',
    ],
    [
      'thresholds that cross',
      { agents: { scaleDownThreshold: 80 } },
      'ERR_INVALID_VALUE agents.scaleDownThreshold: must be below `scaleUpThreshold` (80), not 80',
    ],
    ['storage without a path', { storage: {} }, 'ERR_INVALID_VALUE storage.path: is required: the database file that keeps the executions'],
    ['an empty path', { storage: { path: '' } }, "ERR_INVALID_VALUE storage.path: must be a non-empty string, not ''"],
    ['a group that is no object', { agents: [] }, 'ERR_INVALID_VALUE agents: must be an object, not an array'],
    ['null for a group', { workflow: null }, 'ERR_INVALID_VALUE workflow: must be an object, not null'],
    ['null for all', null, 'ERR_INVALID_VALUE : must be an object, not null'],
    [
      'a key from JSON',
      JSON.parse('{"__proto__": {}}'),
      'ERR_UNKNOWN_FIELD __proto__: unknown field; known here: storage, redis, memory, workflow, agents, models, monitoring, collaboration, logger',
    ],
  ])('refuses %s', (_, config, issue) => {
    expect(issuesOf(config)).toEqual([issue])
  })
})

describe('readDuration', () => {
  it.each<[unknown, number]>([
    [0, 0],
    [250, 250],
    ['250ms', 250],
    ['30s', 30_000],
    ['0.29s', 290],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('%s is %s ms', (value, ms) => {
    const issues: Issue[] = []
    expect(readDuration(value, 'timeout', issues)).toBe(ms)
    expect(issues).toEqual([])
  })

  it.each([-1, 0.5, Number.NaN, Infinity, 1e13, '', '30', '30 s', '-1s', '0.5ms', '1w', '1e3s', '999999d', null, undefined, 30n, {}])(
    '%s is none',
    (value) => {
      const issues: Issue[] = []
      expect(readDuration(value, 'timeout', issues)).toBeUndefined()
      expect(issues).toEqual([{ path: 'timeout', code: 'ERR_INVALID_VALUE', message: expect.stringContaining('must be a duration') }])
    },
  )
})

it('retention says how long the figures of hours stay, which deletes no execution', () => {
  const rollups = resolved({ storage: { path: 'x.db', retention: { rollups: '30d' } } }).storage?.retention
  expect(rollups).toMatchObject({ rollups: 30 * 86_400_000, ordered: false })
  const counted = resolved({ storage: { path: 'x.db', retention: { byWorkflow: { flow: { failed: { count: 1 } } } } } }).storage?.retention
  expect(counted).toMatchObject({ rollups: 400 * 86_400_000, ordered: true })
})

it('retention is read field by field: what is wrong is named by its place', () => {
  const retention = {
    completed: { age: 'soon', count: -1, bytes: 'much', size: 1 },
    failed: 7,
    byWorkflow: { flow: { completed: { bytes: '1GiB' }, cancelled: {} } },
  }
  expect(issuesOf({ storage: { path: 'x.db', retention } })).toMatchInlineSnapshot(`
    [
      "ERR_INVALID_VALUE storage.retention.completed.age: must be a duration: whole milliseconds up to 100 years, or a string such as '250ms', '30s', '5m', '2h', '1d'; not 'soon'",
      "ERR_INVALID_VALUE storage.retention.completed.count: must be a whole number from 0 to 4294967295, not -1",
      "ERR_INVALID_VALUE storage.retention.completed.bytes: must be an amount of memory of at least 1 byte: whole bytes, or a string such as '512KiB', '64MiB', '1GiB', '64MB'; not 'much'",
      "ERR_UNKNOWN_FIELD storage.retention.completed.size: unknown field; known here: age, count, bytes",
      "ERR_INVALID_VALUE storage.retention.failed: must be an object, not 7",
      "ERR_NOT_SUPPORTED storage.retention.byWorkflow.flow.completed.bytes: is a limit of the whole file: write it in \`retention.completed\` or \`retention.failed\`",
      "ERR_UNKNOWN_FIELD storage.retention.byWorkflow.flow.cancelled: unknown field; known here: completed, failed",
    ]
  `)
})
