// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import type { TestKit, TestKitOptions } from '@codexos/multi-agent-orchestrator/testing'

export function options(isFirst: boolean): TestKitOptions
export function begin(kit: TestKit): Promise<void>
export function goOn(kit: TestKit): Promise<readonly object[]>
