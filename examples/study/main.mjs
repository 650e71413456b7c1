// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A demo of the orchestrator: seven agents study a directory of source code, and models read what they found. `--help` explains the options.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { registerCrew } from './agents/crew.mjs'
import { Ledger, proveContinued, proveOnce } from './ledger.mjs'
import { TOKENS_MAX, chooseModels, isModelTask, modelPart, registerModelAgents } from './models.mjs'
import { HELP, UsageError, parseOptions } from './options.mjs'
import { Paint, near, wrap } from './paint.mjs'
import { count, plural } from './report.mjs'
import { openScreen } from './screen.mjs'
import { walk } from './source/walk.mjs'
import { renderFiles, renderFindings, renderModels, renderProof } from './summary.mjs'
import { renderTimeline } from './timeline.mjs'
import { WORKFLOW_ID, defineStudy, planLanes } from './workflow.mjs'

/**
 * @typedef {import('@codexos/multi-agent-orchestrator').WorkflowExecution} WorkflowExecution
 * @typedef {import('@codexos/multi-agent-orchestrator').TaskExecution} TaskExecution
 * @typedef {import('@codexos/multi-agent-orchestrator').ExecutionHandle} ExecutionHandle
 * @typedef {import('./models.mjs').Models} Models
 * @typedef {{ orchestrator: MultiAgentOrchestrator, ledger: Ledger, options: import('./options.mjs').Options }} Scene
 */

const TASK_EVENTS = /** @type {const} */ (['started', 'completed', 'failed', 'retrying', 'skipped', 'cancelled'])
const CANCELLED = 130
const SAME_KEY_PRESS_MS = 250

const paint = new Paint(process.stdout)
const print = (/** @type {string[]} */ ...lines) => void process.stdout.write(`${lines.join('\n')}\n`)

try {
  process.exitCode = await main()
} catch (error) {
  const { message, code } = /** @type {Error & { code?: string }} */ (error)
  const usage = error instanceof UsageError
  process.stderr.write(`demo: ${message}${code === undefined ? '' : ` (${code})`}\n`)
  if (usage) process.stderr.write('`npm run demo -- --help` explains the options.\n')
  process.exitCode = usage ? 2 : 1
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const options = parseOptions(process.argv.slice(2), process.stdout.isTTY === true)
  if (options.help) {
    print(HELP)
    return 0
  }
  const { files } = await walk(options.root, { except: options.out })
  if (files.length === 0) throw new UsageError(`\`${options.root}\` holds no source file of a language that the demo knows`)
  mkdirSync(options.out, { recursive: true })

  const journal = join(options.out, 'journal.sqlite')
  const ledger = new Ledger(join(options.out, 'ledger.ndjson'))
  const orchestrator = new MultiAgentOrchestrator({ storage: { path: journal, durability: 'os' } })
  const scene = { orchestrator, ledger, options }
  try {
    const before = await findInterrupted(scene)
    const after = before === undefined ? await startStudy(scene, files) : await continueStudy(scene, before)
    return await conclude(scene, journal, before, after)
  } finally {
    await orchestrator.shutdown()
  }
}

/**
 * What an earlier process has left unfinished. No agent is registered yet, so nothing of it runs before it has been looked at.
 *
 * @returns {Promise<WorkflowExecution | undefined>}
 */
async function findInterrupted(/** @type {Scene} */ { orchestrator, options }) {
  const filters = /** @type {const} */ (['running', 'pending']).map((status) => ({ workflowId: WORKFLOW_ID, status }))
  const lists = await Promise.all(filters.map((filter) => orchestrator.listExecutions(filter)))
  const [found] = lists.flatMap(({ executions }) => executions)
  if (found === undefined) return undefined
  if (!options.fresh) return orchestrator.getExecution(found.id)
  const handle = orchestrator.getHandle(found.id)
  await handle.cancel('a fresh study was asked for')
  await handle.settled()
  print(`The interrupted study of ${near(String(found.context.root))} is cancelled.`)
  return undefined
}

