// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A provider whose streams never end: Chat Completions, so many deltas a second each, every one with the instant at which it was sent. It speaks
// HTTP by hand: what Node's server does to a thousand streams would be half of what is measured, and it sends no piece before all of a turn are written.
//   server.mjs <deltas a second>

import { createServer } from 'node:net'

const period = 1000 / Number(process.argv[2])
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const [before, after] = `data: ${JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_700_000_000,
  model: 'gpt-4o',
  choices: [{ index: 0, delta: { content: '@ ' }, finish_reason: null }],
})}\n\n`.split('@')

/** When each stream is due next: they are spread over the time between two deltas. */
const streams = new Map()

const server = createServer({ noDelay: true }, (socket) => {
  let request = ''
  socket.setEncoding('latin1')
  socket.on('data', (text) => {
    request += text
    const end = request.indexOf('\r\n\r\n')
    if (end < 0 || request.length < end + 4 + Number(/content-length: (\d+)/i.exec(request)?.[1] ?? 0)) return
    request = ''
    socket.write(HEAD)
    streams.set(socket, performance.now() + Math.random() * period)
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () => streams.delete(socket))
})
// A thousand connect at once.
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => process.send(server.address().port))
process.once('disconnect', () => process.exit())

// One timer for all streams: a thousand of them would be what is measured.
setInterval(() => {
  const now = performance.now()
  for (const [socket, due] of streams) {
    if (due > now) continue
    // This process may be late; it never sends more for that.
    streams.set(socket, Math.max(due + period, now))
    // The same clock in each process of this machine.
    const event = `${before}${process.hrtime.bigint()}${after}`
    socket.write(`${event.length.toString(16)}\r\n${event}\r\n`, 'latin1')
  }
}, 1)
