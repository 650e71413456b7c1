// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What becomes of what the dispatcher tells, part by part of an orchestrator.

import { pendingError, type OrchestratorError } from '../api/errors.js'
import { StoreKind } from '../boundary/native.js'
import type { DispatcherHost } from '../dispatch/host.js'
import type { Announcer } from '../events/announcer.js'
import type { Log } from '../log/log.js'
import type { ModelGateway } from '../models/integration.js'
import type { AttemptTracing } from '../run/attempt-tracing.js'
import type { Run } from '../run/run.js'
import { runChild } from './children.js'
import type { Deletions } from './deletion.js'
import type { Elsewhere } from './elsewhere.js'
import { takeOver, type OpeningParts } from './opening.js'

/** The parts, once they are made. */
interface HeardParts extends OpeningParts {
  readonly announcer: Announcer
  readonly models: ModelGateway
  readonly deletions: Deletions
  readonly log: Log
  /** Where several processes may drive. */
  readonly elsewhere: Elsewhere | undefined
  readonly tracing: (AttemptTracing & { forget(id: string): void }) | undefined
}

/** What the orchestrator does itself. */
interface HeardCalls {
  readonly ended: (run: Run) => void
  readonly release: (run: Run) => void
  /** Whether a failure of the store is the end of the process that a test wanted. */
  readonly abandons: (error: OrchestratorError) => boolean
}

export function dispatcherHostOf(make: () => HeardParts, { ended, release, abandons }: HeardCalls): DispatcherHost {
  // Asked for several times with each attempt; none comes before all parts are there.
  let made: HeardParts | undefined
  const parts = (): HeardParts => (made ??= make())
  return {
    get tracing() {
      return parts().tracing
    },
    notice: (...notice) => parts().announcer.notice(...notice),
    ended,
    again: (run) => parts().elsewhere?.again(run) ?? false,
    letGo: (run) => {
      parts().models.forget(`execution:${run.id}`)
      parts().tracing?.forget(run.id)
      release(run)
    },
    parked: (effect) => parts().parking.heard(effect),
    schedule: (...heard) => parts().schedules.heard(...heard),
    failed: (error) => {
      if (abandons(error)) return
      const { schedules, deletions, parking, elsewhere, log } = parts()
      for (const part of [schedules, deletions, parking, elsewhere]) part?.lose(pendingError(error))
      log.error({ event: 'store:lost', code: error.code, err: error }, error.message)
    },
    store: ({ kind, ticket }) => {
      if (kind === StoreKind.taken) takeOver(parts())
      else if (kind === StoreKind.post) parts().elsewhere?.heard()
      else parts().deletions.deleted(ticket)
    },
    alerted: () => parts().alerts.tell(parts().dispatcher.engine),
    progress: (...progress) => parts().announcer.progress(...progress),
    child: (...child) => runChild(parts().childrenHost, ...child),
    models: (caller) => parts().models.callsOf(caller),
    find: (id) => parts().live.get(id),
  }
}
