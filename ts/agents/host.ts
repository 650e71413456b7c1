// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What built-in agents need of their orchestrator.

import type { Log } from '../log/log.js'
import type { AcceptedEnding } from '../api/models.js'
import type { ToolRegistry } from '../tools/registry.js'

/** What built-in agents need of their orchestrator. */
export interface BuiltInHost {
  readonly tools: ToolRegistry
  readonly log: Log
  /** Which answers of models are taken as they are, where neither a task nor its agent says. Default: none. */
  readonly accept?: readonly AcceptedEnding[]
}
