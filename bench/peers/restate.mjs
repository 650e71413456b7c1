// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Restate: a handler is a function, each task a `ctx.run` of it whose answer is in the server's log before the handler goes on.

import { once } from 'node:events'
import { createServer } from 'node:http2'
import { connect } from '@restatedev/restate-sdk-clients'
import { agent, check, levelsOf } from '../compare/shapes.mjs'
import { versionOf } from './version.mjs'

// The package calls it, and Node 20 does not have it yet.
Promise.withResolvers ??= () => {
  let resolvers
  const promise = new Promise((resolve, reject) => (resolvers = { resolve, reject }))
  return { promise, ...resolvers }
}
const { createEndpointHandler, RestatePromise, service } = await import('@restatedev/restate-sdk')

/** `ports`: of the server's ingress, and of its administration. */
export async function open(shapes, ports) {
  const [ingress, admin] = ports.split(',')
  const handlers = Object.fromEntries(shapes.map((shape) => [shape.name, handlerOf(shape)]))
  const bench = service({ name: 'bench', handlers })
  const server = createServer(createEndpointHandler({ services: [bench], logger: () => {} })).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const registered = await fetch(`http://127.0.0.1:${admin}/deployments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ uri: `http://127.0.0.1:${server.address().port}` }),
  })
  if (!registered.ok) throw new Error(`Restate did not take the service: ${await registered.text()}`)
  const client = connect({ url: `http://127.0.0.1:${ingress}` }).serviceClient(bench)
  const runOf = (shape) => async () => {
    const answers = await client[shape.name]()
    check(shape, (id) => answers[id])
  }
  const runs = new Map(shapes.map((shape) => [shape.name, { once: runOf(shape), tasks: shape.tasks.length }]))
  return { version: versionOf('@restatedev/restate-server'), note: ': one node, its log flushed.', runs }
}

function handlerOf(shape) {
  const levels = levelsOf(shape)
  return async (ctx) => {
    const answers = {}
    for (const level of levels) {
      const steps = level.map(({ id, dependencies }) => ctx.run(id, () => agent(answers[dependencies[0]])))
      for (const [place, answer] of (await RestatePromise.all(steps)).entries()) answers[level[place].id] = answer
    }
    return answers
  }
}
