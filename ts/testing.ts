// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
/**
 * Tests workflows without waiting: a real orchestrator whose time, agents and crashes the test controls.
 *
 * @packageDocumentation
 */

export { createTestKit, type CrashMoment, type CrashPoint, type TestKit } from './testing/kit.js'
export type { TestKitOptions } from './testing/options.js'
export {
  after,
  hang,
  untilAborted,
  type Pause,
  type ScriptedAgent,
  type ScriptedCall,
  type ScriptFunction,
  type TestAgents,
} from './testing/script.js'
export type { TestClock } from './testing/test-clock.js'
