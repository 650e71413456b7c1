// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// One process after the other, each killed at a random moment, the last one left to finish.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { randomFrom } from './random.mjs'

const CHILD = join(import.meta.dirname, 'child.mjs')
const POLL_MS = 4
/** One kill in so many comes soon after the start, wherever the process is then; the others while it is at work. */
const EARLY_SHARE = 0.2
const EARLY_MS_MAX = 250
const LATE_MS_MAX = 60
/** A process that accepts nothing for so long is stuck. */
const STUCK_MS = 60_000

export class Massacre {
  /** The number of each process that was killed. */
  kills = []
  /** How many of the kills came early. */
  early = 0
  #options
  #random
  #tail

  constructor(options) {
    this.#options = options
    this.#random = randomFrom(options.seed)
    this.#tail = new Tail(options.log)
  }

  /** Kills as often as it was asked to and lets the last process finish; what went wrong on the way, in words. */
  async run() {
    const { kills, executions, progress } = this.#options
    for (let life = 1; life <= kills; life += 1) {
      progress(`'${this.#options.level}': process ${life} of ${kills + 1}, ${this.#tail.accepted} executions accepted`)
      // The kills are spread over the executions.
      const violation = await this.#runAndKill(life, Math.floor((executions * life) / (kills + 1)))
      if (violation !== undefined) return [violation]
    }
    progress(`'${this.#options.level}': the last process finishes what is left`)
    return this.#finish(kills + 1)
  }

  async #runAndKill(life, until) {
    const child = this.#start(life, false)
    const early = this.#random() < EARLY_SHARE
    if (early) await setTimeout(this.#random() * EARLY_MS_MAX)
    else {
      const began = Date.now()
      while (this.#tail.read() < until && child.exitCode === null && Date.now() - began < STUCK_MS) await setTimeout(POLL_MS)
      await setTimeout(this.#random() * LATE_MS_MAX)
    }
    const stuck = !early && this.#tail.read() < until
    const ended = await end(child)
    if (ended !== 'SIGKILL') return `process ${life} ended by itself with ${ended}:\n${child.said}`
    if (stuck) return `process ${life} did not get from ${this.#tail.accepted} to ${until} accepted executions within ${STUCK_MS / 1000} s`
    this.kills.push(life)
    if (early) this.early += 1
    return undefined
  }

  async #finish(life) {
    const child = this.#start(life, true)
    const watch = new AbortController()
    const exited = once(child.process, 'close').finally(() => watch.abort())
    let last = -1
    // Whatever it says is a sign of life.
    while (child.exitCode === null && last !== this.#tail.length) {
      last = this.#tail.length
      await Promise.race([exited, setTimeout(STUCK_MS, undefined, { signal: watch.signal }).catch(() => {})])
      this.#tail.read()
    }
    if (child.exitCode === 0) return []
    const ended = await end(child)
    if (ended === 'SIGKILL') return [`the last process said nothing for ${STUCK_MS / 1000} s and had not finished: executions do not end`]
    return [`the last process ended with ${ended}:\n${child.said}`]
  }

  #start(life, finish) {
    const { executions, level, store, log, seed } = this.#options
    const accept = Math.max(0, executions - this.#tail.read())
    const words = JSON.stringify({ life, level, store, log, seed, accept, finish })
    return new Child(spawn(process.execPath, [CHILD, words], { stdio: ['ignore', 'ignore', 'pipe'] }))
  }
}

/** A child process and what it says on its way down. */
class Child {
  process
  said = ''

  constructor(process) {
    this.process = process
    process.stderr.setEncoding('utf8').on('data', (text) => {
      this.said = (this.said + text).slice(0, 4000)
    })
  }

  get exitCode() {
    return this.process.exitCode
  }
}

/** Kills a process that still runs; resolves with how it ended. */
async function end({ process }) {
  if (process.exitCode === null && process.signalCode === null) {
    const ended = once(process, 'exit')
    process.kill('SIGKILL')
    await ended
  }
  return process.signalCode ?? `exit code ${process.exitCode}`
}

/** Counts the accepted executions in a log that grows. */
class Tail {
  accepted = 0
  length = 0
  #path
  #rest = ''
  #buffer = Buffer.alloc(1 << 16)

  constructor(path) {
    this.#path = path
    closeSync(openSync(path, 'a'))
  }

  /** Reads on; how many have been accepted in all. */
  read() {
    const file = openSync(this.#path)
    for (;;) {
      const count = readSync(file, this.#buffer, 0, this.#buffer.length, this.length)
      if (count === 0) break
      this.length += count
      const lines = (this.#rest + this.#buffer.latin1Slice(0, count)).split('\n')
      this.#rest = lines.pop()
      for (const line of lines) if (line.includes('"what":"accepted"')) this.accepted += 1
    }
    closeSync(file)
    return this.accepted
  }
}