/** @returns {Promise<WorkflowExecution>} */
async function startStudy(/** @type {Scene} */ scene, /** @type {import('./source/walk.mjs').SourceFile[]} */ files) {
  const { orchestrator, ledger, options } = scene
  const { models, why } = await chooseModels(orchestrator, options)
  const workflow = defineStudy(planLanes(files), models && options.budget)
  const tasks = workflow.tasks.map(({ id, agentId }) => ({ taskId: id, agentId, status: /** @type {const} */ ('pending') }))
  const agents = new Set(tasks.map((task) => task.agentId)).size
  ledger.clear()
  print(
    paint.bold(`Study of ${near(options.root)}`) + paint.dim(`  ${tasks.length} tasks for ${agents} agents`),
    ...(models === undefined ? wrap(String(why), paint.width) : told(models, options)),
    ...pace(options),
    '',
  )
  const context = { root: options.root, report: join(options.out, 'report.md'), ...(models !== undefined && { models }) }
  return watch(scene, tasks, models, () => orchestrator.startWorkflow(workflow, context))
}

/** Who is asked, what for how much, and what leaves this machine: said before it does. */
function told(/** @type {Models} */ { reader, editor }, /** @type {import('./options.mjs').Options} */ { budget }) {
  const who = reader === editor ? `${reader} notes and concludes` : `${reader} writes notes, ${editor} concludes`
  return [
    ...wrap(`With models: ${who}, for at most $${budget} and ${count(TOKENS_MAX)} tokens.`, paint.width),
    ...wrap('They are told figures, paths, names and to-dos, and no files; --no-models leaves them out.', paint.width).map(paint.dim),
  ]
}

/** @returns {Promise<WorkflowExecution>} */
async function continueStudy(/** @type {Scene} */ scene, /** @type {WorkflowExecution} */ before) {
  const { orchestrator, options } = scene
  const root = String(before.context.root)
  const finished = before.tasks.filter((task) => task.status === 'completed').length
  print(paint.bold(`Study of ${near(root)}, continued`) + paint.dim(`  ${finished} of ${before.tasks.length} tasks had finished`))
  print(`The process that ran it was killed; the journal of execution ${before.id} says what is left.`, ...pace(options))
  if (options.named && options.root !== root)
    print(paint.yellow(`${near(options.root)} is not studied now: run this again for it, or give --fresh.`))
  const models = /** @type {Models | undefined} */ (before.context.models)
  if (models === undefined) print('Without models, as it began.')
  else if (!options.models) print('With models, as it began: --no-models is for a study that begins (--fresh).')
  print('')
  return watch(scene, before.tasks, models, async () => orchestrator.getHandle(before.id))
}

/** The demo is honest about being slowed down. */
function pace(/** @type {import('./options.mjs').Options} */ { paceMs }) {
  return paceMs === 0 ? [] : [paint.dim(`Slowed down for you to watch: tasks end ${paceMs} ms apart; --pace 0 is full speed.`)]
}

/**
 * Registers the agents, begins, and shows what happens until the execution has settled.
 *
 * @param {Scene} scene
 * @param {readonly import('./screen.mjs').PlannedTask[]} tasks
 * @param {Models | undefined} models
 * @param {() => Promise<ExecutionHandle>} begin
 */
async function watch(scene, tasks, models, begin) {
  const { orchestrator, ledger, options } = scene
  const screen = openScreen(process.stdout, paint, tasks)
  // What is announced of a task does not say what it used; the record does.
  const showUsed = async (/** @type {string} */ id) => {
    // An orchestrator that has been shut down meanwhile has nothing to show any more.
    const execution = await orchestrator.getExecution(id).catch(() => undefined)
    if (execution !== undefined) screen.used(execution.metrics.resourceUsage)
  }
  const crash = options.crash ? crashHalfWay(screen, tasks) : undefined
  for (const event of TASK_EVENTS) {
    orchestrator.on(`task:${event}`, (/** @type {TaskExecution} */ task, /** @type {Error | undefined} */ error) => {
      if (event === 'completed') ledger.write('announced', task.taskId)
      screen.task(event, task, error)
      if (isModelTask(task) && task.endTime !== undefined) void showUsed(task.executionId)
      if (event === 'completed' || event === 'failed') crash?.(task)
    })
  }
  orchestrator.on('task:progress', (task, data) => {
    const { type, text } = /** @type {{ type?: string, text?: string }} */ (data ?? {})
    if (type === 'text' && text !== undefined) screen.heard(task.taskId, text)
  })
  if (models !== undefined) registerModelAgents(orchestrator, models)
  registerCrew(orchestrator, { ledger, paceMs: options.paceMs })
  try {
    const handle = await begin()
    cancelOnInterrupt(handle, screen)
    const execution = await handle.settled()
    // What was announced in the same turn is heard before the bars are closed.
    await setImmediate()
    return execution
  } finally {
    screen.close()
  }
}

