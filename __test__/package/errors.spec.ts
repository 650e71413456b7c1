// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Every error code, provoked: the class, the code, what it says, its details and its cause. A new code needs a line here.

import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import * as mao from '@codexos/multi-agent-orchestrator'
import type {
  AgentType,
  AttemptContext,
  CustomProvider,
  CustomReply,
  ErrorCode,
  GenerateRequest,
  MultiAgentOrchestrator,
  OrchestratorError,
  ToolDefinition,
} from '@codexos/multi-agent-orchestrator'
import { run } from '../support/child.ts'
import { root, storePath, userFolder, writeInto } from '../support/folder.ts'
import { kitWith } from '../support/kits.ts'
import { KeptLog } from '../support/logs.ts'
import { gate, orchestratorWith, register, rejection, task, thrownBy, until, untilAborted, workflow } from '../support/orchestrators.ts'
import { call, stdio } from '../support/tools.ts'
import { withoutSums } from '../support/pages.ts'

const folder = userFolder()
const only = workflow([task('a')])
const failing = (work: () => unknown, input = {}): Promise<OrchestratorError> =>
  rejection(orchestratorWith({ work }).executeWorkflow(workflow([task('a', { input })])))
const causeOf = async (promise: Promise<OrchestratorError>): Promise<OrchestratorError> => (await promise).cause as OrchestratorError
const opening = (path: string): Promise<OrchestratorError> => rejection(orchestratorWith({}, { storage: { path } }).ready())

/** A store with executions in it, closed, and some of its bytes changed. */
async function spoilt(change: (content: Buffer) => Buffer | void): Promise<{ path: string; ids: string[] }> {
  const path = storePath(folder)
  const ids: string[] = []
  // Opening looks at what the last process wrote, which is one execution.
  for (const length of [100, 1]) {
    const orchestrator = orchestratorWith({ work: () => 'r'.repeat(3000) }, { storage: { path, durability: 'os' } })
    ids.push(...(await Promise.all(Array.from({ length }, async () => (await orchestrator.executeWorkflow(only)).id))))
    await orchestrator.shutdown()
  }
  const content = readFileSync(path)
  writeFileSync(path, change(content) ?? content)
  return { path, ids }
}

/** What aborts an attempt of `work`, as its agent hears it. */
async function abortReason(stop: (orchestrator: MultiAgentOrchestrator, id: string) => unknown, rest = {}): Promise<unknown> {
  const reason = gate<unknown>()
  const running = gate()
  const work = (_: unknown, { signal }: { signal: AbortSignal }): Promise<unknown> => {
    running.open()
    return untilAborted(signal).catch((error: unknown) => {
      reason.open(error)
      throw error
    })
  }
  const orchestrator = orchestratorWith({ work, fail: () => running.promise.then(() => Promise.reject(new Error('broken'))) })
  const tasks = [
    task('a', { dependencies: [], ...rest }),
    ...('timeout' in rest ? [] : [task('b', { agentId: 'fail', dependencies: ['c'] }), task('c', { agentId: 'late', dependencies: [] })]),
  ]
  const fails = gate()
  orchestrator.agentPool.registerAgentType('late', { create: () => ({ execute: () => fails.promise }) })
  const handle = await orchestrator.startWorkflow(workflow(tasks))
  await running.promise
  void Promise.resolve(stop(orchestrator, handle.id)).then(() => fails.open())
  return reason.promise
}

