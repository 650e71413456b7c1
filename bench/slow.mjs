// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The bounds of `npm run bench` on a worse machine: with each flush slowed down, and with a quarter of a core.  npm run bench:slow -- [options of bench]

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { hold } from './slow/quarter.mjs'
import { root } from './usage.mjs'

const FSYNC_MS = 5
const options = process.argv.slice(2)
const words = ['bench/main.mjs', '--strict', '--only', 'plain,memory,os,disk,file', ...options]

const missed = [await withSlowDisk(), await withQuarter()].filter((code) => code !== 0).length
process.exitCode = missed === 0 ? 0 : 1

async function withSlowDisk() {
  process.stdout.write(`\n# Each fsync and fdatasync takes ${FSYNC_MS} ms longer\n\n`)
  const library = join(root, 'target/bench/slow-fsync.so')
  mkdirSync(join(root, 'target/bench'), { recursive: true })
  const { status, error } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, 'bench/slow/fsync.c'], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) throw new Error(`bench/slow/fsync.c was not compiled: ${error?.message ?? `cc ended with ${status}`}`)
  return await bench({ LD_PRELOAD: library, SLOW_FSYNC_MS: String(FSYNC_MS) })
}

async function withQuarter() {
  process.stdout.write('\n# A quarter of a core\n\n')
  return await bench({}, (pid) => {
    const { how, end } = hold(pid)
    process.stdout.write(`${how}\n`)
    return end
  })
}

/** Runs the bench; `begun` gets its process, and gives what is to be done after it. */
async function bench(env, begun = () => () => {}) {
  const child = spawn(process.execPath, words, { cwd: root, env: { ...process.env, ...env }, stdio: 'inherit' })
  const end = begun(child.pid)
  const [code] = await once(child, 'exit')
  end()
  return code
}
