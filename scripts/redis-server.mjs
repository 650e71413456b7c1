// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Which redis-server the tests, the bench and the example start: that of REDIS_SERVER, else one on the path, else the one that
// `npm run test:servers` has unpacked.

import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const unpacked = fileURLToPath(new URL('../target/servers/redis/usr', import.meta.url))

/** What a spawn needs of it; `undefined` if there is none. A REDIS_SERVER that does not exist is an error, not a reason to take another. */
export function redisServer() {
  const named = process.env.REDIS_SERVER
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`REDIS_SERVER names ${named}, which does not exist`)
    return { program: named, env: process.env }
  }
  const name = process.platform === 'win32' ? 'redis-server.exe' : 'redis-server'
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  const installed = onPath.find((path) => existsSync(path))
  if (installed !== undefined) return { program: installed, env: process.env }
  const program = join(unpacked, 'bin/redis-server')
  if (!existsSync(program)) return undefined
  // Debian keeps the libraries of each architecture in a folder of its own.
  const libraries = readdirSync(join(unpacked, 'lib')).map((folder) => join(unpacked, 'lib', folder))
  const path = [...libraries, process.env.LD_LIBRARY_PATH].filter((part) => part !== undefined && part !== '').join(delimiter)
  return { program, env: { ...process.env, LD_LIBRARY_PATH: path } }
}
