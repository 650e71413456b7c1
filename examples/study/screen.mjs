// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Live progress: one bar per agent redrawn in place, or, where nobody watches, one plain line per event.
import { duration, fit } from './paint.mjs'
import { count } from './report.mjs'
import { isModelTask, money, oneLine } from './models.mjs'
import { STAGES } from './workflow.mjs'

/**
 * @typedef {import('@codexos/multi-agent-orchestrator').TaskExecution} TaskExecution
 * @typedef {import('@codexos/multi-agent-orchestrator').ResourceUsage} ResourceUsage
 * @typedef {{ taskId: string, agentId?: string, status: TaskExecution['status'] }} PlannedTask
 * @typedef {{ task(event: string, task: TaskExecution, error?: Error): void, heard(taskId: string, text: string): void, used(usage: ResourceUsage): void, say(text: string): void, close(): void }} Screen
 */

const FRAME_MS = 50
const BAR_WIDTH_MAX = 48
/** More than the widest terminal shows. */
const VOICE_LENGTH = 400
const SPINNER_MS = 80
const SPINNER = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
/** Ends other than completion: such a task does not fill its bar. */
const UNDONE = new Set(['failed', 'skipped', 'cancelled'])

/** @returns {Screen} */
export function openScreen(
  /** @type {NodeJS.WriteStream} */ stream,
  /** @type {import('./paint.mjs').Paint} */ paint,
  /** @type {readonly PlannedTask[]} */ tasks,
) {
  const stages = STAGES.filter(({ agent }) => tasks.some((task) => task.agentId === agent)).length
  const tooLow = stream.rows !== undefined && stream.rows < stages + 4
  return stream.isTTY && process.env.TERM !== 'dumb' && !tooLow ? new Bars(stream, paint, tasks) : new Log(stream)
}

/** One line per event, without colour: for pipes, files and continuous integration. */
class Log {
  #stream
  #opened = performance.now()

  constructor(/** @type {NodeJS.WriteStream} */ stream) {
    this.#stream = stream
  }

  task(/** @type {string} */ event, /** @type {TaskExecution} */ task, /** @type {Error | undefined} */ error) {
    const seconds = ((performance.now() - this.#opened) / 1000).toFixed(3).padStart(8)
    const said = event === 'completed' ? duration(task.duration ?? 0) : oneLine(error?.message ?? task.reason ?? '')
    this.#stream.write(`${`${seconds} s  ${event.padEnd(9)}  ${task.taskId.padEnd(24)}  ${task.agentId.padEnd(16)}  ${said}`.trimEnd()}\n`)
  }

  heard() {}

  used() {}

  say(/** @type {string} */ text) {
    this.#stream.write(`${text}\n`)
  }

  close() {}
}

/** @typedef {{ title: string, agent: string, index: number, total: number, before: number, completed: number, undone: number, running: Set<string> }} Stage */

/** A block of lines at the bottom of the terminal, repainted in one write so that it never flickers. */
class Bars {
  #stream
  #paint
  /** @type {Stage[]} */
  #stages
  #opened = performance.now()
  /** @type {ResourceUsage | undefined} what models have used so far */
  #used
  /** What a model is saying. */
  #voice = { taskId: '', text: '' }
  /** @type {number[]} the widths of the lines now on the screen */
  #drawn = []
  #timer

  constructor(
    /** @type {NodeJS.WriteStream} */ stream,
    /** @type {import('./paint.mjs').Paint} */ paint,
    /** @type {readonly PlannedTask[]} */ tasks,
  ) {
    this.#stream = stream
    this.#paint = paint
    this.#stages = STAGES.map((stage, index) => {
      const own = tasks.filter((task) => task.agentId === stage.agent)
      const before = own.filter((task) => task.status === 'completed').length
      return { ...stage, index, total: own.length, before, completed: before, undone: 0, running: new Set() }
    }).filter((stage) => stage.total > 0)
    this.#timer = setInterval(() => this.#draw(), FRAME_MS)
    this.#timer.unref()
    this.#draw()
  }

