// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A logger that keeps what it is told.

import type { Logger, LogRecord } from '@codexos/multi-agent-orchestrator'
import { until } from './orchestrators.ts'

/** One thing that was logged. */
export interface Logged extends LogRecord {
  readonly level: 'error' | 'warn'
  readonly message: string
}

export class KeptLog implements Logger {
  readonly lines: Logged[] = []

  error(record: LogRecord, message: string): void {
    this.lines.push({ level: 'error', message, ...record })
  }

  warn(record: LogRecord, message: string): void {
    this.lines.push({ level: 'warn', message, ...record })
  }

  /** What was said, without the facts. */
  get messages(): string[] {
    return this.lines.map(({ message }) => message)
  }

  /** The first one, as soon as it is there. */
  async first(): Promise<Logged> {
    await until(() => this.lines.length > 0)
    return this.lines[0] as Logged
  }
}
