// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A disk that is full, for real: a small one that is mounted in a namespace of the test's own, which takes no privileges where user namespaces are allowed.

import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root, userFolder, writeInto } from '../support/folder.ts'

const folder = userFolder()
const MOUNT = 'mkdir -p "$STORE" && mount -t tmpfs -o size=64m none "$STORE" && '
const env = { ...process.env, STORE: join(folder, 'small') }

const mayMount = ((): boolean => {
  try {
    execFileSync('unshare', ['-rm', 'sh', '-c', `${MOUNT}true`], { env, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
})()

/** Runs 1,000 executions on a disk that becomes full on the way, makes room once that is told, and looks at what is on record. */
const PROGRAM = `
  import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
  import { existsSync, rmSync, statSync, writeFileSync } from 'node:fs'
  const [durability] = process.argv.slice(2)
  const path = process.env.STORE + '/store.db'
  const filler = process.env.STORE + '/filler'
  writeFileSync(filler, Buffer.alloc(36 << 20))
  const calls = new Map()
  const alerts = []
  const open = () => {
    const orchestrator = new MultiAgentOrchestrator({ storage: { path, durability }, logger: false })
    orchestrator.on('alert', ({ rule, state, severity }) => {
      // That a workflow takes longer meanwhile may be told of as well.
      if (rule.startsWith('store:')) alerts.push(rule + ' ' + state + ' ' + severity)
      if (rule === 'store:full' && state === 'firing') setTimeout(() => void makeRoom(orchestrator), 300)
    })
    orchestrator.agentPool.registerAgentType('work', {
      create: () => ({
        execute: ({ context: { n } }) => {
          calls.set(n, (calls.get(n) ?? 0) + 1)
          return n + 'x'.repeat(20_000)
        },
      }),
      maxAgents: 1,
      maxConcurrency: 1000,
    })
    return orchestrator
  }
  const orchestrator = open()
  const flow = { id: 'w', name: 'w', version: '1', tasks: [{ id: 'a', name: 'a', agentId: 'work' }] }
  const acknowledged = new Map()
  const refused = []
  let reserve = false
  let held
  const refuses = ({ code, retryable, name, message }) => {
    if (code !== 'ERR_STORE_FULL') throw new Error(code + ': ' + message)
    refused.push({ code, retryable, name, message })
  }
  // Once that is told: what is under way may all have been accepted before, so that only one more call is refused.
  const makeRoom = async (orchestrator) => {
    await orchestrator.startWorkflow(flow, { n: 'more' }).then(() => refuses({ code: 'none' }), refuses)
    held = { alerts: [...alerts], statistics: (await orchestrator.getStatistics()).activeWorkflows, reserve: existsSync(path + '.reserve') }
    rmSync(filler)
  }
  const one = async (n) => {
    for (;;) {
      try {
        const { id, results } = await orchestrator.executeWorkflow(flow, { n })
        acknowledged.set(id, results.a)
        return
      } catch (error) {
        refuses(error)
      }
      await new Promise((resolve) => setTimeout(resolve, 300))
    }
  }
  for (let n = 0; n < 1000; n += 50) {
    await Promise.all(Array.from({ length: 50 }, (_, at) => one(n + at)))
    reserve ||= existsSync(path + '.reserve') && statSync(path + '.reserve').size === 8 << 20
  }
  while (!alerts.some((alert) => alert.startsWith('store:full resolved'))) await new Promise((resolve) => setTimeout(resolve, 20))
  await orchestrator.shutdown()
  const again = open()
  let [cursor, found, wrong] = [undefined, 0, 0]
  do {
    const page = await again.listExecutions({ limit: 100, ...(cursor && { cursor }) })
    for (const { id, status, results } of page.executions) {
      found += 1
      if (status !== 'completed' || acknowledged.get(id) !== results.a) wrong += 1
    }
    cursor = page.cursor
  } while (cursor !== undefined)
  await again.shutdown()
  const [first] = refused
  const ran = [...calls.values()].filter((times) => times !== 1).length
  console.log(JSON.stringify({ acknowledged: acknowledged.size, found, wrong, ran, reserve, held, alerts, first, refused: refused.length > 0 }))
`

it.skipIf(!mayMount).each(['os', 'disk'])(
  'ENOSPC during 1,000 executions, at %s: new work is refused by name, nothing is lost or done twice, and all goes on when there is room',
  (durability) => {
    const file = writeInto(folder, 'full.mjs', PROGRAM)
    const text = execFileSync('unshare', ['-rm', 'sh', '-c', `${MOUNT} exec "$0" "$@"`, process.execPath, file, durability], {
      env,
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      // One that hangs fails: no other timeout reaches it.
      timeout: 100_000,
    })
    const { first, ...told } = JSON.parse(text) as { first: { message: string } }
    expect(told).toEqual({
      acknowledged: 1000,
      found: 1000,
      wrong: 0,
      ran: 0,
      reserve: true,
      refused: true,
      held: { alerts: ['store:full firing critical'], statistics: expect.any(Number), reserve: false },
      alerts: ['store:full firing critical', 'store:full resolved critical'],
    })
    expect(first).toMatchObject({ name: 'StoreError', code: 'ERR_STORE_FULL', retryable: true })
    expect(first.message).toMatch(
      /^the disk of `.*` is full: new work is refused until there is room on it again; .*; make room, and call again$/,
    )
  },
  120_000,
)
