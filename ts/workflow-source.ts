// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where a workflow that is data comes from: an object, a text, or a file; JSON or YAML.

import { readFile } from 'node:fs/promises'
import { LineCounter, parseDocument } from 'yaml'
import { ValidationError } from './errors.js'

/** The value that `source` stands for, not judged yet. */
export async function readSource(source: unknown): Promise<unknown> {
  if (typeof source === 'object' && source !== null && !(source instanceof URL)) return source
  if (typeof source !== 'string' && !(source instanceof URL)) {
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'the workflow cannot be read', [
      { path: 'source', message: 'must be a path, a file: URL, JSON or YAML text, or a plain object' },
    ])
  }
  const isText = typeof source === 'string' && (source.trimStart().startsWith('{') || source.includes('\n'))
  const text = isText ? source : await readText(source)
  // What begins like an object of JSON is meant to be one, and YAML would explain its mistakes in terms of YAML.
  return text.trimStart().startsWith('{') ? readJson(text) : readYaml(text)
}

async function readText(source: string | URL): Promise<string> {
  try {
    return await readFile(typeof source === 'string' && source.startsWith('file:') ? new URL(source) : source, 'utf8')
  } catch (cause) {
    const issue = { path: 'source', message: `\`${String(source)}\` cannot be read: ${(cause as Error).message}` }
    throw new ValidationError('ERR_INVALID_ARGUMENT', 'the workflow cannot be read', [issue], { cause })
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw unreadable([`not JSON: ${(cause as Error).message}`], cause)
  }
}

/** The core schema of YAML 1.2: `no` is a text, dates are texts; what cannot be JSON is refused, and aliases are bounded. */
function readYaml(text: string): unknown {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true, logLevel: 'silent' })
  const problems = [...document.errors, ...document.warnings].map(({ message, pos: [offset] }) => {
    const { line, col } = lines.linePos(offset)
    return `not YAML: line ${line}, column ${col}: ${message}`
  })
  if (problems.length > 0) throw unreadable(problems, document.errors[0])
  try {
    return document.toJS({ maxAliasCount: 100 }) as unknown
  } catch (cause) {
    throw unreadable([`not YAML: ${(cause as Error).message}`], cause)
  }
}

function unreadable(messages: readonly string[], cause: unknown): ValidationError {
  const issues = messages.map((message) => ({ path: '', message }))
  return new ValidationError('ERR_VALIDATION', 'the workflow cannot be read', issues, { cause })
}
