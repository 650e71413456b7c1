// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A workflow as its author changes it between two runs.

/** The workflow with another input of each task that keeps its output, also in workflows that are written into it. */
export function changed<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(changed) as T
  const made: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) made[key] = changed(member)
  if ('cache' in value) {
    const { data } = made['input'] as { data: object }
    made['input'] = { data: { ...data, said: 'said otherwise' } }
  }
  return made as T
}
