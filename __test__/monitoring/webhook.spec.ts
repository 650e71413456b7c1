// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Alerts are posted to an address of the user: signed, at least once, also by the next process. The server is a real one on loopback; time is the kit's.

import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { MultiAgentOrchestrator, type Alert, type OrchestratorConfig, type ValidationError } from '@codexos/multi-agent-orchestrator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kitWith } from '../support/kits.ts'
import { eventually, task, thrownBy, workflow } from '../support/orchestrators.ts'

const SECRET = 'a secret of some length'

interface Post {
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let posts: Post[]
let answers: (post: Post) => number
let server: Server

beforeEach(async () => {
  posts = []
  answers = () => 204
  server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => (body += part))
    request.on('end', () => {
      const post = { headers: request.headers, body }
      posts.push(post)
      response.writeHead(answers(post)).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterEach(() => {
  server.closeAllConnections()
  server.close()
})

const monitoring = (): OrchestratorConfig['monitoring'] => ({
  alertThresholds: { executionDuration: '1s' },
  notify: { webhook: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`, secret: SECRET, allowPrivate: true } },
})

/** What the receiver is told, in the words of alerts. */
const told = (): string[] =>
  posts.map(({ body }) => JSON.parse(body) as { data: Alert }).map(({ data }) => `${data.rule} ${data.state} ${data.severity}`)

const long = workflow([task('a', { agentId: 'work' })])

describe('a webhook', () => {
  it('is told of each alert once, with a signature over its id, its time and its body', async () => {
    const kit = await kitWith(
      { work: async () => await kit.clock.sleep('90s') },
      { monitoring: monitoring(), workflow: { defaultTimeout: '1h' } },
    )
    await kit.run(long)
    await kit.clock.advance(10_000)
    await eventually(() =>
      expect(told()).toEqual(['executionDuration firing high', 'executionDuration firing critical', 'executionDuration resolved high']),
    )
    for (const { headers, body } of posts) {
      const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': signature } = headers
      expect(signature).toBe(
        `v1,${createHmac('sha256', SECRET)
          .update(`${String(id)}.${String(time)}.${body}`)
          .digest('base64')}`,
      )
    }
    expect(new Set(posts.map(({ headers }) => headers['webhook-id'])).size).toBe(3)
  })

  it('is told again until it takes it, in the order in which alerts were announced', async () => {
    answers = () => (posts.length <= 2 ? 503 : 200)
    const kit = await kitWith(
      { work: async () => await kit.clock.sleep('90s') },
      { monitoring: monitoring(), workflow: { defaultTimeout: '1h' } },
    )
    await kit.run(long)
    await eventually(async () => {
      await kit.clock.advance(2000)
      expect(posts).toHaveLength(5)
    })
    expect(told()).toEqual([
      ...Array<string>(3).fill('executionDuration firing high'),
      'executionDuration firing critical',
      'executionDuration resolved high',
    ])
    expect(new Set(posts.slice(0, 3).map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  })

  it('is told by the next process of what this one could not tell', async () => {
    answers = () => 500
    const kit = await kitWith(
      { work: async () => await kit.clock.sleep('90s') },
      { storage: 'file', monitoring: monitoring(), workflow: { defaultTimeout: '1h' } },
    )
    await kit.run(long)
    await eventually(() => expect(posts.length).toBeGreaterThan(0))
    const [first] = posts
    await kit.crash()
    answers = () => 200
    posts = []
    await kit.reopen()
    await eventually(() => expect(told()[0]).toBe('executionDuration firing high'))
    expect(posts[0]?.headers['webhook-id']).toBe(first?.headers['webhook-id'])
  })

  it.each([
    ['http://127.0.0.1:1/x', 'is inside this machine'],
    ['https://10.0.0.1/x', 'is inside this machine'],
    ['http://example.com/x', 'is not encrypted'],
    ['nowhere', 'the address is none'],
  ])('at %s is refused', (url, why) => {
    const config = { monitoring: { notify: { webhook: { url, secret: SECRET } } } }
    const error = thrownBy(() => new MultiAgentOrchestrator(config)) as ValidationError
    expect(error.code).toBe('ERR_CONFIG')
    expect(error.issues[0]).toMatchObject({ path: 'monitoring.notify.webhook.url' })
    expect(error.issues[0]?.message).toContain(why)
  })
})
