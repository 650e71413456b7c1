// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Executions whose ids a caller has chosen. Whoever wants an id looks whether it is free and then begins, and
// that is done one after the other: two calls at once would both find it free, and the store refuses an id it has.

import { Turns } from '../base/turns.js'
import type { Past } from './ended-executions.js'
import { ConflictError } from '../api/errors.js'
import type { LiveRuns } from './live-runs.js'
import type { Run } from '../run/run.js'

export class ChosenIds {
  readonly #live: LiveRuns
  readonly #past: (id: string) => Promise<Past | undefined>
  readonly #turns = new Turns()

  /** `past` finds an execution that has ended. */
  constructor(live: LiveRuns, past: (id: string) => Promise<Past | undefined>) {
    this.#live = live
    this.#past = past
  }

  /** Begins an execution with this id, if nobody has it. */
  begin(id: string, begin: () => Run): Promise<Run> {
    return this.#turns.take(id, async () => {
      if (!this.#live.has(id) && (await this.#past(id)) === undefined) return begin()
      throw new ConflictError('ERR_EXECUTION_EXISTS', `there is an execution \`${id}\`; choose another executionId`, { executionId: id })
    })
  }
}
