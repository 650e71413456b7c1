// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// For the tests, which are TypeScript.

/** What a spawn needs of it; `undefined` if there is none. A REDIS_SERVER that does not exist is an error, not a reason to take another. */
export function redisServer(): { readonly program: string; readonly env: NodeJS.ProcessEnv } | undefined
