// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { createTestKit, TestKit, TestKitOptions } from '@codexos/multi-agent-orchestrator/testing'

/** A kit over a given store. */
export interface KitOver {
  readonly kit: TestKit
  bytes(): Promise<Buffer>
  close(): Promise<void>
}

export function kitOver(make: typeof createTestKit, bytes: Uint8Array | undefined, options: TestKitOptions): Promise<KitOver>
