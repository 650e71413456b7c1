// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A peer in a process of its own, and how peers get there. While one process measures, the others wait.

import { fork, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../usage.mjs'

const FOLDER = join(root, 'bench', 'peers')

/** A child process that measures one peer when asked. */
export class Peer {
  name
  label
  hello
  #child
  #answered

  /** `program` is a file of bench/peers; it says hello once it has loaded the peer, then answers every question with one message. */
  static async start(program, name, label, ...args) {
    const peer = new Peer()
    Object.assign(peer, { name, label })
    // LangGraph.js warns of a leaking signal for every run of fan100.
    peer.#child = fork(join(FOLDER, program), [name, ...args], { cwd: FOLDER, execArgv: ['--no-warnings'] })
    peer.#child.on('message', (message) => peer.#answered?.(message))
    peer.#child.on('exit', (code) => peer.#answered?.({ error: `its process ended with exit code ${code}` }))
    peer.hello = await peer.#answer()
    return peer
  }

  ask(question) {
    this.#child.send(question)
    return this.#answer()
  }

  end() {
    this.#child.kill('SIGKILL')
  }

  async #answer() {
    const answer = await new Promise((resolve) => {
      this.#answered = resolve
    })
    this.#answered = undefined
    if (answer.error !== undefined) throw new Error(`${this.label}: ${answer.error}`)
    return answer
  }
}

/** Starts peers one after the other; if one of them cannot be, none is left. */
export async function startPeers(starts) {
  const peers = []
  try {
    for (const start of starts) peers.push(await start())
    return peers
  } catch (error) {
    for (const peer of peers) peer.end()
    throw error
  }
}

/** Only whoever asks for the peers gets them. */
export function installPeers(print) {
  const lock = join(FOLDER, 'package-lock.json')
  const installed = join(FOLDER, 'node_modules', '.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'))
  print(`Installing ${Object.keys(dependencies).join(', ')} into bench/peers/node_modules …`)
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  const { status, error } = spawnSync('npm', words, { cwd: FOLDER, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`npm could not install the peers: ${error?.message ?? `exit code ${status}`}`)
}
