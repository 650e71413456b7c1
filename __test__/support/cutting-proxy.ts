// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A way to a server on loopback that can be cut: connections end, or nothing passes though they stay, as behind a cable that was pulled.

import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export class CuttingProxy {
  readonly #server: Server
  readonly #target: number
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #closed = false
  #held = false
  /** Connections that it was asked for. */
  connections = 0

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => this.#join(client))
  }

  /** One that ends with the test. */
  static async to(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target)
    await once(proxy.#server.listen(0, '127.0.0.1'), 'listening')
    onTestFinished(async () => {
      proxy.cut()
      proxy.#server.close()
      await once(proxy.#server, 'close')
    })
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Ends every connection; new ones are taken. */
  cut(): void {
    for (const pair of this.#pairs) for (const socket of pair) socket.resetAndDestroy()
    this.#pairs.clear()
  }

  /** Ends every connection, and new ones as soon as they come. */
  close(): void {
    this.#closed = true
    this.cut()
  }

  /** Lets nothing pass, in either direction; the connections stay. */
  hold(): void {
    this.#held = true
    for (const pair of this.#pairs) for (const socket of pair) socket.pause()
  }

  /** Lets everything pass again, what was held too. */
  open(): void {
    this.#closed = false
    this.#held = false
    for (const pair of this.#pairs) for (const socket of pair) socket.resume()
  }

  #join(client: Socket): void {
    this.connections += 1
    if (this.#closed) return void client.resetAndDestroy()
    const server = connect(this.#target, '127.0.0.1')
    const pair = [client, server] as const
    this.#pairs.add(pair)
    const end = (): void => {
      this.#pairs.delete(pair)
      for (const socket of pair) socket.destroy()
    }
    for (const [from, to] of [pair, [server, client] as const]) {
      from.on('error', end)
      from.on('close', end)
      from.on('data', (bytes: Buffer) => {
        if (!to.destroyed) to.write(bytes)
      })
      if (this.#held) from.pause()
    }
  }
}
