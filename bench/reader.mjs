// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a reader that stays does to a store. `--help` explains.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { makeFolder, readCount, readNames, readOptions, refuseRest, runProgram } from './usage.mjs'

const MIB = 1 << 20
const RESULT_BYTES = 256 << 10
const LATER_MS_MAX = 100
const LOG_MIB_MAX = 64
const GONE_MS_MAX = 60_000

const HELP = `Executes workflows without a reader, then while another program (python3) holds a read transaction, until so much is logged, and then ends that program.
Prints how long executions took, the alerts, and how long the log took to become short again.

  npm run bench:reader -- [options]

  --mib <n>         how much is logged, from 64 (default: 512)
  --durability <d>  'os' (default) or 'disk'
  --strict          exit code 1 if an execution failed, p99.9 is more than ${LATER_MS_MAX} ms longer, or the log is above ${LOG_MIB_MAX} MiB after ${GONE_MS_MAX / 1000} s
  --help            show this
`

const READER = `import sqlite3, sys, time
c = sqlite3.connect(sys.argv[1], isolation_level=None)
c.execute('BEGIN'); print(c.execute('SELECT count(*) FROM journal').fetchone()[0], flush=True)
time.sleep(1e6)`

const quantile = (values, share) =>
  values.toSorted((one, other) => one - other)[Math.min(Math.floor(values.length * share), values.length - 1)]

await runProgram('bench:reader', async (args) => {
  const text = { type: 'string' }
  const declared = { mib: { ...text, default: '512' }, durability: { ...text, default: 'os' }, strict: { type: 'boolean' } }
  const { values: given, positionals } = readOptions(args, declared)
  if (given.help) {
    console.log(HELP)
    return
  }
  refuseRest(positionals)
  const mib = readCount('mib', given.mib, 64)
  const [durability] = readNames('durability', given.durability, ['os', 'disk'])
  const folder = makeFolder('reader')
  const path = join(folder, 'store.db')
  const log = () => statSync(`${path}-wal`).size / MIB
  try {
    const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability } })
    const began = performance.now()
    const at = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
    orchestrator.on('alert', ({ rule, state, metrics }) =>
      console.log(`${at()}: ${rule} ${state}${metrics ? `, log of ${Math.round(metrics.logBytes / MIB)} MiB` : ''}`),
    )
    const output = 'x'.repeat(RESULT_BYTES)
    // Each its own: the same one would be written once.
    orchestrator.agentPool.registerAgentType('work', {
      create: () => ({ execute: ({ executionId }) => executionId + output }),
      maxAgents: 1,
      maxConcurrency: 1000,
    })
    const workflow = { id: 'flow', name: 'Flow', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }
    let failed = 0
    const measured = async (until) => {
      const took = []
      // One that is refused would be refused again and again.
      while (!until(took.length) && failed === 0) {
        const start = performance.now()
        await orchestrator.executeWorkflow(workflow).catch(() => (failed += 1))
        took.push(performance.now() - start)
      }
      return took
    }
    const executions = (mib * MIB) / RESULT_BYTES
    const without = await measured((count) => count >= executions)
    const reader = spawn('python3', ['-c', READER, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(reader.stdout, 'data')
    const held = await measured(() => log() >= mib)
    const longest = log()
    reader.kill('SIGKILL')
    await once(reader, 'exit')
    const gone = performance.now()
    while (log() > LOG_MIB_MAX && performance.now() - gone < GONE_MS_MAX) await pause(20)
    const took = performance.now() - gone
    const short = log()
    await orchestrator.shutdown()
    const [before, after] = [without, held].map((times) => quantile(times, 0.999))
    for (const [name, times] of Object.entries({ without, 'with a reader': held }))
      console.log(
        `${name}: ${times.length} executions, p50 ${quantile(times, 0.5).toFixed(2)} ms, p99.9 ${quantile(times, 0.999).toFixed(2)} ms`,
      )
    console.log(
      `log: ${longest.toFixed(0)} MiB with the reader, ${short.toFixed(0)} MiB ${(took / 1000).toFixed(2)} s after it was gone; failed: ${failed}`,
    )
    return given.strict && (failed > 0 || after - before > LATER_MS_MAX || short > LOG_MIB_MAX) ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true })
  }
})
