// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a step costs beside the commit of a task. `--help` explains.

import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { median } from './compare/measure.mjs'
import { makeFolder, readCount, readNames, readOptions, refuseRest, runProgram } from './usage.mjs'

const RATIO_MAX = 1.3
/** Of one execution. */
const COUNT = 100

const HELP = `Executes a chain of ${COUNT} tasks, and one task that takes ${COUNT} steps one after the other, in turns, with a store. Each task and each step is a commit of
its own. Prints microseconds of each, and the median of the ratios of neighbours.

  npm run bench:steps -- [options]

  --pairs <n>       pairs, from 1 (default: 40)
  --durability <d>  'os' (default) or 'disk'
  --strict          exit code 1 if a step costs more than ${RATIO_MAX} times what a task does
  --help            show this
`

await runProgram('bench:steps', async (args) => {
  const text = { type: 'string' }
  const declared = { pairs: { ...text, default: '40' }, durability: { ...text, default: 'os' }, strict: { type: 'boolean' } }
  const { values: given, positionals } = readOptions(args, declared)
  refuseRest(positionals)
  if (given.help === true) {
    process.stdout.write(HELP)
    return 0
  }
  const pairs = readCount('pairs', given.pairs, 1)
  const [durability] = readNames('durability', given.durability, ['os', 'disk'])
  const folder = makeFolder('steps')
  try {
    const orchestrator = new MultiAgentOrchestrator({ storage: { path: join(folder, 'store.db'), durability } })
    orchestrator.agentPool.registerAgents({
      work: () => 1,
      steps: async (_, { step }) => {
        for (let at = 0; at < COUNT; at += 1) await step(`step ${at}`, () => 1)
      },
    })
    const chain = Array.from({ length: COUNT }, (_, at) => ({
      id: `t${at}`,
      agentId: 'work',
      dependencies: at === 0 ? [] : [`t${at - 1}`],
    }))
    const micros = async (id, tasks) => {
      const began = performance.now()
      await orchestrator.executeWorkflow({ id, tasks })
      return ((performance.now() - began) * 1000) / COUNT
    }
    const rounds = []
    for (let pair = -2; pair < pairs; pair += 1) {
      const task = await micros('chain', chain)
      const step = await micros('steps', [{ id: 'a', agentId: 'steps' }])
      // The first two find nothing compiled.
      if (pair >= 0) rounds.push({ task, step, ratio: step / task })
    }
    await orchestrator.shutdown()
    const [task, step, ratio] = ['task', 'step', 'ratio'].map((field) => median(rounds.map((round) => round[field])))
    process.stdout.write(
      `'${durability}': a task ${task.toFixed(1)} us, a step ${step.toFixed(1)} us, ratio ${ratio.toFixed(2)} (medians of ${pairs} pairs)\n`,
    )
    return given.strict === true && ratio > RATIO_MAX ? 1 : 0
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