  task(/** @type {string} */ event, /** @type {TaskExecution} */ task, /** @type {Error | undefined} */ error) {
    const stage = this.#stages.find((stage) => stage.agent === task.agentId)
    if (stage === undefined) return
    if (event === 'started') stage.running.add(task.taskId)
    else if (event !== 'retrying') stage.running.delete(task.taskId)
    if (event === 'completed') stage.completed += 1
    if (UNDONE.has(event)) stage.undone += 1
    if (this.#voice.taskId === task.taskId) this.#voice = { taskId: '', text: '' }
    // What is tolerated is told once, at the end, with the way out.
    if (event === 'failed' && !isModelTask(task))
      this.say(this.#paint.red(`  ${task.taskId} failed: ${error?.message ?? 'no reason given'}`))
  }

  heard(/** @type {string} */ taskId, /** @type {string} */ text) {
    if (this.#voice.taskId === '') this.#voice.taskId = taskId
    // Several speak at once; one is listened to until it has ended.
    if (this.#voice.taskId === taskId) this.#voice.text = `${this.#voice.text}${text}`.slice(-VOICE_LENGTH)
  }

  used(/** @type {ResourceUsage} */ usage) {
    this.#used = usage
  }

  /** Writes a line above the bars. */
  say(/** @type {string} */ text) {
    this.#stream.write(`${this.#clear()}${text}\n`)
    this.#drawn = []
    this.#draw()
  }

  close() {
    clearInterval(this.#timer)
    this.#draw()
  }

  #draw() {
    const width = this.#paint.width - 1
    const lines = [...this.#stages.map((stage) => this.#line(stage, width)), this.#total(width), ...this.#said(width)]
    const up = this.#up()
    const frame = lines.map((line) => `${line.text}\x1b[K\n`).join('')
    this.#stream.write(`${up}${frame}\x1b[J`)
    this.#drawn = lines.map((line) => line.width)
  }

  #clear() {
    return `${this.#up()}\x1b[J`
  }

  /** To the first line of the block; lines that a narrower terminal has wrapped count as often as they are wrapped. */
  #up() {
    const width = this.#paint.width
    const rows = this.#drawn.reduce((sum, drawn) => sum + Math.max(1, Math.ceil(drawn / width)), 0)
    return rows === 0 ? '' : `\x1b[${rows}A\r`
  }

  #line(/** @type {Stage} */ stage, /** @type {number} */ width) {
    const { total, before, completed, undone, running } = stage
    const paint = this.#paint
    const spinner = SPINNER[Math.floor(performance.now() / SPINNER_MS) % SPINNER.length]
    const mark =
      undone > 0
        ? paint.red('✘')
        : completed === total
          ? paint.green('✔')
          : running.size > 0
            ? paint.agent(stage.index, spinner)
            : paint.dim('·')
    const note = undone > 0 ? `${undone} undone` : running.size > 0 ? `${running.size} running` : ''
    const counts = `${completed}/${total}`.padStart(7)
    const barWidth = Math.min(BAR_WIDTH_MAX, Math.max(0, width - 2 - 2 - 17 - counts.length - 12))
    // Half a column is the smallest step; what an earlier process completed is drawn dimmed.
    const halves = Math.round((completed / total) * barWidth * 2)
    const old = Math.round((before / total) * barWidth)
    const full = Math.floor(halves / 2)
    const tip = halves % 2 === 1 ? '╸' : ''
    const bar =
      paint.dim('━'.repeat(old)) +
      paint.agent(stage.index, '━'.repeat(Math.max(0, full - old)) + tip) +
      paint.dim('─'.repeat(barWidth - full - tip.length))
    const text = `  ${mark} ${fit(stage.title, 17)}${bar}${counts}  ${paint.dim(fit(note, 10))}`
    return { text, width: 4 + 17 + barWidth + counts.length + 12 }
  }

  #total(/** @type {number} */ width) {
    const sum = (/** @type {'total' | 'completed' | 'before'} */ field) => this.#stages.reduce((total, stage) => total + stage[field], 0)
    const before = sum('before')
    const earlier = before === 0 ? '' : `, ${before} before the crash`
    const used = this.#used
    const models =
      used === undefined ? '' : `; models: ${count(used.tokenUsage.totalTokens)} tokens, ${money(used.cost, used.costComplete)}`
    const text = fit(
      `    ${duration(performance.now() - this.#opened)}  ${sum('completed')} of ${sum('total')} tasks done${earlier}${models}`,
      width,
    )
    return { text: this.#paint.dim(text.trimEnd()), width: text.trimEnd().length }
  }

  /** The latest words of a model that is speaking. */
  #said(/** @type {number} */ width) {
    const { taskId, text } = this.#voice
    if (taskId === '') return []
    const room = Math.max(0, width - 4 - taskId.length - 2)
    const words = oneLine(text)
    const line = fit(`    ${taskId}: ${words.length > room ? `…${words.slice(words.length - room + 1)}` : words}`, width).trimEnd()
    return [{ text: this.#paint.dim(line), width: line.length }]
  }
}