/**
 * Kills this process, without any chance to tidy up, once half of the open tasks have ended; where models are asked, not before one of them has
 * answered or failed, so that there is a paid call to lose.
 */
function crashHalfWay(
  /** @type {import('./screen.mjs').Screen} */ screen,
  /** @type {readonly import('./screen.mjs').PlannedTask[]} */ tasks,
) {
  const open = tasks.filter((task) => task.status !== 'completed').length
  const half = Math.floor(open / 2)
  if (half === 0) screen.say('Only one task is left, so there is no half-way to crash at.')
  let ended = 0
  let asked = !tasks.some((task) => isModelTask(task) && task.status !== 'completed')
  let crashed = half === 0
  return (/** @type {TaskExecution} */ task) => {
    ended += 1
    asked ||= isModelTask(task)
    if (crashed || ended < half || !asked) return
    crashed = true
    screen.close()
    print(
      '',
      paint.red(
        `${tasks.length - open + ended} of ${tasks.length} tasks have ended: this process (${process.pid}) now kills itself with SIGKILL.`,
      ),
    )
    print('Run `npm run demo` again: it continues the study, and proves that no finished task runs again.')
    process.kill(process.pid, 'SIGKILL')
  }
}

/**
 * The first Ctrl-C cancels the execution and waits for its end, the second does not wait.
 * One key press may arrive twice, from the terminal and handed on by npm; what comes at once is the same.
 */
function cancelOnInterrupt(/** @type {ExecutionHandle} */ handle, /** @type {import('./screen.mjs').Screen} */ screen) {
  let asked = Infinity
  process.on('SIGINT', () => {
    if (performance.now() - asked > SAME_KEY_PRESS_MS) process.exit(CANCELLED)
    if (asked !== Infinity) return
    asked = performance.now()
    screen.say('Cancelling the study; press Ctrl-C again to leave at once.')
    handle.cancel('Ctrl-C').catch((error) => screen.say(`The study cannot be cancelled: ${error.message}`))
  })
}

/** @returns {Promise<number>} the exit code */
async function conclude(
  /** @type {Scene} */ { orchestrator, ledger, options },
  /** @type {string} */ journal,
  /** @type {WorkflowExecution | undefined} */ before,
  /** @type {WorkflowExecution} */ after,
) {
  print('', paint.bold('Timeline'), ...renderTimeline(after, ledger.interruptions(), paint))
  const ended = after.tasks.filter((task) => task.status === 'completed').length
  if (after.status === 'cancelled') {
    print('', `Cancelled: ${ended} of ${plural(after.tasks.length, 'task')} had completed. The journal is ${near(journal)}.`)
    return CANCELLED
  }
  if (after.status !== 'completed') {
    process.stderr.write(`\nThe study has ${after.status}: ${after.error?.message ?? 'no reason was recorded'}\n`)
    return 1
  }
  const sent = orchestrator.modelIntegration.getModelComparison()
  const points = before === undefined ? proveOnce(after, ledger, sent) : proveContinued(before, after, ledger, sent)
  const part = modelPart(after)
  print('', paint.bold('Findings'), ...renderFindings(after.results.report, paint))
  if (part !== undefined) print('', paint.bold('What models say of them'), ...renderModels(part, paint))
  print('', paint.bold(before === undefined ? 'Each task once' : 'After the crash'), ...renderProof(points, paint))
  const timeline = join(options.out, 'timeline.html')
  writeFileSync(timeline, await orchestrator.executionMonitor.renderTimeline(after.id))
  const figures = join(options.out, 'figures.html')
  const period = { start: new Date(Date.now() - 86_400_000), end: new Date(Date.now() + 1000) }
  writeFileSync(figures, await orchestrator.executionMonitor.renderReport(after.workflowId, period))
  print(
    '',
    ...renderFiles({ report: String(after.context.report), timeline, figures, journal, ledger: join(options.out, 'ledger.ndjson') }, paint),
  )
  return points.every((point) => point.holds) ? 0 : 1
}
