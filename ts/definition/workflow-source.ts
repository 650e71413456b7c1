// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Where a workflow that is data comes from: an object, a text, or a file; JSON or YAML.
//
// What a path leads to may be anything that the process can read, and an error goes to whoever named the path. So nothing of what was read is in an
// error before it has shown itself to be a workflow: messages say where and what is wrong in words of ours.

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { looking } from '../json/entry.js'
import { ValidationError } from '../api/errors.js'
import { readWorkflow } from '../boundary/native.js'
import { readYaml } from './yaml.js'

/** A string to read as a workflow, whatever it looks like. */
export interface WorkflowText {
  /** JSON or YAML 1.2. */
  readonly text: string
}

/** A file to read as a workflow, whatever its name. */
export interface WorkflowFile {
  /** A path, or a `file:` URL. A regular file of JSON or YAML 1.2, of at most 1 MiB. */
  readonly file: string | URL
}

const TEXT_BYTES_MAX = 1 << 20
const TOO_LONG = 'more than 1 MiB; split the workflow, or run parts of it as child workflows'
const FILE_NAME = /\.(?:json|ya?ml)$/i
const FORMS =
  "give { text: '…' } for JSON or YAML, or { file: '…' } for a path; a string alone is read as text if it begins with `{` or has several lines, and a path if it ends in .json, .yaml or .yml"

/** The value that `source` stands for, not judged yet. */
export async function readSource(source: unknown): Promise<unknown> {
  return looking(source, 'source', 'the workflow cannot be read', () => readerOf(source))()
}

/** How what a source names is read; nothing of the source is looked at later. */
function readerOf(source: unknown): () => Promise<unknown> {
  if (typeof source === 'string') return () => readString(source)
  if (source instanceof URL) return async () => parsed(await readText(source))
  if (typeof source !== 'object' || source === null)
    throw refused('source', `must be a path, a file: URL, JSON or YAML text, or a plain object; ${FORMS}`)
  const [field, ...others] = Object.keys(source)
  if (others.length === 0 && field === 'text') {
    const { text } = source as { text: unknown }
    if (typeof text !== 'string') throw refused('source.text', 'must be a string of JSON or YAML')
    return () => parsed(text)
  }
  if (others.length === 0 && field === 'file') {
    const { file } = source as { file: unknown }
    if (!(file instanceof URL) && (typeof file !== 'string' || file === '')) throw refused('source.file', 'must be a path or a file: URL')
    return async () => parsed(await readText(file))
  }
  return async () => source
}

async function readString(source: string): Promise<unknown> {
  if (source.trimStart().startsWith('{') || /[\n\r]/.test(source)) return parsed(source)
  if (FILE_NAME.test(source)) return parsed(await readText(source))
  throw refused('source', `is neither a string of several lines nor the name of a .json, .yaml or .yml file; ${FORMS}`)
}

/** What a text says; that it is a workflow is shown by its tasks. */
async function parsed(text: string): Promise<unknown> {
  if (text.length > TEXT_BYTES_MAX || Buffer.byteLength(text) > TEXT_BYTES_MAX) throw unreadable([`it has ${TOO_LONG}`])
  // What begins like an object of JSON is meant to be one, and YAML would explain its mistakes in terms of YAML.
  const value = text.trimStart().startsWith('{') ? readJson(text) : await readYamlValue(text)
  const isWorkflow = typeof value === 'object' && value !== null && Array.isArray((value as { tasks?: unknown }).tasks)
  if (!isWorkflow) throw unreadable(['it is not a workflow: an object with `id` and `tasks`, an array'])
  return value
}

/** The text of a regular file; nothing else is read, and nothing waits for a device or a pipe. */
async function readText(source: string | URL): Promise<string> {
  const name = `\`${String(source)}\` cannot be read`
  try {
    const url = typeof source === 'string' && source.startsWith('file:') ? new URL(source) : source
    const file = await open(url, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0))
    try {
      const stat = await file.stat()
      if (!stat.isFile()) throw new Error('it is not a regular file')
      // It may be longer than it says, as files of /proc are.
      const bytes = Buffer.alloc(TEXT_BYTES_MAX + 1)
      let length = 0
      for (let read = 1; read > 0 && length < bytes.length; length += read)
        read = (await file.read(bytes, length, bytes.length - length)).bytesRead
      if (length > TEXT_BYTES_MAX) throw new Error(`it has ${TOO_LONG}`)
      return decoded(bytes.subarray(0, length))
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw refused('source', `${name}: ${(cause as Error).message}`, cause)
  }
}

function decoded(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new Error('it is not UTF-8 text')
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw unreadable([`not JSON: ${jsonMistake(text)}`])
  }
}

/** What is wrong with a text that is not JSON, and where: JavaScript's own message repeats a part of the text, that of the engine does not. */
function jsonMistake(text: string): string {
  const reading = readWorkflow(text, { tasksMax: 0, depthMax: 0, defaultTimeout: 0, checked: false })
  const [first] = JSON.parse(reading.problems()) as { message: string }[]
  const said = 'the definition is not JSON: '
  return first?.message.startsWith(said) === true ? first.message.slice(said.length) : 'it has a mistake, or is nested too deep'
}

async function readYamlValue(text: string): Promise<unknown> {
  const reading = await readYaml(text)
  if ('problems' in reading) throw unreadable(reading.problems)
  return reading.value
}

function refused(path: string, message: string, cause?: unknown): ValidationError {
  return new ValidationError('ERR_INVALID_ARGUMENT', 'the workflow cannot be read', [{ path, message }], { cause })
}

function unreadable(messages: readonly string[]): ValidationError {
  const issues = messages.map((message) => ({ path: '', message }))
  return new ValidationError('ERR_VALIDATION', 'the workflow cannot be read', issues)
}
