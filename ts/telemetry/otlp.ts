// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Sends spans to a collector: OTLP over HTTP, as JSON. Addresses, headers and times are those of the environment, by their OpenTelemetry names:
// https://opentelemetry.io/docs/specs/otel/protocol/exporter/
//
//   add ─▶ queue ─ 512 spans, or 5 s ─▶ one request at a time ─ no answer ─▶ again after 5 s; what finds no room meanwhile is dropped and counted

import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { messageOf } from '../failure/failure.js'
import { real } from '../base/real-time.js'
import { decoded, requestOf, resourceOf } from './spans.js'

/** Where spans go. */
interface Collector {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly timeoutMs: number
  readonly gzip: boolean
  readonly resource: Readonly<Record<string, string>>
}

/** The collector that the environment names; `undefined`: none, or it says that nothing is to be sent. */
export function collectorOf(env: NodeJS.ProcessEnv): Collector | undefined {
  const of = (name: string): string | undefined =>
    env[`OTEL_EXPORTER_OTLP_TRACES_${name}`] || env[`OTEL_EXPORTER_OTLP_${name}`] || undefined
  const own = env['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'] || undefined
  const all = env['OTEL_EXPORTER_OTLP_ENDPOINT'] || undefined
  const isOff = env['OTEL_SDK_DISABLED']?.toLowerCase() === 'true' || env['OTEL_TRACES_EXPORTER'] === 'none'
  if (isOff || (own === undefined && all === undefined)) return undefined
  // That for all signals is a base; that for traces is used as it is.
  const address = own ?? `${String(all).replace(/\/$/, '')}/v1/traces`
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) return undefined
  const headers: Record<string, string> = {}
  for (const pair of (of('HEADERS') ?? '').split(',')) {
    const [name = '', ...rest] = pair.split('=')
    if (name.trim() !== '') headers[decoded(name.trim()).toLowerCase()] = decoded(rest.join('=').trim())
  }
  const timeoutMs = Number(of('TIMEOUT') ?? 10_000)
  const resource = resourceOf(env)
  return { url: new URL(address), headers, timeoutMs: timeoutMs > 0 ? timeoutMs : 10_000, gzip: of('COMPRESSION') === 'gzip', resource }
}

interface Spans {
  readonly spans: string
  readonly count: number
}

/** Spans of a request, and after how long fewer are sent too. */
const BATCH = 512
const EVERY_MS = 5000
/** Spans that wait at most. */
const QUEUE_MAX = 65_536

const zipped = promisify(gzip)

export class OtlpExporter {
  readonly #collector: Collector
  /** Told when something goes wrong. */
  readonly #failed: (why: string) => void
  #queue: Spans[] = []
  #waiting = 0
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<boolean> | undefined
  /** After a request without an answer nothing is sent before the next timer. */
  #rests = false
  readonly #stop = new AbortController()
  /** Spans that nobody took. */
  dropped = 0

  constructor(collector: Collector, failed: (why: string) => void) {
    this.#collector = collector
    this.#failed = failed
  }

  /** Sends spans, soon. */
  add(spans: Spans): void {
    if (spans.count === 0) return
    if (this.#waiting + spans.count > QUEUE_MAX && this.#waiting > 0) {
      this.dropped += spans.count
      return
    }
    this.#queue.push(spans)
    this.#waiting += spans.count
    this.#timer ??= real.setTimeout(this.#tick, EVERY_MS).unref()
    if (this.#waiting >= BATCH && !this.#rests) void this.#send()
  }

  /** Whether it takes as much as is there without dropping anything. */
  get isFull(): boolean {
    return this.#waiting > QUEUE_MAX / 2
  }

  /** Resolves when all is sent, or `ms` later: then the rest is dropped. */
  async close(ms: number): Promise<void> {
    real.clearTimeout(this.#timer)
    this.#timer = undefined
    const late = real.setTimeout(() => this.#stop.abort(), ms)
    let goes = true
    while (goes && this.#queue.length > 0 && !this.#stop.signal.aborted) goes = await this.#send()
    await this.#sending
    real.clearTimeout(late)
    this.dropped += this.#waiting
    this.#queue = []
    this.#waiting = 0
  }

  readonly #tick = (): void => {
    this.#timer = undefined
    this.#rests = false
    void this.#send()
  }

  /** Sends a batch; false: nobody took it. */
  async #send(): Promise<boolean> {
    if (this.#sending !== undefined) return this.#sending
    this.#sending = this.#sendNow()
    const went = await this.#sending
    this.#sending = undefined
    if (went && this.#waiting >= BATCH && !this.#stop.signal.aborted) void this.#send()
    else if (this.#waiting > 0) this.#timer ??= real.setTimeout(this.#tick, EVERY_MS).unref()
    return went
  }

  async #sendNow(): Promise<boolean> {
    const batch: Spans[] = []
    let count = 0
    while (this.#queue.length > 0 && count < BATCH) {
      const [next] = this.#queue.splice(0, 1) as [Spans]
      batch.push(next)
      count += next.count
    }
    if (count === 0) return true
    try {
      const answer = await this.#post(requestOf(batch.map(({ spans }) => spans).join(','), this.#collector.resource))
      this.#waiting -= count
      if (answer.isFinal) {
        this.dropped += count
        this.#failed(answer.why)
      }
      return true
    } catch (error) {
      this.#queue.unshift(...batch)
      this.#rests = true
      if (!this.#stop.signal.aborted) this.#failed(messageOf(error))
      return false
    }
  }

  /** Throws what passes by itself. `isFinal`: the collector will never take it. */
  async #post(text: string): Promise<{ readonly isFinal: boolean; readonly why: string }> {
    const { url, headers: own, timeoutMs, gzip: zips } = this.#collector
    const body = zips ? await zipped(text) : Buffer.from(text)
    const headers = {
      ...own,
      'content-type': 'application/json',
      'content-length': body.length,
      ...(zips && { 'content-encoding': 'gzip' }),
    }
    const late = new AbortController()
    const timer = real.setTimeout(() => late.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs).unref()
    const signal = AbortSignal.any([this.#stop.signal, late.signal])
    const status = await new Promise<number>((resolve, reject) => {
      const send = url.protocol === 'https:' ? requestHttps : requestHttp
      const sent = send(url, { method: 'POST', headers, signal }, (answer) => {
        answer
          .resume()
          .on('end', () => resolve(answer.statusCode ?? 0))
          .on('error', reject)
      })
      sent.on('error', reject).end(body)
    }).finally(() => real.clearTimeout(timer))
    const why = `it answered with status ${status}`
    if (status === 429 || status >= 500 || status === 0) throw new Error(why)
    return { isFinal: status >= 300, why }
  }
}
