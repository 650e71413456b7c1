// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The demo as a process of its own, with models that a server on loopback answers for, and without.

import { createServer, type Fixture, type ServerInstance } from '@copilotkit/aimock'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AgentWorkflow, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { Child, type Ended } from '../support/child.ts'
import { root, temporaryFolder, writeInto } from '../support/folder.ts'
import { orchestratorWith } from '../support/orchestrators.ts'

const folder = temporaryFolder()
const sources = join(folder, 'sources')
const servers: ServerInstance[] = []

beforeAll(() => {
  mkdirSync(sources)
  writeInto(sources, 'one.rs', '// TODO: say more\nfn one() -> u32 {\n    1\n}\n')
  writeInto(sources, 'two.py', 'def two():\n    secret = 2\n    return secret\n')
  writeInto(sources, 'three.json', '{}\n')
})

afterEach(async () => {
  for (const { server } of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

const CONCLUSIONS = { headline: 'Two *small* languages', strengths: ['Short functions'], risks: ['No <tests>'], nextSteps: ['Test'] }
const noted: Fixture = { match: {}, response: { content: 'All of it is short.' } }
const concluded: Fixture = { match: { responseFormat: 'json_schema' }, response: { content: JSON.stringify(CONCLUSIONS) } }
const failing: Fixture = { match: {}, response: { error: { message: 'out of order', type: 'server_error' }, status: 500 } }

interface Models {
  /** What tells the demo of them. */
  readonly env: Record<string, string>
  /** The languages that a note was asked for, as often as it was; and '' for conclusions. */
  asked(): string[]
  bodies(): string
}

async function modelsThat(...fixtures: Fixture[]): Promise<Models> {
  const server = await createServer(fixtures, { port: 0, strict: true, logLevel: 'silent' })
  servers.push(server)
  const bodies = (): string[] => server.journal.getAll().map(({ body }) => JSON.stringify(body))
  return {
    env: { OPENAI_BASE_URL: `${server.url}/v1`, OPENAI_API_KEY: 'key-of-a-test' },
    asked: () => bodies().map((body) => /found in the (\w+) sources/.exec(body)?.[1] ?? ''),
    bodies: () => bodies().join('\n'),
  }
}

let studies = 0
const study = (): string => join(folder, `study-${(studies += 1)}`)

/** Only what is given here says how models are reached. */
function demo(out: string, env: Record<string, string>, ...args: string[]): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !/_API_KEY$|^OPENAI_/.test(name))
  const whole = { ...Object.fromEntries(inherited), COLUMNS: '1000', ...env }
  return new Child(join(root, 'examples/study/main.mjs'), [sources, '--out', out, ...args], [], whole).ended()
}

const reportIn = (out: string): string => readFileSync(join(out, 'report.md'), 'utf8')

it.each([
  ['has no key', {}, [], 'Without models: the environment has no key of a provider, such as OPENAI_API_KEY, nor OPENAI_BASE_URL.'],
  ['is told so', { OPENAI_API_KEY: 'k' }, ['--no-models'], 'Without models, as you asked.'],
  [
    'may not spend enough',
    { OPENAI_API_KEY: 'k' },
    ['--budget', '0'],
    /^Without models: no model meets all requirements.* --budget allows more/m,
  ],
])('runs without models where it %s, and says so in one line', async (_, env, args, line) => {
  const out = study()
  const { code, stdout, stderr } = await demo(out, env as Record<string, string>, ...args)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(line)
  expect(stdout.match(/models?/gi)?.length, 'in one line').toBe(stdout.match(/^Without models.*$/m)?.[0].match(/models?/gi)?.length)
  expect(stdout).toMatch(/✔ (\d+) tasks, \1 invocations of agents: each task ran exactly once/)
  expect(reportIn(out)).not.toContain('model')
})

it('has models write notes and conclusions, and accounts for them', async () => {
  const models = await modelsThat(concluded, noted)
  const out = study()
  const { code, stdout, stderr } = await demo(out, models.env)
  expect([code, stderr]).toEqual([0, ''])
  expect(models.asked().toSorted()).toEqual(['', 'Python', 'Rust'])
  expect(stdout).toMatch(/^With models: openai\/\S+ .*, for at most \$0\.05 and 100,000 tokens\.$/m)
  expect(stdout).toMatch(/^ {2}Two \*small\* languages\.\n {2}openai\/\S+.*: 3 calls, [\d,]+ tokens, \$0\.\d+$/m)
  expect(stdout).toMatch(/✔ 3 calls of models on record for (\$0\.\d+); this process has sent 3 requests, and paid \1$/m)
  expect(stdout.slice(stdout.indexOf('Timeline'))).toMatch(/^ {2}note-rust +[╺━╸]+ +\d+ ms$/m)
  const report = reportIn(out)
  expect(report).toContain('**Two \\*small\\* languages**')
  expect(report).toContain('- No \\<tests\\>')
  expect(report).toContain('**Rust.** All of it is short.')
  expect(report).toMatch(/^\| conclusions \| `openai\/\S+` +\| +\d+ \| +\d+ \| +\$0\.\d{6} \| completed \|$/m)
  expect(models.bodies(), 'what is found is told').toContain('say more')
  expect(models.bodies(), 'files are not').not.toContain('secret')
})

describe('is whole where models fail, and says the way out:', () => {
  it.each([
    // Three requests for each of three tasks: a task's own policy is the one that counts.
    ['nobody answers well', [failing], {}, 9, 3, /--no-models\. ERR_MODEL: openai\/\S+: .*out of order/],
    ['an answer has the wrong form', [noted], {}, 4, 1, /keeps to a JSON Schema\. ERR_MODEL_OUTPUT: /],
    ['the budget is spent', [concluded, noted], { OPENAI_MODEL: 'gpt-5' }, 0, 3, /--budget allows more\. ERR_BUDGET_EXCEEDED: /],
  ])('%s', async (_, fixtures, env, requests, failed, wayOut) => {
    const models = await modelsThat(...fixtures)
    const out = study()
    const { code, stdout, stderr } = await demo(out, { ...models.env, ...env }, ...(requests === 0 ? ['--budget', '0.001'] : []))
    expect([code, stderr]).toEqual([0, ''])
    expect(models.asked()).toHaveLength(requests)
    const line = stdout.split('\n').find((text) => text.startsWith('  The study is whole but for'))
    expect(line).toMatch(wayOut)
    expect(line).toContain(`but for ${failed} of 3 tasks for models`)
    expect(stdout).not.toContain('✘')
    const report = reportIn(out)
    expect(report).toContain(`but for ${failed} of 3 tasks for models`)
    expect(report).toContain('## Longest functions')
  })
})

describe('killed half-way and continued, proves that nothing that had ended was done again', () => {
  const crash = async (out: string, env: Record<string, string>, ...args: string[]): Promise<Set<string>> => {
    const { signal, stdout } = await demo(out, env, '--crash', ...args)
    expect(stdout).toContain('now kills itself with SIGKILL')
    expect(signal).toBe('SIGKILL')
    const lines = readFileSync(join(out, 'ledger.ndjson'), 'utf8').trim().split('\n')
    const events = lines.map((line) => JSON.parse(line) as { event: string; task: string })
    return new Set(events.filter(({ event }) => event === 'announced').map(({ task }) => task))
  }

  it('without models, also where there is a key by then', async () => {
    const out = study()
    const done = await crash(out, {})
    const models = await modelsThat(concluded, noted)
    const { code, stdout } = await demo(out, models.env)
    expect(code).toBe(0)
    expect(stdout).toContain('Without models, as it began.')
    const [, finished] = /✔ tasks finished before the crash: (\d+), run again: 0$/m.exec(stdout) ?? []
    expect(Number(finished), 'what is announced is on record').toBeGreaterThanOrEqual(done.size)
    expect(done.size).toBeGreaterThan(0)
    expect(models.asked()).toEqual([])
  })

  it('with models: what had been answered is not asked, and not paid, again', async () => {
    const models = await modelsThat(concluded, noted)
    const out = study()
    const done = await crash(out, models.env)
    const before = models.asked()
    const answered = ['Rust', 'Python'].filter((language) => done.has(`note-${language.toLowerCase()}`))
    expect(answered.length, 'there was a paid call to lose').toBeGreaterThan(0)
    expect(existsSync(join(out, 'report.md'))).toBe(false)

    const { code, stdout } = await demo(out, models.env)
    expect(code).toBe(0)
    // What is on record may be one more than what was announced.
    const [, ended] = /✔ tasks of models ended before the crash: (\d), paid again: 0$/m.exec(stdout) ?? []
    expect(Number(ended)).toBeGreaterThanOrEqual(answered.length)
    const now = models.asked().slice(before.length)
    expect(now).toHaveLength(3 - Number(ended))
    expect(now.filter((language) => answered.includes(language))).toEqual([])
    expect(now).toContain('')
    expect(stdout).toMatch(
      /✔ \d calls? of models on record since for ((?:at least )?\$0\.\d+); this process has sent (\d) requests?, and paid \1$/m,
    )
    expect(stdout).toContain(`this process has sent ${now.length} request`)
    expect(reportIn(out)).toContain('**Two \\*small\\* languages**')
  })

  it('with models that are gone by then, the study is whole but for them', async () => {
    const out = study()
    await crash(out, (await modelsThat(concluded, noted)).env)
    const { code, stdout } = await demo(out, {})
    expect(code).toBe(0)
    expect(stdout).toMatch(/^ {2}The study is whole but for \d of 3 tasks for models: check the key, .* ERR_PROVIDER_NOT_FOUND: /m)
    expect(stdout).toMatch(/✔ tasks of models ended before the crash: \d, paid again: 0/)
    expect(stdout).not.toContain('✘')
  })
})

describe('the proof that nothing was paid twice', () => {
  /** An execution with one note that has ended, by its bill and the account of all. */
  const execution = (bill: number, modelCalls: number, cost: number): object => ({
    context: { models: { reader: 'local/small', editor: 'local/small' } },
    tasks: [{ taskId: 'note-rust', agentId: 'reader', status: 'completed', endTime: new Date(1), usage: { totalTokens: 5 }, cost: bill }],
    metrics: { resourceUsage: { modelCalls, cost, costComplete: true } },
  })
  const seen = (calls: number, failed: number, cost: number): object[] => [
    { calls, successRate: (calls - failed) / Math.max(1, calls), cost },
  ]

  it.each([
    ['holds where nothing was asked', execution(1, 1, 1), seen(0, 0, 0), [true, true]],
    ['holds where others were, one of them with a request that failed first', execution(1, 3, 3), seen(3, 1, 2), [true, true]],
    ['fails if what had ended has another bill', execution(2, 2, 2), seen(1, 0, 1), [false, true]],
    ['fails if more was paid than is on record', execution(1, 1, 1), seen(1, 0, 1), [true, false]],
    ['fails if more was sent than is on record, though it cost nothing', execution(1, 1, 1), seen(1, 0, 0), [true, false]],
    ['fails if more is on record than was sent', execution(1, 3, 1), seen(1, 0, 0), [true, false]],
  ])('%s', async (_, after, sent, holds) => {
    const { href } = pathToFileURL(join(root, 'examples/study/ledger.mjs'))
    const { proveContinued } = (await import(href)) as { proveContinued(...given: unknown[]): { holds: boolean }[] }
    const points = proveContinued(execution(1, 1, 1), after, { run: 'now', read: () => [] }, sent)
    expect(points.slice(-2).map((point) => point.holds)).toEqual(holds)
  })
})

interface Study {
  planLanes(files: readonly object[]): object[]
  defineStudy(lanes: readonly object[]): AgentWorkflow
  registerCrew(orchestrator: MultiAgentOrchestrator, options: object): void
  Ledger: new (path: string) => { clear(): void; read(): { event: string; task: string }[] }
  walk(root: string): Promise<{ files: object[] }>
}

describe('a study with a mistake in its last task', () => {
  it.each(['moveExecution', 'forkExecution'] as const)(
    'is mended and goes on for the work of one agent, and a dry run says so before (%s)',
    async (how) => {
      const files = ['workflow', 'ledger', 'agents/crew', 'source/walk'].map(
        (name) => pathToFileURL(join(root, `examples/study/${name}.mjs`)).href,
      )
      const demos = Object.assign({}, ...(await Promise.all(files.map((href) => import(href) as Promise<object>)))) as Study
      const out = study()
      mkdirSync(out)
      const ledger = new demos.Ledger(join(out, 'ledger.ndjson'))
      const orchestrator = orchestratorWith({}, { storage: { path: join(out, 'journal.sqlite'), durability: 'os' } })
      demos.registerCrew(orchestrator, { ledger, paceMs: 0 })
      const mended = demos.defineStudy(demos.planLanes((await demos.walk(sources)).files))
      // The report is no number.
      const broken = mended.tasks.map((task) => (task.id === 'report' ? { ...task, outputSchema: { type: 'number' } } : task))
      const context = { root: sources, report: join(out, 'report.md') }
      const failed = await orchestrator.startWorkflow({ ...mended, version: '0.9.0', tasks: broken }, context)
      expect(await failed.settled()).toMatchObject({ status: 'failed', error: { code: 'ERR_OUTPUT_SCHEMA', taskId: 'report' } })
      const ids = mended.tasks.map(({ id }) => id)
      const plan = { kept: ids.slice(0, -1), runs: ['report'], gone: [], cost: 0 }
      const told =
        how === 'moveExecution'
          ? await orchestrator.moveExecution(failed.id, mended, { dryRun: true })
          : await orchestrator.forkExecution(failed.id, { workflow: mended, dryRun: true })
      expect({ ...told, kept: told.kept.toSorted() }).toMatchObject({ ...plan, kept: plan.kept.toSorted() })
      ledger.clear()
      const next =
        how === 'moveExecution'
          ? orchestrator.getHandle((await orchestrator.moveExecution(failed.id, mended)).executionId)
          : await orchestrator.forkExecution(failed.id, { workflow: mended })
      expect(await next.result()).toMatchObject({ status: 'completed', forkedFrom: failed.id })
      expect(ledger.read().map(({ event, task }) => `${event} ${task}`)).toEqual(['invoked report'])
      expect(reportIn(out)).toMatch(/^# Study of/)
    },
  )
})