/** A program that writes until the store has failed, started by a shell line in which it is `"$@"`. */
async function storeFailure(shell: string): Promise<string> {
  const file = join(folder, 'until-it-fails.mjs')
  writeFileSync(
    file,
    `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: process.env.STORE + '/store.db', durability: process.argv[2] }, logger: false })
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => 'x'.repeat(50_000) }) })
    const flow = { id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }
    const said = (error) => [error.name, error.code, error.message, JSON.stringify(error.details), error.cause?.message].join(' | ')
    let first
    for (let n = 0; n < 100 && first === undefined; n += 1) await orchestrator.executeWorkflow(flow).catch((error) => { first = said(error) })
    // The orchestrator has stopped for good, and says so again.
    const again = await orchestrator.executeWorkflow(flow).then(() => 'well', said)
    await orchestrator.shutdown().catch(() => {})
    console.log(again === first ? first : first + ' THEN ' + again)
  `,
  )
  const env = { ...process.env, STORE: folder }
  return execFileSync('sh', ['-c', shell, 'sh', process.execPath, file], {
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()
}

const bad: AgentType = { create: () => Promise.reject(new Error('no key')) }
const withType = (type: AgentType): Promise<OrchestratorError> => {
  const orchestrator = orchestratorWith()
  orchestrator.agentPool.registerAgentType('work', type)
  return causeOf(rejection(orchestrator.executeWorkflow(only)))
}

const tool: ToolDefinition = {
  name: 'find',
  description: 'Finds',
  parameters: { type: 'object', properties: { id: { type: 'string' } } },
  execute: () => 1,
}
/** What a call of `tool` comes to. */
async function toolError(definition: Partial<ToolDefinition>, args: object = {}, name = 'find'): Promise<unknown> {
  const orchestrator = orchestratorWith()
  orchestrator.agentPool.registerTool({ ...tool, ...definition })
  return (await call(orchestrator, name, args)).error
}

/** An orchestrator with a provider of its own, which answers like this. */
function withProvider(generate: CustomProvider['generate']): MultiAgentOrchestrator {
  const orchestrator = orchestratorWith({}, { models: { providers: {} } })
  orchestrator.modelIntegration.registerProvider('own', { generate, models: [{ id: 'm' }] })
  return orchestrator
}
const asked = (request: GenerateRequest, generate: CustomProvider['generate']): Promise<unknown> =>
  rejection(withProvider(generate).modelIntegration.generate({ ...(request.requirements === undefined && { model: 'm' }), ...request }))

/** What a task of an `llm` agent fails with that is answered so. */
function taskOf(reply: CustomReply): Promise<unknown> {
  const orchestrator = withProvider(() => reply)
  orchestrator.agentPool.registerAgent({ id: 'work', type: 'llm', configuration: { model: 'own/m', maxTokens: 9 } })
  return causeOf(rejection(orchestrator.executeWorkflow(workflow([task('a', { input: { prompt: 'Write.' } })]))))
}

/** `class | code | message | details | message of the cause`. Paths of files are `FILE`, this process is `PID`. */
const provoked: Partial<Record<ErrorCode, [() => Promise<unknown>, string]>> = {
  ERR_VALIDATION: [
    () => rejection(orchestratorWith().executeWorkflow(workflow([]))),
    'ValidationError | ERR_VALIDATION | the workflow cannot run: tasks: must not be empty | {} | ',
  ],
  ERR_CONFIG: [
    async () => thrownBy(() => orchestratorWith({}, { redis: { port: 0 } })),
    'ValidationError | ERR_CONFIG | the configuration cannot be used: redis.port: must be a whole number from 1 to 65535, not 0 | {} | ',
  ],
  ERR_INVALID_ARGUMENT: [
    () => rejection(orchestratorWith().listExecutions({ limit: 0 })),
    'ValidationError | ERR_INVALID_ARGUMENT | the filter cannot be used: filter.limit: must be a whole number from 1 to 1000, not 0 | {} | ',
  ],
  ERR_NOT_ALLOWED: [
    () => {
      const orchestrator = orchestratorWith()
      orchestrator.agentPool.registerAgentType('type', { create: () => ({ execute: () => 1 }) })
      orchestrator.agentPool.registerAgent({ id: 'clerk', type: 'type', capabilities: ['typing'] })
      const typist = workflow([{ id: 'a', name: 'a', requires: ['typing'] }])
      return causeOf(rejection(orchestrator.executeWorkflow(typist, {}, { allow: { agents: ['work'] } })))
    },
    'AgentError | ERR_NOT_ALLOWED | agent `clerk` is not allowed here: `allow.agents` does not name it; it allows `work` | {"agent":"clerk","allowed":["work"]} | ',
  ],
  ERR_NOT_SUPPORTED: [
    async () => thrownBy(() => (orchestratorWith().executionMonitor as unknown as { getActiveExecutions: unknown }).getActiveExecutions),
    'OrchestratorError | ERR_NOT_SUPPORTED | `executionMonitor.getActiveExecutions` is not supported yet; listen to the events of the orchestrator, follow one execution with `handle.events()`, and read figures from `executionMonitor.getWorkflowAnalytics(…)`, `execution.metrics`, `getStatistics()` and `agentPool.getStatistics()` | {"name":"executionMonitor.getActiveExecutions"} | ',
  ],
  ERR_NOT_JSON: [
    () => causeOf(failing(() => 1n)),
    'ValidationError | ERR_NOT_JSON | the result of task `a` is not JSON data: result: a BigInt is not a JSON value: use String(value), or Number(value) when it is small enough | {} | ',
  ],
  ERR_TOO_LARGE: [
    () => rejection(orchestratorWith({ work: () => 1 }, { workflow: { maxValueBytes: 10 } }).executeWorkflow(only, { text: 'too long' })),
    'ValidationError | ERR_TOO_LARGE | the context is too large: context: is 19 bytes as JSON, most of them in `context.text`; at most 10 are allowed: keep the data elsewhere and pass a reference to it, or raise `workflow.maxValueBytes` | {} | ',
  ],
  ERR_INPUT_SCHEMA: [
    () => causeOf(failing(() => 1, { data: 1, schema: { type: 'string' } })),
    'ValidationError | ERR_INPUT_SCHEMA | the input of task `a` does not fit its schema: input.data: 1 is not of type "string" | {} | ',
  ],
  ERR_BAD_CURSOR: [
    () => rejection(orchestratorWith({}, { storage: { path: storePath(folder) } }).listExecutions({ cursor: 'x' })),
    'OrchestratorError | ERR_BAD_CURSOR | `x` is not a cursor of listExecutions | {} | ',
  ],
  ERR_AGENT_NOT_FOUND: [
    () => causeOf(rejection(orchestratorWith({}, { workflow: { enableValidation: false } }).executeWorkflow(only))),
    'NotFoundError | ERR_AGENT_NOT_FOUND | agent `work` is not registered | {} | ',
  ],
  ERR_TOOL_NOT_FOUND: [
    async () => {
      const orchestrator = orchestratorWith()
      orchestrator.agentPool.registerAgent({ id: 'work', type: 'tool', configuration: { tool: 'hammer' } })
      return causeOf(rejection(orchestrator.executeWorkflow(only)))
    },
    'ToolError | ERR_TOOL_NOT_FOUND | there is no tool `hammer`; there are none: call agentPool.registerTool(…) or connectMcp(…) first | {"tool":"hammer","known":[]} | ',
  ],
  ERR_TOOL_FAILED: [
    async () => {
      const orchestrator = orchestratorWith()
      const execute = (): never => {
        throw new Error('no nail')
      }
      orchestrator.agentPool.registerTool({ name: 'hammer', description: 'hits', parameters: { type: 'object' }, execute })
      orchestrator.agentPool.registerAgent({ id: 'work', type: 'tool', configuration: { tool: 'hammer' } })
      return causeOf(rejection(orchestrator.executeWorkflow(only)))
    },
    'ToolError | ERR_TOOL_FAILED | tool `hammer` failed: no nail | {"tool":"hammer"} | no nail',
  ],
  ERR_MAX_STEPS: [
    async () => {
      const orchestrator = orchestratorWith({}, { models: { providers: {} } })
      const toolCalls = [{ id: '1', name: 'hammer', arguments: {} }]
      orchestrator.modelIntegration.registerProvider('own', { generate: () => ({ toolCalls }) })
      orchestrator.agentPool.registerAgent({ id: 'work', type: 'hybrid', configuration: { model: 'own/busy', maxSteps: 1 } })
      const hit = workflow([task('a', { input: { prompt: 'Hit.' } })])
      return causeOf(rejection(orchestrator.executeWorkflow(hit)))
    },
    'TaskFailedError | ERR_MAX_STEPS | the model of task `a` still calls tools (hammer) after 1 step; raise `maxSteps`, or say in the prompt when it is done | {"steps":1,"text":"","toolCalls":["hammer"]} | ',
  ],
  ERR_AGENT_TYPE_NOT_FOUND: [
    async () => thrownBy(() => orchestratorWith().agentPool.registerAgent({ id: 'x', type: 'y' })),
    "NotFoundError | ERR_AGENT_TYPE_NOT_FOUND | agent `x` is of type `y`, which is not registered; call registerAgentType('y', …) first | {} | ",
  ],
  ERR_EXECUTION_NOT_FOUND: [
    () => rejection(orchestratorWith().cancelExecution('x')),
    'NotFoundError | ERR_EXECUTION_NOT_FOUND | there is no execution `x`; `listExecutions()` returns the existing ones | {} | ',
  ],
  ERR_INSIGHT_NOT_FOUND: [
    () => rejection(orchestratorWith().executionMonitor.applyInsight('x')),
    'NotFoundError | ERR_INSIGHT_NOT_FOUND | there is no insight `x`: what it was found in is not on record any more, or it holds no longer; ask `getWorkflowAnalytics` for those there are | {} | ',
  ],
  ERR_AGENT_EXISTS: [
    async () => thrownBy(() => orchestratorWith({ work: () => 1 }).agentPool.registerAgentType('work', bad)),
    'ConflictError | ERR_AGENT_EXISTS | agent type `work` is already registered; choose another name | {} | ',
  ],
  ERR_DEFINITION_CHANGED: [
    async () => {
      const orchestrator = orchestratorWith({ work: () => new Promise(() => {}) })
      await orchestrator.startWorkflow(only, {}, { executionId: 'first' })
      await orchestrator.scheduleWorkflow(only, { every: '1h' })
      return rejection(orchestrator.startWorkflow(workflow([task('b')])))
    },
    "ConflictError | ERR_DEFINITION_CHANGED | workflow `flow` version `1.0.0` still runs with another definition: execution `first` and schedule `flow`; give the changed definition a new `version`, or end what runs (await cancelExecution('first'), await (await getSchedule('flow')).cancel()), or set `workflow.allowRedefinition` | {} | ",
  ],
  ERR_SCHEDULE_CHANGED: [
    async () => {
      const orchestrator = orchestratorWith({ work: () => 1 })
      await orchestrator.scheduleWorkflow(only, { every: '1h' })
      return rejection(orchestrator.scheduleWorkflow(only, { every: '2h' }))
    },
    'ConflictError | ERR_SCHEDULE_CHANGED | there is a schedule `flow` of another workflow, context, rhythm or options; cancel it first, or give this one an id of its own: `options.id` | {} | ',
  ],
  ERR_CANCELLED: [
    () => rejection(orchestratorWith({ work: () => 1 }).executeWorkflow(only, {}, { signal: AbortSignal.abort(new Error('enough')) })),
    'CancelledError | ERR_CANCELLED | enough | {} | enough',
  ],
  ERR_SIBLING_FAILED: [() => abortReason(() => {}), 'CancelledError | ERR_SIBLING_FAILED | another task of the execution failed | {} | '],
  ERR_SHUTDOWN: [
    () => abortReason((orchestrator) => orchestrator.shutdown({ drainMs: 0 })),
    'CancelledError | ERR_SHUTDOWN | the orchestrator is shutting down | {} | ',
  ],
  ERR_TIMEOUT: [
    () => abortReason(() => {}, { timeout: 10 }),
    'TimeoutError | ERR_TIMEOUT | the attempt of task `a` exceeded its timeout | {} | ',
  ],
  ERR_TASK_FAILED: [
    () => failing(() => Promise.reject(new Error('broken'))),
    'TaskFailedError | ERR_TASK_FAILED | task `a` failed: its agent threw: broken | {"attempts":1,"code":"ERR_AGENT"} | broken',
  ],
  ERR_AGENT_INVALID: [
    () => withType({ create: () => null as never }),
    'AgentError | ERR_AGENT_INVALID | create of agent `work` returned something without an `execute` method; return { execute: async (task, context) => … } | {} | ',
  ],
  ERR_AGENT_CREATE: [() => withType(bad), 'AgentError | ERR_AGENT_CREATE | agent `work` could not be made: no key | {} | no key'],
  ERR_AGENT_LOST: [
    () =>
      withType({
        isolation: 'worker',
        module: writeInto(folder, 'exits.mjs', 'export const create = () => ({ execute: () => process.exit(3) })'),
      }),
    'AgentError | ERR_AGENT_LOST | agent `work` is lost: its worker ended with exit code 3; an agent must not call process.exit | {"exitCode":3} | ',
  ],
  ERR_TOOL_EXISTS: [
    async () => {
      const { agentPool } = orchestratorWith()
      agentPool.registerTool(tool)
      return thrownBy(() => agentPool.registerTool(tool))
    },
    'ConflictError | ERR_TOOL_EXISTS | tool `find` is already registered; choose another name | {} | ',
  ],
  ERR_TOOL_ARGUMENTS: [
    () => toolError({}, { id: 1 }),
    'ToolError | ERR_TOOL_ARGUMENTS | tool `find` cannot be called like that: arguments.id: 1 is not of type "string" | {"tool":"find","issues":[{"path":"arguments.id","message":"1 is not of type \\"string\\""}]} | ',
  ],
  ERR_TOOL_RESULT: [
    () => toolError({ execute: () => 1n }),
    'ToolError | ERR_TOOL_RESULT | the result of tool `find` is not JSON data: result: a BigInt is not a JSON value: use String(value), or Number(value) when it is small enough | {"tool":"find","issues":[{"path":"result","message":"a BigInt is not a JSON value: use String(value), or Number(value) when it is small enough","code":"ERR_NOT_JSON"}]} | ',
  ],
  ERR_TOOL_TIMEOUT: [
    () => toolError({ timeout: 1, execute: () => new Promise(() => {}) }),
    'ToolError | ERR_TOOL_TIMEOUT | tool `find` did not answer within 1 ms; raise its `timeout`, or ask for less | {"tool":"find"} | ',
  ],
  ERR_MCP_CONNECT: [
    () => rejection(orchestratorWith().agentPool.connectMcp({ name: 'files', command: 'no-such-program' })),
    'ToolError | ERR_MCP_CONNECT | MCP server `files`: `no-such-program` could not be started: No such file or directory (os error 2); name a program on the PATH, or the whole path of one | {"server":"files"} | ',
  ],
  ERR_MCP_LOST: [
    async () => {
      const lost = orchestratorWith()
      await lost.agentPool.connectMcp(stdio)
      return (await call(lost, 'test_die')).error
    },
    'ToolError | ERR_MCP_LOST | MCP server `test`: the connection to the server is lost: it ended, or closed the connection | {"server":"test","tool":"test_die"} | ',
  ],
  ERR_MODEL: [
    () => asked({ prompt: 'p' }, () => Promise.reject(Object.assign(new Error('not like that'), { class: 'invalid' }))),
    'ModelError | ERR_MODEL | own/m: not like that | {"attempts":[{"provider":"own","model":"m","waited":MS,"duration":MS,"failure":"invalid","message":"not like that","next":"give-up"}],"class":"invalid"} | ',
  ],
  ERR_MODEL_CUT: [
    () => taskOf({ text: 'half', finishReason: 'length', usage: { inputTokens: 0, outputTokens: 0 } }),
    'ModelError | ERR_MODEL_CUT | the answer of own/m was cut by its limit of 9 tokens (`maxTokens`), after 0 tokens; raise the limit, ask for less, or take what there is with accept: [\'length\'] | {"finishReason":"length","limit":9,"usage":{"inputTokens":0,"outputTokens":0,"cacheReadTokens":0,"cacheWriteTokens":0,"reasoningTokens":0,"totalTokens":0},"cost":0,"costComplete":true,"attempts":[{"provider":"own","model":"m","waited":MS,"duration":MS,"next":"done"}],"partial":"half","partialText":"half"} | ',
  ],
  ERR_MODEL_EMPTY: [
    () => taskOf({ text: ' ', usage: { inputTokens: 0, outputTokens: 0 } }),
    'ModelError | ERR_MODEL_EMPTY | own/m answered nothing; say in the prompt what is wanted, or take that with accept: [\'empty\'] | {"finishReason":"empty","usage":{"inputTokens":0,"outputTokens":0,"cacheReadTokens":0,"cacheWriteTokens":0,"reasoningTokens":0,"totalTokens":0},"cost":0,"costComplete":true,"attempts":[{"provider":"own","model":"m","waited":MS,"duration":MS,"next":"done"}],"partial":" ","partialText":" "} | ',
  ],
  ERR_MODEL_OUTPUT: [
    () => asked({ prompt: 'p', schema: { type: 'number' } }, () => ({ text: '"four"', usage: { inputTokens: 0, outputTokens: 0 } })),
    'ModelError | ERR_MODEL_OUTPUT | the answer of own/m does not fit the schema: output: "four" is not of type "number" | {"issues":[{"path":"output","message":"\\"four\\" is not of type \\"number\\""}],"usage":{"inputTokens":0,"outputTokens":0,"cacheReadTokens":0,"cacheWriteTokens":0,"reasoningTokens":0,"totalTokens":0},"cost":0,"costComplete":true,"attempts":[{"provider":"own","model":"m","waited":MS,"duration":MS,"next":"done"},{"provider":"own","model":"m","waited":MS,"duration":MS,"next":"done"}],"partialText":"\\"four\\""} | ',
  ],
  ERR_NO_MODEL: [
    () => asked({ prompt: 'p', requirements: { capabilities: [{ type: 'vision' }] } }, () => ({ text: '' })),
    'ModelError | ERR_NO_MODEL | no model meets all requirements; 1 model looked at, each fails more than one: `capabilities` (1 fail it), `contextLength` (1 fail it), `maxOutputTokens` (1 fail it); relax several | {} | ',
  ],
  ERR_PROVIDER_NOT_FOUND: [
    () => asked({ prompt: 'p', provider: 'other' }, () => ({ text: '' })),
    'NotFoundError | ERR_PROVIDER_NOT_FOUND | `other` is not a configured provider; there are: own | {} | ',
  ],
  ERR_PROVIDER_EXISTS: [
    async () => thrownBy(() => withProvider(() => ({ text: '' })).modelIntegration.registerProvider('own', { generate: () => ({}) })),
    'ConflictError | ERR_PROVIDER_EXISTS | provider `own` is already configured; choose another name | {} | ',
  ],
  ERR_BUDGET_EXCEEDED: [
    () => asked({ prompt: 'p', budget: { calls: 0 } }, () => ({ text: '' })),
    'ModelError | ERR_BUDGET_EXCEEDED | the call may use 1 call, and of the 0 calls of budget `request:1` 0 calls are spent and 0 calls reserved; raise the budget, or use a cheaper model or a lower `maxTokens` | {"attempts":[],"scope":"request:1","what":"calls","limit":0,"spent":0,"reserved":0,"asked":1} | ',
  ],
  ERR_STORE_LOCKED: [
    async () => {
      const storage = { path: storePath(folder) }
      await orchestratorWith({}, { storage }).ready()
      return opening(storage.path)
    },
    'StoreError | ERR_STORE_LOCKED | `FILE` is in use by another orchestrator of this process (PID); close it there, or give this orchestrator another `storage.path` | {} | ',
  ],
  ERR_STORE_OPEN: [
    () => opening(join(folder, 'nowhere', 'store.db')),
    'StoreError | ERR_STORE_OPEN | `FILE` cannot be opened; its folder `FILE` does not exist; create it, or correct `storage.path` | {} | No such file or directory (os error 2)',
  ],
  ERR_STORE_CORRUPT: [
    async () => opening((await spoilt(() => Buffer.alloc(10_000, 'x'))).path),
    'StoreError | ERR_STORE_CORRUPT | `FILE` is damaged or is not a SQLite file; it was left as it is: correct `storage.path`, or restore a backup if it was your store | {} | file is not a database',
  ],
  ERR_STORE_FOREIGN: [
    async () => opening((await spoilt((content) => void content.writeUInt32BE(1, 68))).path),
    'StoreError | ERR_STORE_FOREIGN | `FILE` is a SQLite file of another program; give another `storage.path` | {} | ',
  ],
  ERR_STORE_NEWER: [
    async () => opening((await spoilt((content) => (content.writeUInt32BE(1000, 60), withoutSums(content)))).path),
    'StoreError | ERR_STORE_NEWER | `FILE` was written by a newer version (schema 1000, this build knows 2); open it with that version | {} | ',
  ],
  ERR_STORE_REPLACED: [
    async () => {
      const { path } = await spoilt(() => {})
      // Not one that is shut down after the test: that says so too.
      const orchestrator = new mao.MultiAgentOrchestrator({ storage: { path } })
      register(orchestrator, { work: () => 1 })
      await orchestrator.executeWorkflow(only)
      renameSync(path, `${path}.away`)
      for (;;) {
        const ended = await orchestrator.executeWorkflow(only).catch((error: unknown) => error)
        if ((ended as OrchestratorError).code === 'ERR_STORE_REPLACED') return ended
      }
    },
    'StoreError | ERR_STORE_REPLACED | `FILE` was deleted while the store was open: nothing more is written, and the last writes may be lost; put the file back, or a copy of the store in place of all its files, and open it again | {} | ',
  ],
  ERR_CLOSED: [
    async () => {
      const orchestrator = orchestratorWith()
      await orchestrator.shutdown()
      return rejection(orchestrator.executeWorkflow(only))
    },
    'ClosedError | ERR_CLOSED | executeWorkflow is refused: the orchestrator has been shut down; create another with `new MultiAgentOrchestrator(…)` | {} | ',
  ],
  ERR_CRASHED: [
    async () => {
      const kit = await kitWith({ work: () => 1 })
      await kit.crash()
      return rejection(kit.run(only))
    },
    'ClosedError | ERR_CRASHED | the test kit has ended this orchestrator as a crash would; kit.reopen() opens its store again | {} | ',
  ],
  ERR_NOT_DURABLE: [
    async () => rejection((await kitWith()).reopen()),
    "StoreError | ERR_NOT_DURABLE | an orchestrator in memory does not survive its process; create the kit with createTestKit({ storage: 'file' }) | {} | ",
  ],
  ERR_SCRIPT_ENDED: [
    async () => {
      const kit = await kitWith()
      kit.agents.script('work', [])
      return causeOf(rejection(kit.run(only)))
    },
    'AgentError | ERR_SCRIPT_ENDED | the script of agent `work` has 0 steps, and this is call 1 (task `a`, attempt 1); add a step, or script a function, which answers every call | {} | ',
  ],
  ERR_STUCK: [
    async () => rejection((await kitWith({}, { patience: 1 })).until(new Promise(() => {}))),
    'TimeoutError | ERR_STUCK | nothing has happened for 1 ms of real time (`patience`), and there is no wait to skip: no execution is under way: what settles the promise? | {} | ',
  ],
  ERR_LISTENER: [
    async () => {
      const logger = new KeptLog()
      const orchestrator = orchestratorWith({ work: () => 1 }, { logger })
      orchestrator.on('task:started', () => {
        throw new Error('not listening')
      })
      await orchestrator.executeWorkflow(only)
      return (await logger.first()).err as OrchestratorError
    },
    "OrchestratorError | ERR_LISTENER | a listener of 'task:started' failed: not listening | {} | not listening",
  ],
}

/** Those no caller can bring about here, or not this way, and why. */
/** A workflow with one task like this, with an agent that answers at once and one that never does by itself. */
const withTask = (rest: object, options = {}, context = {}): Promise<OrchestratorError> => {
  const agents = {
    work: () => 1,
    fail: () => Promise.reject(new Error('broken')),
    sleep: (_: unknown, { signal }: { signal: AbortSignal }) => untilAborted(signal),
  }
  const one = { id: 'a', name: 'a', ...rest } as never
  return rejection(orchestratorWith(agents).executeWorkflow(workflow([one]), context, options))
}
const sleeping = { agentId: 'sleep' }

/** What a group aborts its loser with. */
async function joinReason(): Promise<unknown> {
  const reason = gate<unknown>()
  const sleep = (_: unknown, { signal }: { signal: AbortSignal }): Promise<unknown> =>
    untilAborted(signal).catch((error: unknown) => reason.open(error))
  const group = { id: 'g', name: 'g', type: 'parallel', join: 'any', tasks: [task('a'), task('b', { agentId: 'sleep' })] }
  await orchestratorWith({ work: () => 1, sleep }).executeWorkflow(workflow([group]))
  return reason.promise
}

/** What an execution that waits twice for `go` refuses. */
async function signalled(send: (orchestrator: MultiAgentOrchestrator, id: string) => Promise<void>): Promise<unknown> {
  const orchestrator = orchestratorWith({})
  const wait = (id: string): object => ({ id, name: id, waitFor: { signal: 'go', schema: { type: 'string' } } })
  const handle = await orchestrator.startWorkflow(
    workflow([{ id: 'g', name: 'g', type: 'parallel', tasks: [wait('a'), wait('b')] }] as never),
  )
  return rejection(send(orchestrator, handle.id))
}

/** What a task fails with whose agent takes steps. */
async function stepping(take: (context: AttemptContext) => unknown, maxAttempts = 1): Promise<unknown> {
  const orchestrator = orchestratorWith({ work: (_, context) => take(context) })
  return (await rejection(orchestrator.executeWorkflow(workflow([task('a', { retryPolicy: { maxAttempts, initialDelay: 0 } })])))).cause
}

const spawning = (execute: (spawn: (task: object) => PromiseLike<unknown>) => unknown): Promise<OrchestratorError> => {
  const work = (_: unknown, { spawn }: { spawn: (task: never) => PromiseLike<unknown> }): unknown => execute(spawn as never)
  return causeOf(
    rejection(orchestratorWith({ work, fail: () => Promise.reject(new Error('broken')), echo: () => 1 }).executeWorkflow(only)),
  )
}

/** Those of workflow semantics: each with the error itself. */
const semantics: Partial<Record<ErrorCode, () => Promise<unknown>>> = {
  ERR_JOIN_SATISFIED: joinReason,
  ERR_JOIN_UNREACHABLE: () => causeOf(withTask({ type: 'parallel', join: 'any', tasks: [task('b', { agentId: 'fail' })] })),
  ERR_DEADLINE: () => withTask(sleeping, { deadline: 5 }),
  ERR_BUDGET: () => withTask({ agentId: 'work' }, { budget: { tasks: 0 } }),
  ERR_JOURNAL_LIMIT: () =>
    rejection(orchestratorWith({ work: () => 1 }, { workflow: { maxJournalEvents: 1 } }).executeWorkflow(workflow([task('a'), task('b')]))),
  ERR_TOTAL_TIMEOUT: () => causeOf(withTask({ ...sleeping, totalTimeout: 5 })),
  ERR_HEARTBEAT_TIMEOUT: () => causeOf(withTask({ ...sleeping, heartbeatTimeout: 5 })),
  ERR_WAIT_TIMEOUT: () => causeOf(withTask({ waitFor: { signal: 'go', timeout: 5 } })),
  ERR_LOOP_ITEMS: () => causeOf(withTask({ type: 'loop', agentId: 'fail', loop: { forEach: [1, 2], onItemError: 'failAfter' } })),
  ERR_LOOP_LIMIT: () => causeOf(withTask({ type: 'loop', agentId: 'work', loop: { while: 'true', maxIterations: 2 } })),
  ERR_LOOP_NOT_ARRAY: () => causeOf(withTask({ type: 'loop', agentId: 'work', loop: { forEach: 'context.n' } }, {}, { n: 1 })),
  ERR_NO_BRANCH: () => causeOf(withTask({ type: 'conditional', onNoMatch: 'fail', branches: [{ when: 'false', tasks: [task('b')] }] })),
  ERR_CONDITION: () =>
    causeOf(
      withTask({
        agentId: 'work',
        conditions: [
          () => {
            throw new Error('broken')
          },
        ],
      }),
    ),
  ERR_CONDITION_NOT_BOOLEAN: () => causeOf(withTask({ agentId: 'work', conditions: ['1 + 1'] })),
  ERR_EXPRESSION: () => causeOf(withTask({ agentId: 'work', conditions: ['context.name == 1'] }, {}, { nmae: 1 })),
  ERR_TEMPLATE: () => causeOf(withTask({ agentId: 'work', input: { prompt: '{{ context.name }}' } })),
  ERR_FUNCTION_NOT_FOUND: () => causeOf(withTask({ agentId: 'work', conditions: [{ function: 'nobody' }] })),
  ERR_OUTPUT_SCHEMA: () => causeOf(withTask({ agentId: 'work', outputSchema: { type: 'string' } })),
  ERR_SPAWN_FAILED: () => spawning((spawn) => void spawn(task('s', { agentId: 'fail' }))),
  ERR_SPAWN_CHANGED: () => spawning(async (spawn) => [await spawn(task('s', { agentId: 'echo' })), spawn(task('s', { agentId: 'fail' }))]),
  ERR_STEP_CHANGED: () =>
    stepping(async ({ step, attempt }) => {
      await step('charge', () => 1, { input: attempt })
      throw new Error('once more')
    }, 2),
  ERR_STEP_NESTED: () => stepping(async ({ step }) => step('outer', async () => step('inner', () => 1))),
  ERR_STEP_REPEATED: () => stepping(async ({ step }) => [await step('charge', () => 1), await step('charge', () => 1)]),
  ERR_AMBIGUOUS_SIGNAL: () => signalled((orchestrator, id) => orchestrator.signalExecution(id, 'go', 'x')),
  ERR_UNKNOWN_SIGNAL: () => signalled((orchestrator, id) => orchestrator.signalExecution(id, 'gone', 'x')),
  ERR_SIGNAL_SCHEMA: () => signalled((orchestrator, id) => orchestrator.signalExecution(id, 'go', 1, { path: 'a' })),
  ERR_WORKFLOW_NOT_FOUND: async () => {
    // Where it is validated it is a problem of the workflow.
    const orchestrator = orchestratorWith({}, { workflow: { enableValidation: false } })
    return (await rejection(orchestrator.executeWorkflow(workflow([{ id: 'a', name: 'a', workflow: 'nobody' }])))).cause
  },
  ERR_EXECUTION_EXISTS: async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    await orchestrator.executeWorkflow(only, {}, { executionId: 'mine' })
    return rejection(orchestrator.executeWorkflow(only, {}, { executionId: 'mine' }))
  },
  ERR_EXECUTION_ACTIVE: async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    await orchestrator.startWorkflow(workflow([{ id: 'go', name: 'go', waitFor: { signal: 'go' } }]), {}, { executionId: 'mine' })
    return rejection(orchestrator.deleteExecution('mine'))
  },
  ERR_EXECUTION_NEEDED: async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    orchestrator.workflowEngine.registerWorkflow(workflow([task('leaf')], { id: 'child' }))
    const go = { id: 'go', name: 'go', waitFor: { signal: 'go' } }
    await orchestrator.startWorkflow(workflow([{ id: 'sub', name: 'sub', workflow: 'child' }, go]), {}, { executionId: 'mine' })
    await until(async () => (await orchestrator.getExecution('mine/sub/1')) !== undefined)
    await orchestrator.getHandle('mine/sub/1').settled()
    return rejection(orchestrator.deleteExecution('mine/sub/1'))
  },
  ERR_EXECUTION_ENDED: async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    const { id } = await orchestrator.executeWorkflow(only, {}, { executionId: 'mine' })
    return rejection(orchestrator.signalExecution(id, 'go'))
  },
  ERR_NOT_MOVABLE: async () => {
    const orchestrator = orchestratorWith({ work: () => new Promise(() => {}) })
    const { id } = await orchestrator.startWorkflow(only, {}, { executionId: 'mine' })
    return rejection(orchestrator.moveExecution(id, { ...only, version: '2' }))
  },
  ERR_IDEMPOTENCY_MISMATCH: async () => {
    const orchestrator = orchestratorWith({ work: () => 1 })
    await orchestrator.executeWorkflow(only, { n: 1 }, { idempotencyKey: 'k' })
    return rejection(orchestrator.executeWorkflow(only, { n: 2 }, { idempotencyKey: 'k' }))
  },
  ERR_TOO_DEEP: async () => {
    const orchestrator = orchestratorWith({}, { workflow: { maxDepth: 2 } })
    const endless = workflow([{ id: 'again', name: 'again', workflow: 'flow' }])
    orchestrator.workflowEngine.registerWorkflow(endless)
    await rejection(orchestrator.executeWorkflow(endless, {}, { executionId: 'x' }))
    return innermost(await rejection(orchestrator.getHandle('x/again/1').result()))
  },
}

