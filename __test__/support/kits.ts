// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Test kits that are closed after the test, and their time in words.

import type { AgentTask } from '@codexos/multi-agent-orchestrator'
import { createTestKit, type TestKit, type TestKitOptions } from '@codexos/multi-agent-orchestrator/testing'
import { afterEach } from 'vitest'
import { register, type Execute } from './orchestrators.ts'

const open: TestKit[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((kit) => kit.close()))
})

/** A kit with one agent for each function, also after a crash. */
export async function kitWith(agents: Record<string, Execute> = {}, options: TestKitOptions = {}): Promise<TestKit> {
  const setup: TestKitOptions['setup'] = async (orchestrator) => {
    register(orchestrator, agents)
    await options.setup?.(orchestrator)
  }
  const kit = await createTestKit({ ...options, setup })
  open.push(kit)
  return kit
}

/** When the time of a kit begins. */
export const START: number = Date.UTC(2026, 0, 1)

export const hours = (count: number): number => count * 3_600_000

/** When something was, after the start, in milliseconds. */
export const since = (date: Date | undefined): number => (date?.getTime() ?? Number.NaN) - START

/** A task that waits for so long. */
export const wait = (id: string, delay: string, rest: Partial<AgentTask> = {}): AgentTask => ({ id, name: id, waitFor: { delay }, ...rest })
