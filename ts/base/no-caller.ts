// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The async context of a call that no caller of ours has made, or many have.

import { AsyncResource } from 'node:async_hooks'

/** What runs in it sees no caller's values in `AsyncLocalStorage`. */
export const NO_CALLER: AsyncResource = new AsyncResource('NoCaller', { requireManualDestroy: true })