/** The first cause of all. */
function innermost(error: unknown): unknown {
  const { cause } = error as { cause?: unknown }
  return cause === undefined ? error : innermost(cause)
}

const others: Partial<Record<ErrorCode, string>> = {
  ERR_STORE_READ: 'the medium must refuse to be read; what is read and is not what was written is ERR_STORE_CORRUPT',
  ERR_AGENT: 'only ever recorded, as the code of a failure whose error has none of its own; see below',
  ERR_ADDON: 'ends what loads the package: in faults-addon.spec.ts',
  ERR_INTERRUPTED:
    'only ever told to the engine, for the attempt of an execution that is cancelled before its agents are there: the task ends as cancelled',
  ERR_STORE_OLDER: 'needs a store of format 1: in store/summaries.spec.ts',
  ERR_STORE_BUSY: 'needs facts that stay behind for 2 s: in crates/runtime/tests/facts.rs',
  ERR_STORE_UNAVAILABLE: 'needs a server that is gone: in __test__/redis/faults.spec.ts',
  ERR_STORE_FULL: 'needs a full disk: in __test__/store/full-disk.spec.ts, where a small one may be mounted',
  ERR_OUTCOME_UNKNOWN: 'needs a write that fails: below, where a limit on the size of files can be set',
  ERR_POISONED: 'needs four crashes: in crates/engine/tests/scenarios/clocks.rs',
  ERR_INTERNAL: 'a mistake of ours: there is none that we know of',
}

