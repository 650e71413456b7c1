// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Test kits that are closed after the test.

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
