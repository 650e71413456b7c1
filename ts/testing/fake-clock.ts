// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Time that stands still until it is moved, from one alarm to the next. The engine reads the same clock, in Rust.

import { onAbort } from '../base/abort.js'
import type { Alarm, Clock } from '../base/clock.js'
import { NativeStage } from '../boundary/native.js'

export class FakeClock implements Clock {
  /** What the engines on it read. */
  native: NativeStage
  /** Attempts that wait for this time to pass, and are not at work. */
  waiting = 0
  readonly #alarms = new Set<FakeAlarm>()

  /** `start`, as every instant here, is microseconds since the epoch. */
  constructor(start: number) {
    this.native = new NativeStage(start)
  }

  now(): number {
    return this.native.now()
  }

  notBefore(micros: number): void {
    this.native.setNow(micros)
  }

  alarm(wake: () => void): Alarm {
    return new FakeAlarm(this.#alarms, wake)
  }

  /** Resolves after so many milliseconds, or never; rejects with the signal's reason if that aborts before. */
  wait(millis: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting += 1
      const alarm = this.alarm(() => end(resolve))
      let forget = (): void => {}
      const end = (settle: () => void): void => {
        alarm.stop()
        forget()
        this.waiting -= 1
        settle()
      }
      if (Number.isFinite(millis)) alarm.set(this.now() + millis * 1000)
      if (signal !== undefined) forget = onAbort(signal, () => end(() => reject(signal.reason as Error)))
    })
  }

  /** When the next alarm rings. */
  next(): number | undefined {
    return this.#first()?.at
  }

  /** Lets the next alarm ring, at its time. Of several at one time the one that was set first. */
  ring(): void {
    const first = this.#first()
    if (first === undefined) return
    this.native.setNow(first.at)
    first.ring()
  }

  /** Whoever waits on this clock will never hear of it: its process has ended. */
  silence(): void {
    for (const alarm of this.#alarms) alarm.stop()
    this.waiting = 0
  }

  /** Begins anew. */
  restart(start: number): void {
    this.silence()
    this.native = new NativeStage(start)
  }

  #first(): FakeAlarm | undefined {
    let first: FakeAlarm | undefined
    // A set keeps the order in which they were set.
    for (const alarm of this.#alarms) if (first === undefined || alarm.at < first.at) first = alarm
    return first
  }
}

class FakeAlarm implements Alarm {
  at = 0
  #stopped = false
  readonly #set: Set<FakeAlarm>
  readonly #wake: () => void

  constructor(set: Set<FakeAlarm>, wake: () => void) {
    this.#set = set
    this.#wake = wake
  }

  set(at: number): void {
    if (this.#stopped || (at !== 0 && at === this.at)) return
    this.at = at
    this.#set.delete(this)
    if (at !== 0) this.#set.add(this)
  }

  ring(): void {
    this.set(0)
    this.#wake()
  }

  stop(): void {
    this.set(0)
    this.#stopped = true
  }
}