function said(error: unknown): string {
  const { name, code, message, details, cause } = error as OrchestratorError
  const text = [name, code, message, JSON.stringify(details), (cause as Error | undefined)?.message ?? ''].join(' | ')
  return text
    .replaceAll(/"(waited|duration)":[\d.]+/g, '"$1":MS')
    .replaceAll(/`\/[^`]*`/g, '`FILE`')
    .replaceAll(`(${process.pid});`, '(PID);')
}

describe('every error code', () => {
  it('is provoked here, or it is said why not', () => {
    const source = readFileSync(join(root, 'ts/api/errors.ts'), 'utf8')
    const codes = [...source.slice(source.indexOf('type ErrorCode'), source.indexOf('ErrorOptions')).matchAll(/'(ERR_\w+)'/g)].map(
      ([, code]) => code,
    )
    expect([...Object.keys(provoked), ...Object.keys(semantics), ...Object.keys(others)].toSorted()).toEqual(codes.toSorted())
  })

  it.each(Object.entries(provoked))('%s', async (code, [provoke, expected]) => {
    const error = await provoke()
    expect(said(error)).toBe(expected)
    expect(mao.OrchestratorError.isInstance(error)).toBe(true)
    expect(error).toBeInstanceOf(mao.OrchestratorError)
    expect((error as OrchestratorError).code).toBe(code)
  })

  it.each(Object.entries(semantics))('%s', async (code, provoke) => {
    const error = await provoke()
    expect((error as OrchestratorError).code).toBe(code)
    expect(mao.OrchestratorError.isInstance(error)).toBe(true)
    expect(said(error).replaceAll(/,"stack":"[^"]*"/g, '')).toMatchSnapshot()
  })

  it('ERR_AGENT is what is recorded of an error without a code', async () => {
    expect((await failing(() => Promise.reject(new Error('broken')))).details).toEqual({ attempts: 1, code: 'ERR_AGENT' })
  })

  it.skipIf(process.platform === 'win32').each(['os', 'disk'])('ERR_OUTCOME_UNKNOWN, durability %s: a write fails', async (durability) => {
    // In blocks of 512 bytes. The signal that would end the process is ignored, so that the write fails.
    const text = await storeFailure(`trap '' XFSZ; ulimit -f 800; rm -f "$STORE"/store.db*; exec "$@" ${durability}`)
    expect(text).toBe(
      'StoreError | ERR_OUTCOME_UNKNOWN | the store failed and the orchestrator stopped; open it again to continue from the last commit | {} | the journal could not be committed',
    )
  })
})

it('isInstance knows errors of another copy of the package, which instanceof does not', () => {
  cpSync(join(root, 'dist'), join(folder, 'copy'), { recursive: true, filter: (source) => !source.endsWith('.d.cts') })
  const copy = createRequire(join(folder, 'copy/'))('./index.cjs') as typeof mao
  const error = thrownBy(() => orchestratorWith().agentPool.registerAgent({ id: 'x', type: 'y' }))
  let foreign: unknown
  try {
    new copy.MultiAgentOrchestrator({ redis: { port: 0 } })
  } catch (thrown) {
    foreign = thrown
  }
  expect([foreign instanceof copy.ValidationError, foreign instanceof mao.OrchestratorError]).toEqual([true, false])
  expect([mao.OrchestratorError.isInstance(foreign), copy.OrchestratorError.isInstance(error)]).toEqual([true, true])
  expect(mao.OrchestratorError.isInstance(new Error('not ours'))).toBe(false)
  expect([undefined, null, 'ERR_CLOSED', { code: 'ERR_CLOSED' }].map((one) => mao.OrchestratorError.isInstance(one))).toEqual([
    false,
    false,
    false,
    false,
  ])
})

it('an error prints without its execution, and with its code', async () => {
  const { stderr, code } = await run(
    folder,
    `
    import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
    const orchestrator = new MultiAgentOrchestrator()
    orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => { throw new RangeError('broken') } }) })
    // Node shows the line that called, which is the caller's own.
    const context = { secret: 'of the context' }
    await orchestrator.executeWorkflow({ id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }, context)
  `,
  )
  expect(code).toBe(1)
  expect(stderr).toContain('await orchestrator.executeWorkflow(')
  expect(stderr).toMatch(/TaskFailedError: task `a` failed: its agent threw RangeError: broken/)
  expect(stderr).toMatch(/code: 'ERR_TASK_FAILED'[\s\S]*\[cause\]: RangeError: broken/)
  expect(stderr).not.toContain('of the context')
})
