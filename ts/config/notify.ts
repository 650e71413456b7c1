// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Who else is told of alerts: `monitoring.notify`.

import type { Issue } from '../api/issue.js'
import { boolean, readGroup, text, type Fields, type Read } from '../base/reader.js'

/** Who is told of alerts, beside listeners. */
export interface NotifyConfig {
  webhook?: WebhookConfig | undefined
}

/** An address that each alert is posted to, at least once. */
export interface WebhookConfig {
  /** Where to. It must be public and `https:`, unless `allowPrivate` is true; redirects are not followed. */
  url: string
  /** What the posts are signed with, so that the receiver knows whose they are: at least 16 characters, or `whsec_` and base64. */
  secret: string
  /** Whether `url` may be in a private network, or without TLS. Default false. */
  allowPrivate?: boolean | undefined
}

export interface ResolvedWebhook {
  readonly url: string
  readonly secret: string
  readonly allowPrivate: boolean
}

export interface ResolvedNotify {
  readonly webhook: ResolvedWebhook | null
}

export const NOTIFY: ResolvedNotify = { webhook: null }

const SECRET_MIN = 16

const secret: Read<string> = (value, path, issues) => {
  const given = text(value, path, issues)
  if (given === undefined || given.length >= SECRET_MIN) return given
  // The secret itself is told to no log.
  issues.push({
    path,
    message: `must have at least ${SECRET_MIN} characters: a program that guesses it can post alerts of its own`,
    code: 'ERR_INVALID_VALUE',
  })
  return undefined
}

const webhookFields: Fields<ResolvedWebhook> = { read: { url: text, secret, allowPrivate: boolean } }

const notifyFields: Fields<ResolvedNotify> = { read: { webhook: readWebhook } }

function readWebhook(value: unknown, path: string, issues: Issue[]): ResolvedWebhook {
  const before = issues.length
  const webhook = readGroup<ResolvedWebhook>(value, path, issues, webhookFields, { url: '', secret: '', allowPrivate: false })
  if (issues.length > before) return webhook
  for (const field of ['url', 'secret'] as const)
    if (webhook[field] === '') issues.push({ path: `${path}.${field}`, message: 'is required', code: 'ERR_INVALID_VALUE' })
  return webhook
}

export function readNotify(value: unknown, path: string, issues: Issue[]): ResolvedNotify {
  return readGroup<ResolvedNotify>(value, path, issues, notifyFields, NOTIFY)
}
