// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a process says before it goes on, so that it has been said when the process dies: one write to an append-only file per line.

import { createHash } from 'node:crypto'
import { openSync, readFileSync, writeSync } from 'node:fs'

/** Opens the log of process number `life`; the answer writes one line. */
export function openLog(path, life) {
  const file = openSync(path, 'a')
  return (what, fields) => {
    const line = Buffer.from(`${JSON.stringify({ life, what, ...fields })}\n`)
    if (writeSync(file, line) !== line.length) throw new Error(`${path} took half a line`)
  }
}

/** Every line that was written, in order. */
export function readLog(path) {
  const text = readFileSync(path, 'utf8')
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line))
}

/** A short name of JSON data: equal for equal data only. */
export function hashOf(value) {
  return createHash('sha256').update(canonical(value)).digest('base64url').slice(0, 16)
}

/** The order of keys says nothing. */
function canonical(value) {
  const sort = (_key, member) =>
    isRecord(member) ? Object.fromEntries(Object.entries(member).toSorted(([one], [other]) => (one < other ? -1 : 1))) : member
  return JSON.stringify(value, sort) ?? 'undefined'
}

const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
