// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Posts each alert to the address of `monitoring.notify.webhook`, at least once.
//
//   announced ─▶ kept beside the store ─▶ posted ─ taken ─▶ forgotten
//                        ▲                  └─ not taken ─▶ again later, first what was announced first
//                        └── the next process
//
// A post is signed as the Standard Webhooks specification has it: HMAC-SHA256 over its id, its time and its body.

import { createHash, createHmac } from 'node:crypto'
import { ValidationError } from '../api/errors.js'
import type { Alert } from '../api/alert.js'
import type { Alarm } from '../base/clock.js'
import { WebAddress } from '../boundary/webhook.js'
import type { ResolvedWebhook } from '../config/notify.js'
import type { Dispatcher } from '../dispatch/dispatcher.js'
import type { Log } from '../log/log.js'

/** Names of what is kept begin so. */
export const WEBHOOK = 'webhook/'

/** Between two tries: twice as long each time. */
const AGAIN_MS = 1000
const AGAIN_MS_MAX = 300_000
/** What was not taken for so long is given up, */
const GIVEN_UP_AFTER_MS = 3 * 86_400_000
/** and the oldest where more wait. */
const WAITING_MAX = 1000

const KEY = 'whsec_'

/** What it needs of the orchestrator. */
interface WebhookHost {
  readonly dispatcher: Dispatcher
  readonly log: Log
  assertOpen(): void
}

/** A post that was not taken yet, as it is kept. */
interface Post {
  readonly id: string
  /** When it was announced, in microseconds. */
  readonly at: number
  readonly body: string
}

export class Webhook {
  readonly #host: WebhookHost
  readonly #address: WebAddress
  readonly #url: string
  readonly #key: Buffer
  #waiting: Post[] = []
  #isOpen = false
  #isPosting = false
  #failures = 0
  #alarm: Alarm | undefined

  /** @throws {ValidationError} `ERR_CONFIG` if the address may not be spoken to. */
  constructor(host: WebhookHost, { url, secret, allowPrivate }: ResolvedWebhook) {
    this.#host = host
    this.#url = url
    this.#key = secret.startsWith(KEY) ? Buffer.from(secret.slice(KEY.length), 'base64') : Buffer.from(secret)
    try {
      this.#address = new WebAddress(url, allowPrivate)
    } catch (error) {
      const issue = { path: 'monitoring.notify.webhook.url', message: (error as Error).message, code: 'ERR_INVALID_VALUE' } as const
      throw new ValidationError('ERR_CONFIG', 'the configuration cannot be used', [issue])
    }
  }

  /** An alert was announced. */
  send(alert: Alert): void {
    const at = this.#host.dispatcher.clock.now()
    const id = createHash('sha256').update(`${alert.id} ${alert.state} ${at}`).digest('hex').slice(0, 32)
    const post = { id: `msg_${id}`, at, body: JSON.stringify({ type: 'alert', timestamp: alert.timestamp, data: alert }) }
    if (this.#waiting.length >= WAITING_MAX) this.#giveUp(`more than ${WAITING_MAX} alerts wait`)
    this.#waiting.push(post)
    if (!this.#isOpen) return
    this.#keep(post)
    // What was not taken goes first, when its time comes.
    if (this.#failures === 0) this.#next()
  }

  /** The store is open: what an earlier process did not get rid of is posted first. `kept`: what is kept beside it. */
  open(kept: readonly (readonly [string, string])[]): void {
    const announced = this.#waiting
    const left = kept.filter(([name]) => name.startsWith(WEBHOOK)).map(([, text]) => JSON.parse(text) as Post)
    this.#waiting = [...left.toSorted((a, b) => a.at - b.at), ...announced]
    this.#isOpen = true
    this.#alarm = this.#host.dispatcher.clock.alarm(() => this.#next())
    announced.forEach((post) => this.#keep(post))
    this.#next()
  }

  #next(): void {
    try {
      this.#host.assertOpen()
    } catch {
      this.#alarm?.stop()
      return
    }
    const [post] = this.#waiting
    if (post === undefined || this.#isPosting) return
    this.#isPosting = true
    void this.#post(post).finally(() => {
      this.#isPosting = false
      // What was not taken waits for the alarm.
      if (this.#failures === 0) this.#next()
    })
  }

  async #post(post: Post): Promise<void> {
    const { clock } = this.#host.dispatcher
    const seconds = Math.floor(clock.now() / 1e6)
    const signature = createHmac('sha256', this.#key).update(`${post.id}.${seconds}.${post.body}`).digest('base64')
    const headers = {
      'content-type': 'application/json',
      'webhook-id': post.id,
      'webhook-timestamp': String(seconds),
      'webhook-signature': `v1,${signature}`,
    }
    const problem = await this.#address.post(headers, post.body).catch((error: unknown) => String(error))
    const now = clock.now()
    if (problem === undefined) {
      this.#failures = 0
      this.#forget(post)
    } else if (now - post.at > GIVEN_UP_AFTER_MS * 1000) {
      this.#giveUp(problem)
    } else {
      this.#failures += 1
    }
    if (this.#failures > 0) this.#alarm?.set(now + Math.min(AGAIN_MS * 2 ** (this.#failures - 1), AGAIN_MS_MAX) * 1000)
  }

  #giveUp(problem: string): void {
    const [oldest] = this.#waiting
    if (oldest === undefined) return
    this.#forget(oldest)
    const message = `an alert could not be posted to the webhook at \`${new URL(this.#url).host}\` and is given up: ${problem}`
    this.#host.log.warn({ event: 'webhook:lost' }, message)
  }

  #keep(post: Post): void {
    this.#host.dispatcher.engine.watching.keepAlert(`${WEBHOOK}${post.id}`, JSON.stringify(post))
  }

  #forget(post: Post): void {
    this.#waiting = this.#waiting.filter((other) => other !== post)
    if (this.#isOpen) this.#host.dispatcher.engine.watching.keepAlert(`${WEBHOOK}${post.id}`, null)
  }
}
