// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a store gives back is what was written to it. One bit of the file was flipped: in a number, and the result of a task was another; in the name of
// a member, and it was null. Both were returned as if nothing were wrong.

import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { storePath, userFolder } from '../support/folder.ts'
import { withoutSums } from '../support/pages.ts'
import { orchestratorWith, rejection, task, workflow } from '../support/orchestrators.ts'
import type { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

const folder = userFolder()
const one = workflow([task('a')])

const open = (path: string): MultiAgentOrchestrator => orchestratorWith({ work: () => ({ amount: 1000 }) }, { storage: { path } })

describe('a flipped bit of a record', () => {
  it.each([
    ['of a number in a result', '{"amount":1000}', 10],
    ['of the name of a member', '"output"', 2],
    ['of the name of an event', '"taskCompleted"', 3],
  ])('%s is an error that names the execution and the record, and nothing else is harmed', async (_what, text, offset) => {
    const path = storePath(folder)
    const before = open(path)
    const whole = await before.executeWorkflow(one)
    const damaged = await before.executeWorkflow(one)
    await before.shutdown()
    const bytes = readFileSync(path)
    // Its row is the last.
    const at = bytes.lastIndexOf(text)
    const latest = Math.max(at, bytes.lastIndexOf(text, at - 1))
    bytes[latest + offset] = (bytes[latest + offset] as number) ^ 1
    writeFileSync(path, withoutSums(bytes))
    const after = open(path)
    const found = await Promise.all([whole, damaged].map(({ id }) => after.getExecution(id)))
    expect(found.map((each) => each?.status).toSorted()).toEqual(['completed', 'damaged'])
    const [harmed, other] = found[0]?.status === 'damaged' ? [whole, damaged] : [damaged, whole]
    const error = await rejection(after.getHandle(harmed.id).result())
    expect(error).toMatchObject({ code: 'ERR_STORE_CORRUPT' })
    expect(error.message).toMatch(new RegExp(`^record \\d of execution \`${harmed.id}\` cannot be read`))
    expect((error.cause as Error).message).toMatch(/its checksum does not fit/)
    expect((await after.getExecution(harmed.id))?.error?.message).toMatch(/its checksum does not fit/)
    expect((await after.getExecution(other.id))?.results).toEqual({ a: { amount: 1000 } })
    await after.shutdown()
  })
})
