// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Takes a CPU profile when an alert says that there is something to see, and keeps the latest: beside the store, or in memory where there is none.

import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { Profiler, Session } from 'node:inspector'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import type { Alert, AlertRule } from '../api/alert.js'
import type { CpuProfile } from '../api/cpu-profile.js'
import { StoreError } from '../api/errors.js'
import { dateOf, type Clock } from '../base/clock.js'
import { real } from '../base/real-time.js'
import { messageOf } from '../failure/failure.js'
import type { Log } from '../log/log.js'
import { hottest } from './hottest.js'

/** How long one is. */
const LASTS_MS = 5000
/** From the beginning of one to that of the next. */
const APART_MICROS = 60_000_000
/** How often the stack is looked at. */
const INTERVAL_MICROS = 1000
/** How many are kept beside a store, and without one. */
const KEPT_MAX = 20
const HELD_MAX = 5
/** What is read of a file to know what it is: its first line is shorter. */
const HEAD_BYTES = 32 * 1024

const EXTENSION = '.cpuprofile'

/** What it needs of the orchestrator. */
interface ProfilesHost {
  readonly dispatcher: { readonly clock: Clock }
  readonly log: Log
  /** Where the store is, and for how many milliseconds figures stay; `null`: there is none. */
  readonly storage: { readonly path: string; readonly retention: { readonly rollups: number } } | null
}

/** What is told of one, as the first line of its file has it. */
type Head = Omit<CpuProfile, 'startedAt' | 'read'> & { readonly startedAt: string }

export class CpuProfiles {
  readonly #host: ProfilesHost
  readonly #held = new Map<string, string>()
  #begun: number | undefined
  #underWay: (() => Promise<void>) | undefined
  #ended: Promise<void> | undefined

  constructor(host: ProfilesHost) {
    this.#host = host
  }

  /** An alert was announced. */
  announced({ id, rule, state }: Alert): void {
    const wants = rule === 'agent:blocking' || rule === 'cpuUsage' || rule.startsWith('anomaly:')
    const now = this.#host.dispatcher.clock.now()
    if (!wants || state !== 'firing' || this.#underWay !== undefined) return
    if (this.#begun !== undefined && now - this.#begun < APART_MICROS) return
    this.#begun = now
    void this.#take(now, rule, id).catch((error: unknown) => this.#lost(error))
  }

  async list(): Promise<readonly CpuProfile[]> {
    await this.#ended
    const heads = this.#folder === undefined ? [...this.#held.values()].map((text) => headOf(text)) : await this.#heads(this.#folder)
    return heads
      .filter((head) => head !== undefined)
      .toSorted((one, other) => other.id.localeCompare(one.id))
      .map((head) => ({ ...head, startedAt: new Date(head.startedAt), read: () => this.#read(head.id) }))
  }

  /** One that is being taken ends, and what there is of it is kept. */
  async close(): Promise<void> {
    await this.#underWay?.()
    await this.#ended
  }

  get #folder(): string | undefined {
    const { storage } = this.#host
    return storage === null ? undefined : `${storage.path}-profiles`
  }

  async #take(now: number, rule: AlertRule, alertId: string): Promise<void> {
    if (!isMainThread) throw new Error('the orchestrator runs in a worker thread')
    // Where Node was built without it, it is missed by those alone who profile.
    const inspector = await import('node:inspector')
    const session = new inspector.Session()
    session.connect()
    session.post('Profiler.enable')
    session.post('Profiler.setSamplingInterval', { interval: INTERVAL_MICROS })
    session.post('Profiler.start')
    const began = real.elapsed()
    const end = async (): Promise<void> => {
      real.clearTimeout(timer)
      this.#underWay = undefined
      const profile = await stopped(session)
      const startedAt = dateOf(now).toISOString()
      const id = startedAt.replaceAll(':', '-')
      const head: Head = { id, startedAt, duration: Math.round(real.elapsed() - began), rule, alertId, functions: hottest(profile) }
      await this.#keep(id, `{"about":${JSON.stringify(head)},\n${JSON.stringify(profile).slice(1)}`)
    }
    const ending = (): Promise<void> => (this.#ended = end().catch((error: unknown) => this.#lost(error)))
    const timer = real.setTimeout(() => void ending(), LASTS_MS).unref()
    this.#underWay = ending
  }

  async #keep(id: string, text: string): Promise<void> {
    const folder = this.#folder
    if (folder === undefined) {
      this.#held.set(id, text)
      const [oldest] = this.#held.keys()
      if (this.#held.size > HELD_MAX && oldest !== undefined) this.#held.delete(oldest)
      return
    }
    await mkdir(folder, { recursive: true })
    // Half a file under its name would be taken for a whole one.
    const partial = join(folder, `${id}.partial`)
    await writeFile(partial, text)
    await rename(partial, join(folder, `${id}${EXTENSION}`))
    await this.#letGo(folder)
  }

  /** Deletes what is too old, and what is too many. */
  async #letGo(folder: string): Promise<void> {
    const rollups = this.#host.storage?.retention.rollups ?? 0
    const oldest = dateOf(this.#host.dispatcher.clock.now() - rollups * 1000)
      .toISOString()
      .replaceAll(':', '-')
    const names = (await readdir(folder)).filter((name) => name.endsWith(EXTENSION)).toSorted()
    const gone = names.filter((name, place) => name < oldest || place < names.length - KEPT_MAX)
    for (const name of gone) await rm(join(folder, name), { force: true })
  }

  async #heads(folder: string): Promise<readonly (Head | undefined)[]> {
    const names = await readdir(folder).catch(() => [])
    return Promise.all(names.filter((name) => name.endsWith(EXTENSION)).map((name) => readHead(join(folder, name))))
  }

  async #read(id: string): Promise<string> {
    const held = this.#held.get(id)
    if (held !== undefined) return held
    try {
      return await readFile(join(this.#folder ?? '', `${id}${EXTENSION}`), 'utf8')
    } catch (cause) {
      throw new StoreError('ERR_STORE_READ', `the CPU profile \`${id}\` cannot be read, or is kept no more: ${messageOf(cause)}`, { cause })
    }
  }

  #lost(error: unknown): void {
    this.#host.log.warnOnce({ event: 'profile:lost' }, `a CPU profile cannot be taken or kept: ${messageOf(error)}`, 'profile:lost cpu')
  }
}

/** What was taken; the session is over. */
function stopped(session: Session): Promise<Profiler.Profile> {
  return new Promise((resolve, reject) => {
    session.post('Profiler.stop', (error, answer) => {
      session.disconnect()
      if (error === null) resolve(answer.profile)
      else reject(error)
    })
  })
}

async function readHead(path: string): Promise<Head | undefined> {
  // It may have been let go of meanwhile.
  const file = await open(path).catch(() => undefined)
  try {
    const { buffer, bytesRead } = (await file?.read({ buffer: Buffer.alloc(HEAD_BYTES) })) ?? { buffer: Buffer.alloc(0), bytesRead: 0 }
    return headOf(buffer.toString('utf8', 0, bytesRead))
  } finally {
    await file?.close()
  }
}

function headOf(text: string): Head | undefined {
  const [line = ''] = text.split('\n', 1)
  if (!line.startsWith('{"about":')) return undefined
  return (JSON.parse(`${line.slice(0, -1)}}`) as { about: Head }).about
}
