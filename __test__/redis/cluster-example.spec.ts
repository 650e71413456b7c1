// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The example of a cluster, as its command runs it: one of three processes is killed, and nothing is lost.

import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Child } from '../support/child.ts'
import { root } from '../support/folder.ts'
import { hasRedis } from '../support/redis.ts'

it.runIf(hasRedis)(
  'three processes end what they have accepted, though one of them is killed',
  async () => {
    const { code, stdout, stderr } = await new Child(join(root, 'examples/cluster/main.mjs'), [], [], process.env, 55_000).ended()
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toContain('120 executions accepted, 120 ended, each once: true')
    const [, repeated] = /^480 tasks, of which (\d+) ran a second time/m.exec(stdout) ?? []
    // No more than were under way where it was killed: one of each of its executions.
    expect(Number(repeated)).toBeLessThanOrEqual(40)
  },
  60_000,
)
