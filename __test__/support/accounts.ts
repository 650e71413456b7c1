// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The account of an attempt, as the model layer opens it. It is no part of what agents are given, so it is found by the key that it is hidden under.

import type { AttemptContext } from '@codexos/multi-agent-orchestrator'
import type { ModelAccount } from '../../ts/models/account.ts'

export function accountOf(context: AttemptContext): ModelAccount {
  const keys = Object.getOwnPropertySymbols(Object.getPrototypeOf(context))
  const key = keys.find(({ description }) => description === 'account') as symbol
  return (context as unknown as Record<symbol, () => ModelAccount>)[key]?.() as ModelAccount
}
