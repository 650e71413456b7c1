// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// This process among all that may write to one store.

import { hostname } from 'node:os'

export function processName(): string {
  return `${hostname()}:${process.pid}`
}
