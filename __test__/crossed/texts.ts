// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What becomes of texts: half a surrogate pair is mended where data enters, and `{{ }}` is filled in once.

/** What a template sees. */
export interface Scope {
  readonly context: Record<string, unknown>
  readonly tasks: Record<string, { status: string; output: unknown }>
  readonly vars: Record<string, unknown>
}

/** Data as it is once it has entered: JSON, well-formed. */
export function mended(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, member: unknown) => {
    if (typeof member === 'string') return member.toWellFormed()
    if (typeof member !== 'object' || member === null || Array.isArray(member)) return member
    const fields: Record<string, unknown> = {}
    for (const [key, inner] of Object.entries(member)) {
      Object.defineProperty(fields, key.toWellFormed(), { value: inner, enumerable: true, configurable: true, writable: true })
    }
    return fields
  })
}

/** Data with its templates filled in. */
export function rendered(value: unknown, scope: Scope): unknown {
  if (typeof value === 'string') return text(value, scope)
  if (Array.isArray(value)) return value.map((entry) => rendered(entry, scope))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, rendered(member, scope)]))
}

function text(template: string, scope: Scope): unknown {
  const whole = /^\{\{ ([^}]*) \}\}$/.exec(template)
  if (whole !== null) return valueOf(whole[1] as string, scope)
  return template.replaceAll(/\{\{ ([^}]*) \}\}/g, (_, path: string) => {
    const value = valueOf(path, scope)
    return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : JSON.stringify(value)
  })
}

function valueOf(path: string, { context, tasks, vars }: Scope): unknown {
  const task = /^tasks\['([^']*)'\]\.(\w+)$/.exec(path)
  if (task !== null) return (tasks[task[1] as string] as unknown as Record<string, unknown>)[task[2] as string]
  const field = /^context\.(\w+)$/.exec(path)
  return field === null ? vars[path] : context[field[1] as string]
}
