// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The peers, each in a process of its own: LangGraph.js watches every promise of its process (AsyncLocalStorage), which would slow
// down whoever is measured beside it. While one process measures, the others wait.

import { fork, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../usage.mjs'
import { findRedis, startRedis } from './redis.mjs'

const FOLDER = join(root, 'bench', 'peers')
const LABELS = { langgraph: 'LangGraph.js', mastra: 'Mastra', bullmq: 'BullMQ' }

/** Installs the peers if they are not there, and starts them. */
export async function openPeers(print) {
  install(print)
  const notes = []
  const names = ['langgraph', 'mastra']
  const server = findRedis()
  if (server === undefined) notes.push('BullMQ is left out: there is no redis-server on the PATH, and REDIS_SERVER names none.')
  else names.push('bullmq')
  const redis = server === undefined ? undefined : await startRedis(server)
  const peers = []
  try {
    for (const name of names) peers.push(await Peer.start(name, redis?.port))
  } catch (error) {
    for (const peer of peers) peer.end()
    redis?.end()
    throw error
  }
  for (const { name, hello } of peers) notes.push(`${LABELS[name]} ${hello.version}${hello.note}`)
  return {
    notes,
    rows: peers.map(({ name }) => ({ variant: name, label: LABELS[name] })),
    measure: async (question, add) => {
      for (const peer of peers) {
        if (!peer.hello.shapes.includes(question.shape)) continue
        const { micros } = await peer.ask(question)
        add(peer.name, micros)
      }
    },
    close: async () => {
      for (const peer of peers) peer.end()
      redis?.end()
    },
  }
}

/** A child process that measures one peer when asked. */
class Peer {
  name
  hello
  #child
  #answered

  static async start(name, port) {
    const peer = new Peer()
    peer.name = name
    // LangGraph.js warns of a leaking signal for every run of fan100.
    peer.#child = fork(join(FOLDER, 'child.mjs'), [name, String(port ?? '')], { cwd: FOLDER, execArgv: ['--no-warnings'] })
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
    if (answer.error !== undefined) throw new Error(`${LABELS[this.name]}: ${answer.error}`)
    return answer
  }
}

/** Only whoever asks for the peers gets them. */
function install(print) {
  const lock = join(FOLDER, 'package-lock.json')
  const installed = join(FOLDER, 'node_modules', '.package-lock.json')
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs) return
  const { dependencies } = JSON.parse(readFileSync(join(FOLDER, 'package.json'), 'utf8'))
  print(`Installing ${Object.keys(dependencies).join(', ')} into bench/peers/node_modules …`)
  const words = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel', 'error']
  const { status, error } = spawnSync('npm', words, { cwd: FOLDER, stdio: 'inherit', shell: process.platform === 'win32' })
  if (status !== 0) throw new Error(`npm could not install the peers: ${error?.message ?? `exit code ${status}`}`)
}
