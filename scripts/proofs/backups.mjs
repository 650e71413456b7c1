// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A process under full load copies its store again and again. Each copy is opened by another process, as one that is restored: nothing that was acknowledged
// before the copy was asked for is missing, and what had not ended goes on to its end.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { StepError } from '../steps.mjs'

/** Copies that one process under load makes; they alternate between `'os'` and `'disk'`. */
const COPIES = 5

export const backups = {
  name: 'backups',
  says: 'a copy that was made during full load and restored has all that was acknowledged before the call, and goes on',
  total: 50,
  share: 2,
  part: 10,
  cases: async (from, to, done) => {
    for (let number = from; number < to; number += COPIES) {
      const count = Math.min(COPIES, to - number)
      await hold((number / COPIES) % 2 === 0 ? 'os' : 'disk', count, (held) => done(number + held))
    }
  },
}

async function hold(level, count, done) {
  const { open, resultOf } = await import('./backups/load.mjs')
  const { verifyStore } = await import('@codexos/multi-agent-orchestrator')
  const folder = mkdtempSync(join(tmpdir(), 'backups-'))
  try {
    const copies = Array.from({ length: count }, (_, place) => join(folder, `copy-${place}.db`))
    const program = fileURLToPath(new URL('backups/load.mjs', import.meta.url))
    const child = spawn(process.execPath, [program, join(folder, 'store.db'), level, ...copies], { stdio: ['ignore', 'pipe', 'inherit'] })
    const ended = once(child, 'exit')
    const made = []
    for await (const line of createInterface({ input: child.stdout })) made.push(JSON.parse(line))
    const [code] = await ended
    if (code !== 0 || made.length !== count)
      throw new StepError(`the process under load ended with ${code} after ${made.length} of ${count} copies`)
    for (const [place, acknowledged] of made.entries()) {
      await restored(acknowledged, level, { open, resultOf, verifyStore })
      done(place + 1)
    }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Holds a copy to what was acknowledged before it was asked for. */
async function restored({ path, ends, waiting }, level, { open, resultOf, verifyStore }) {
  // A proof of nothing would hold too.
  if (Object.keys(ends).length === 0 || Object.keys(waiting).length === 0)
    throw new StepError(`nothing was acknowledged before \`${path}\``)
  const { sound } = await verifyStore(path)
  if (!sound) throw new StepError(`\`verifyStore\` does not call \`${path}\` sound`)
  const orchestrator = open(path, level)
  try {
    for (const [id, number] of Object.entries(ends)) same(id, await orchestrator.getExecution(id), resultOf(number, false))
    for (const [id, number] of Object.entries(waiting)) {
      if ((await orchestrator.getExecution(id)) === undefined)
        throw new StepError(`\`${id}\`, which was acknowledged, is not in \`${path}\``)
      await orchestrator.signalExecution(id, 'go', number)
      same(id, await orchestrator.getHandle(id).result(), resultOf(number, true))
    }
  } finally {
    await orchestrator.shutdown({ drainMs: 0 })
  }
}

function same(id, execution, results) {
  const found = execution && { status: execution.status, results: execution.results }
  if (JSON.stringify(found) !== JSON.stringify({ status: 'completed', results }))
    throw new StepError(`\`${id}\` came to ${JSON.stringify(results)}, and in the copy to ${JSON.stringify(found)}`)
}
