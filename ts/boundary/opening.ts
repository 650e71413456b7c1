// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a store is opened with, as it crosses to the addon.

import type { ResolvedRedis } from '../config/redis.js'
import type { ResolvedStorage } from '../config/storage.js'

/** A record without the fields that are `null`: the addon takes those for texts. */
type Given<T> = { [K in keyof T as null extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as null extends T[K] ? K : never]?: Exclude<T[K], null>
}

function given<T extends object>(record: T): Given<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)) as Given<T>
}

type FileOpening = Omit<ResolvedStorage, 'maxLog' | 'retention'> & { ordered: boolean; rollups?: number; maxLog?: number }

export function fileOpening({ maxLog, retention, ...rest }: ResolvedStorage, hasFigures: boolean): FileOpening {
  const { ordered, rollups } = retention
  return { ...rest, ordered, ...(hasFigures && { rollups }), ...(maxLog !== null && { maxLog }) }
}

type RedisOpening = Given<Omit<ResolvedRedis, 'tls' | 'memory' | 'retention'>> & {
  ended?: number
  tls?: Given<NonNullable<ResolvedRedis['tls']>>
}

export function redisOpening(redis: ResolvedRedis): RedisOpening {
  const { host, port, username, password, db, tls, namespace, acknowledge, patience, memory } = redis
  const server = given({ host, port, username, password, db, namespace, acknowledge, patience })
  return { ...server, ...(memory.ended !== null && { ended: memory.ended }), ...(tls !== null && { tls: given(tls) }) }
}
