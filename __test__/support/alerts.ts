// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Hears the alerts that a test is about. A busy machine has others, of an event loop that is late and of what takes longer than it did.

import type { Alert, AlertRule, MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'

/** Puts what an orchestrator, each one that it is given, announces of these rules into `heard`; `store:` are all that begin so. */
export function hearing(heard: Alert[], ...rules: (AlertRule | `${string}:`)[]): (orchestrator: MultiAgentOrchestrator) => void {
  return (orchestrator) =>
    void orchestrator.on('alert', (alert) => {
      if (rules.some((rule) => alert.rule.startsWith(rule))) heard.push(alert)
    })
}
