// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What `redis` may say, and what a caller hears of what it may not, without the passwords that it holds.

import { describe, expect, it } from 'vitest'
import { readConfig } from '../../ts/config/config.ts'
import type { ResolvedRedis } from '../../ts/config/redis.ts'
import { NO_RETENTION } from '../../ts/config/retention.ts'
import type { Issue } from '../../ts/api/issue.ts'

function read(redis: unknown): { redis: ResolvedRedis | null; issues: string[] } {
  const issues: Issue[] = []
  const config = readConfig({ redis }, issues)
  return { redis: config.redis, issues: issues.map(({ path, message, code }) => `${code} ${path}: ${message}`) }
}

function resolved(redis: unknown): ResolvedRedis | null {
  const { redis: found, issues } = read(redis)
  expect(issues).toEqual([])
  return found
}

const usual = {
  host: 'localhost',
  port: 6379,
  username: null,
  password: null,
  db: 0,
  tls: null,
  namespace: 'default',
  acknowledge: 'reply',
  patience: 30_000,
  memory: { ended: null },
  retention: NO_RETENTION,
}
const trusted = { ca: null, cert: null, key: null }
const PEM = '-----BEGIN CERTIFICATE-----\n…'

describe('redis', () => {
  it.each<[string, unknown, object]>([
    ['the documented form', { host: 'localhost', port: 6379 }, {}],
    ['nothing', {}, {}],
    [
      'every field',
      {
        host: 'r',
        port: 1,
        username: 'u',
        password: 'p',
        db: 2,
        tls: true,
        namespace: 'a.b-c_D',
        acknowledge: 'replicated',
        patience: '5s',
      },
      {
        host: 'r',
        port: 1,
        username: 'u',
        password: 'p',
        db: 2,
        tls: trusted,
        namespace: 'a.b-c_D',
        acknowledge: 'replicated',
        patience: 5000,
      },
    ],
    ['certificates', { tls: { ca: PEM, cert: PEM, key: PEM } }, { tls: { ca: PEM, cert: PEM, key: PEM } }],
    ['no encryption', { tls: false }, {}],
    ['a URL', { url: 'redis://cache.test' }, { host: 'cache.test' }],
    [
      'a URL with everything',
      { url: 'rediss://us%40er:p%2Fw%3F@10.0.0.1:6380/3', namespace: 'x' },
      {
        host: '10.0.0.1',
        port: 6380,
        username: 'us@er',
        password: 'p/w?',
        db: 3,
        tls: trusted,
        namespace: 'x',
      },
    ],
    ['a URL with a password alone', { url: 'redis://:pw@h' }, { host: 'h', password: 'pw' }],
    ['an address of IPv6', { url: 'redis://[::1]:7000' }, { host: '::1', port: 7000 }],
    ['an encrypted URL with an authority', { url: 'rediss://h', tls: { ca: PEM } }, { host: 'h', tls: { ...trusted, ca: PEM } }],
  ])('takes %s', (_, redis, differs) => {
    expect(resolved(redis)).toEqual({ ...usual, ...differs })
  })

  it.each<[unknown, string[]]>([
    ['redis://:secret@h', ['redis: must be an object: { url } takes a text such as redis://host:6379']],
    [7, ['redis: must be an object, not 7']],
    [
      { port: 0, hosts: 'x' },
      ['redis.port: must be a whole number from 1 to 65535, not 0', 'redis.hosts: unknown field; did you mean `host`?'],
    ],
    [{ host: 'redis://:secret@h' }, ['redis.host: must be a name or an address alone; an address with `://` goes into `url`']],
    [{ password: 4711 }, ['redis.password: must be a non-empty string; leave it out where there is none']],
    [{ username: '' }, ['redis.username: must be a non-empty string; leave it out where there is none']],
    [{ db: -1 }, ['redis.db: must be a whole number from 0 to 65535, not -1']],
    [{ namespace: 'a:b' }, ['redis.namespace: must be 1 to 64 of the letters A-Z a-z 0-9 . _ -']],
    [{ acknowledge: 'replicate' }, ["redis.acknowledge: must be 'reply' or 'replicated' (did you mean 'replicated'?), not 'replicate'"]],
    [{ patience: 0 }, ['redis.patience: must be at least 1 ms, not 0']],
    [{ tls: 'yes' }, ["redis.tls: must be an object, not 'yes'"]],
    [
      { tls: { ca: 'ca.pem', cert: PEM } },
      [
        'redis.tls.ca: must be a text that holds `-----BEGIN`, as files in the form PEM do: read the file',
        'redis.tls: `cert` and `key` go together',
      ],
    ],
    [
      { url: 'redis://h', port: 1, password: 'secret' },
      ['redis.port: is said by `url` already: leave one of them out', 'redis.password: is said by `url` already: leave one of them out'],
    ],
    [{ url: 'rediss://h', tls: false }, ['redis.tls: must be as `url` says it: rediss:// is encrypted, redis:// is not']],
    [{ url: 'redis://h', tls: true }, ['redis.tls: must be as `url` says it: rediss:// is encrypted, redis:// is not']],
    [{ url: 'redis://h?db=1' }, ['redis.url: must not have `?` or `#`: a password that holds them is written with %3F and %23']],
  ])('refuses %j', (redis, expected) => {
    expect(read(redis).issues.map((issue) => issue.replace(/^ERR_\w+ /, ''))).toEqual(expected)
    expect(read(redis).issues.join()).not.toMatch(/secret|4711/)
  })

  it.each(['h:6379', 'http://:secret@h', 'redis://', 'redis:///1', 'redis://h/one', 'redis://h/99999', 'redis://:%zz@h', 7])(
    'refuses %j as a URL',
    (url) => {
      const must = 'redis.url: must be a URL such as redis://user:password@host:6379/0, or rediss://… for an encrypted connection'
      expect(read({ url }).issues).toEqual([`ERR_INVALID_VALUE ${must}`])
    },
  )

  it('does not stand beside `storage`', () => {
    const issues: Issue[] = []
    readConfig({ storage: { path: 'x.db' }, redis: {} }, issues)
    expect(issues).toEqual([{ path: 'redis', message: 'cannot stand beside `storage`: leave one of them out', code: 'ERR_INVALID_VALUE' }])
  })
})
