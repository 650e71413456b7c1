// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
import { OrchestratorError } from './errors.js'

/** What a thrown value says. */
export function messageOf(thrown: unknown): string {
  // Even to ask a hostile value what it is may throw.
  try {
    if (thrown instanceof Error || OrchestratorError.isInstance(thrown)) return String(thrown.message)
    return typeof thrown === 'string' ? thrown : `threw ${String(thrown)}`
  } catch {
    return 'threw a value that cannot be shown'
  }
}
