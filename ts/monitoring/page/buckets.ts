// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What time goes into, as pages show it: work is filled and waiting is hatched, which is told without colours.

/** In the words of the engine (`analytics::Bucket`), in the order in which they are shown. */
export const BUCKETS = [
  { name: 'model', title: 'models', light: '#0072b2', dark: '#56b4e9', waits: false },
  { name: 'tool', title: 'tools', light: '#00795a', dark: '#2bbf92', waits: false },
  { name: 'code', title: 'agents', light: '#4a5568', dark: '#a0aec0', waits: false },
  { name: 'child', title: 'child workflows', light: '#7b4fa3', dark: '#b794f4', waits: false },
  { name: 'failed', title: 'failed attempts', light: '#c0392b', dark: '#ff7b6b', waits: false },
  { name: 'backoff', title: 'backoff', light: '#c0392b', dark: '#ff7b6b', waits: true },
  { name: 'rateLimit', title: 'rate limits', light: '#0072b2', dark: '#56b4e9', waits: true },
  { name: 'queue', title: 'places of agents', light: '#b35900', dark: '#f0a04b', waits: true },
  { name: 'signal', title: 'signals', light: '#a3387a', dark: '#e08ac0', waits: true },
  { name: 'timer', title: 'timers', light: '#6b6b00', dark: '#c9c94a', waits: true },
  { name: 'pause', title: 'pauses', light: '#4a5568', dark: '#a0aec0', waits: true },
  { name: 'persist', title: 'the store', light: '#00795a', dark: '#2bbf92', waits: true },
  { name: 'scheduler', title: 'the engine', light: '#7b4fa3', dark: '#b794f4', waits: true },
] as const

export type Bucket = (typeof BUCKETS)[number]['name']

const BY_NAME = new Map<string, (typeof BUCKETS)[number]>(BUCKETS.map((bucket) => [bucket.name, bucket]))

export function bucketOf(name: Bucket): (typeof BUCKETS)[number] {
  return BY_NAME.get(name) as (typeof BUCKETS)[number]
}
