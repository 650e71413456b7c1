// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Whom a call is for that nobody has made.

import { AsyncResource } from 'node:async_hooks'

/** What nobody has called, or many have, sees of nobody what he keeps in `AsyncLocalStorage`. */
export const NOBODY: AsyncResource = new AsyncResource('Nobody', { requireManualDestroy: true })
