// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The protocol of Redis, as far as tests speak it: what is asked and answered is seen here as it is on the wire, whatever client the package has.

import { connect, type Socket } from 'node:net'

/** What a server answers; an error is thrown. */
export type Reply = string | number | null | Reply[]

/** What a server refused, as it said it: `NOAUTH Authentication required.` */
export class RedisError extends Error {}

/** One connection. Commands are answered in the order in which they were sent. */
export class RespClient {
  readonly #socket: Socket
  readonly #waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = []
  #unread: Buffer = Buffer.alloc(0)
  #over: Error | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (bytes: Buffer) => this.#take(bytes))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new Error('the server has closed the connection')))
  }

  static open(port: number, host = '127.0.0.1'): Promise<RespClient> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, host)
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new RespClient(socket))
      })
    })
  }

  send(...words: readonly (string | number)[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      if (this.#over !== undefined) return reject(this.#over)
      this.#waiting.push({ resolve, reject })
      const parts = words.map((word) => `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`)
      this.#socket.write(`*${words.length}\r\n${parts.join('')}`)
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #end(error: Error): void {
    this.#over ??= error
    for (const { reject } of this.#waiting.splice(0)) reject(error)
  }

  #take(bytes: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, bytes])
    for (;;) {
      const read = readReply(this.#unread, 0)
      if (read === undefined) return
      this.#unread = this.#unread.subarray(read.end)
      const waiting = this.#waiting.shift()
      if (read.reply instanceof RedisError) waiting?.reject(read.reply)
      else waiting?.resolve(read.reply)
    }
  }
}

interface Read<T> {
  readonly reply: T
  readonly end: number
}

/** The reply that begins at `from`; `undefined` if its end has not come yet. An error inside an array stands for itself. */
function readReply(bytes: Buffer, from: number): Read<Reply | RedisError> | undefined {
  const end = bytes.indexOf('\r\n', from)
  if (end < 0) return undefined
  const text = bytes.toString('utf8', from + 1, end)
  const after = end + 2
  switch (bytes.toString('utf8', from, from + 1)) {
    case '+':
      return { reply: text, end: after }
    case '-':
      return { reply: new RedisError(text), end: after }
    case ':':
      return { reply: Number(text), end: after }
    case '$': {
      const length = Number(text)
      if (length < 0) return { reply: null, end: after }
      if (bytes.length < after + length + 2) return undefined
      return { reply: bytes.toString('utf8', after, after + length), end: after + length + 2 }
    }
    case '*':
      return readArray(bytes, after, Number(text))
    default:
      throw new Error(`no reply begins with ${JSON.stringify(bytes.toString('utf8', from, from + 20))}`)
  }
}

function readArray(bytes: Buffer, from: number, length: number): Read<Reply> | undefined {
  if (length < 0) return { reply: null, end: from }
  const reply: Reply[] = []
  let at = from
  for (let index = 0; index < length; index += 1) {
    const read = readReply(bytes, at)
    if (read === undefined) return undefined
    reply.push(read.reply instanceof RedisError ? read.reply.message : read.reply)
    at = read.end
  }
  return { reply, end: at }
}
