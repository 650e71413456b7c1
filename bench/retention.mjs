// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whether a store that lets go of old executions stays as small as it was. `--help` explains.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { makeFolder, readCount, readNames, readOptions, refuseRest, runProgram } from './usage.mjs'

const MIB = 1 << 20
/** Samples of one run. */
const SAMPLES = 40
/** How much more the second half may have at its end than at its beginning. */
const GROWTH_MAX = 1.1
const AT_ONCE = 50

const HELP = `Executes many workflows with \`retention\` and prints the size of the file and of the process: both are to be flat over the second half.

  npm run bench:retention -- [options]

  --executions <n>  how many, from 1,000 (default: 100000)
  --keep <n>        how many stay (default: a tenth, at most 10000)
  --durability <d>  'os' (default) or 'disk'
  --strict          exit code 1 if the file or the process grew by more than ${Math.round((GROWTH_MAX - 1) * 100)} % over the second half
  --help            show this
`

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)]

/** How much more the last fifth of the second half has than its first fifth. */
function growth(values) {
  const half = values.slice(values.length / 2)
  const fifth = Math.floor(half.length / 5)
  return median(half.slice(-fifth)) / median(half.slice(0, fifth))
}

await runProgram('bench:retention', async (args) => {
  const text = { type: 'string' }
  const declared = {
    executions: { ...text, default: '100000' },
    keep: text,
    durability: { ...text, default: 'os' },
    strict: { type: 'boolean' },
  }
  const { values: given, positionals } = readOptions(args, declared)
  if (given.help) {
    console.log(HELP)
    return
  }
  refuseRest(positionals)
  const executions = readCount('executions', given.executions, 1000)
  const keep = readCount('keep', given.keep ?? String(Math.min(Math.floor(executions / 10), 10_000)), 1)
  const [durability] = readNames('durability', given.durability, ['os', 'disk'])
  const folder = makeFolder('retention')
  const path = join(folder, 'store.db')
  try {
    const storage = { path, durability, retention: { completed: { count: keep } } }
    const orchestrator = new MultiAgentOrchestrator({ storage })
    orchestrator.agentPool.registerAgentType('work', {
      create: () => ({ execute: () => ({ text: 'x'.repeat(200) }) }),
      maxAgents: 1,
      maxConcurrency: 1000,
    })
    const tasks = ['a', 'b', 'c'].map((id) => ({ id, name: id, agentId: 'work' }))
    const workflow = { id: 'flow', name: 'Flow', version: '1', tasks }
    const samples = []
    const began = performance.now()
    for (let done = 0; done < executions;) {
      const until = Math.min(done + Math.ceil(executions / SAMPLES), executions)
      for (; done < until; done += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, () => orchestrator.executeWorkflow(workflow)))
      globalThis.gc?.()
      const [file, rss] = [statSync(path).size / MIB, process.memoryUsage.rss() / MIB]
      samples.push({ file, rss })
      const rate = Math.round(done / ((performance.now() - began) / 1000))
      console.log(
        `${String(done).padStart(9)} executions  file ${file.toFixed(1).padStart(7)} MiB  process ${rss.toFixed(1).padStart(7)} MiB  ${rate}/s`,
      )
    }
    const { executions: over } = await orchestrator.pruneExecutions({ keep }, { dryRun: true })
    await orchestrator.shutdown()
    const grew = { file: growth(samples.map(({ file }) => file)), process: growth(samples.map(({ rss }) => rss)) }
    console.log(
      `over the second half: file × ${grew.file.toFixed(3)}, process × ${grew.process.toFixed(3)}; beyond the ${keep} that stay: ${over}`,
    )
    return given.strict && Math.max(grew.file, grew.process) > GROWTH_MAX ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true })
  }
})
