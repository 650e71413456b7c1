// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A store written by the package of commit c87b4e4 (`golden/README.md`). Recovery read definitions by the rules of the day, and one that failed kept
// the whole store from opening: whatever is refused anew is refused where it enters, and what stands in a store goes on as it would have.
//
// The other way is `golden/back.mjs`: c87b4e4 refuses what this version has brought to its format, and goes on with the copy from before.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { createTestKit, type TestKit } from '@codexos/multi-agent-orchestrator/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { again, goOn, keyed, LATER, setup } from '../golden/scenes.mjs'
import * as attempts from '../golden/record-3.mjs'
import * as values from '../golden/values.mjs'
import { kitOver, type KitOver } from '../golden/store.mjs'

const file = (name: string): Buffer => readFileSync(new URL(`../golden/${name}`, import.meta.url))
const golden = gunzipSync(file('c87b4e4.db.gz'))
const open: KitOver[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((kit) => kit.close()))
})

/** A kit over a copy of the golden store, half an hour after it was written. */
async function goldenKit(calls: string[] = []): Promise<TestKit> {
  const over = await kitOver(createTestKit, golden, { startAt: new Date(LATER), setup: setup(() => false, calls) })
  open.push(over)
  return over.kit
}

describe('the golden store of c87b4e4', () => {
  it('is listed, recovers, ends, is forked and retried as by c87b4e4, under the same keys; its schedule goes on', async () => {
    const calls: string[] = []
    const kit = await goldenKit(calls)
    const ends = await goOn(kit, calls)
    expect(ends).toEqual(JSON.parse(file('c87b4e4.json').toString()))
  })

  it('is recovered again and again, wherever the process ends meanwhile', async () => {
    const kit = await goldenKit()
    for (const commit of [1, 2]) {
      const crashed = kit.crash({ afterCommit: commit })
      await kit.orchestrator.resumeExecution('paused').catch(() => {})
      // Less than any attempt may take: how it ends is not to depend on which commit that is.
      await kit.clock.advance('20s').catch(() => {})
      await Promise.race([crashed, kit.crash().catch(() => {})])
      await kit.reopen()
    }
    const calls: string[] = []
    const { before: _before, calls: _calls, ...ends } = await goOn(kit, calls)
    const { before: _, calls: __, ...expected } = JSON.parse(file('c87b4e4.json').toString()) as Record<string, unknown>
    expect(ends).toEqual(expected)
  })

  // What is settled of a definition when it enters is more by each version, and is no other schedule.
  it('has a schedule that a program asks for again', async () => {
    const { orchestrator } = await goldenKit()
    const before = (await orchestrator.getSchedule('each.day'))?.next
    expect((await orchestrator.scheduleWorkflow(...again)).next).toEqual(before)
    expect((await orchestrator.listSchedules()).map(({ id }) => id)).toEqual(['each.day', 'each/hour'])
  })

  it('has idempotency keys that still stand for their executions', async () => {
    const calls: string[] = []
    const kit = await goldenKit(calls)
    const ids: string[] = []
    for (const { workflow, context, options } of keyed) ids.push((await kit.orchestrator.startWorkflow(workflow, context, options)).id)
    const hash = /^key-[0-9a-f]{32}(-\d)?$/
    expect(ids.map((id) => hash.exec(id)?.[1] ?? '')).toEqual(['', '', '-4'])
    const [ended = '', waits = ''] = ids
    expect((await kit.orchestrator.getExecution(ended))?.status).toBe('completed')
    expect((await kit.orchestrator.getExecution(waits))?.status).toBe('running')
    // Only the one that failed was done again.
    expect(calls.filter((call) => call.startsWith('key-')).map((call) => call.split(' ')[0])).toEqual(ids.slice(2))
  })
})

describe('the golden store of records of version 3', () => {
  const recorded = gunzipSync(file('record-3.db.gz'))
  const ends = JSON.parse(file('record-3.json').toString()) as object[]

  it('is read as it was written, and goes on as by the package that wrote it', async () => {
    const over = await kitOver(createTestKit, recorded, attempts.options(false))
    open.push(over)
    expect(await attempts.goOn(over.kit)).toEqual(ends)
  })

  it('says of attempts who did them, what they waited for, what they were given and what they read', async () => {
    const text = recorded.toString('latin1')
    for (const member of ['"waited":"place"', '"print":"', '"by":', '"who":[["work",null,', '"read":', '"progress":', '"committed":[['])
      expect(text, member).toContain(member)
  })
})

describe('the golden store of large values', () => {
  const recorded = gunzipSync(file('values.db.gz'))
  const ends = JSON.parse(file('values.json').toString()) as object[]

  it('is read as it was written, and goes on as by the package that wrote it', async () => {
    const over = await kitOver(createTestKit, recorded, values.options(false))
    open.push(over)
    expect(await values.goOn(over.kit)).toEqual(ends)
  })

  it('has each of them once, however many use it', () => {
    const text = recorded.toString('latin1')
    const count = (mark: string): number => text.split(`end of ${mark}`).length - 1
    expect([count('context'), count('early')]).toEqual([1, 1])
    // As a result that seven executions have, and once more inside of what a task was given.
    expect(count('shared')).toBe(2)
  })
})
