// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What there is to say of a whole store.

/** Something in a store that cannot be read. */
export interface DamagedRow {
  readonly id: string
  /** Why. */
  readonly message: string
}

/** What `verifyStore` finds. */
export interface StoreReport {
  /** Whether nothing is damaged. */
  readonly sound: boolean
  /** Whether its pages have checksums. Those of a store that an older version made have none: damage of them is found only where it shows. */
  readonly checksums: boolean
  /** Pages of the file that are not as they were written, from 1; a page has 8192 bytes. */
  readonly pages: readonly number[]
  /** What is wrong with the log, or null. */
  readonly log: string | null
  /** Why the store cannot be opened, or not be looked at to its end, or null. */
  readonly structure: string | null
  readonly executions: readonly DamagedRow[]
  readonly schedules: readonly DamagedRow[]
  /** Cached outputs that cannot be read; one that is damaged may hide others. */
  readonly cache: number
  /** The same of idempotency keys. */
  readonly keys: number
  /** Values of more than 64 KiB that cannot be read; executions that have them are among `executions` too. */
  readonly values: number
}
