// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Posts to an address of the user, under the rules that Rust has for such addresses.

import { native } from './native.js'

export class WebAddress {
  readonly #native: InstanceType<typeof native.NativeWebhook>

  /** @throws {Error} why the address may not be spoken to. */
  constructor(url: string, allowPrivate: boolean) {
    this.#native = new native.NativeWebhook(url, allowPrivate)
  }

  /** Why the body was not taken; `undefined`: it was. */
  async post(headers: Readonly<Record<string, string>>, body: string): Promise<string | undefined> {
    const { failure, text } = await this.#native.post(Object.entries(headers), body)
    if (failure != null) return failure.message
    const status = Number(text)
    return status >= 200 && status < 300 ? undefined : `it answered with status ${status}`
  }
}
