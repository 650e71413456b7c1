// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a run says once, before its first test: which tests it will leave out, and what brings what they need.

import { redisServer } from '../../scripts/redis-server.mjs'

export default function announce(): void {
  if (redisServer() === undefined) console.log('Redis tests not run: npm run test:servers')
}
