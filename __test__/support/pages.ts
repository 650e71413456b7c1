// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Stores as bytes. Each page of a store ends with a checksum, so that a byte that was changed is found before what it says is read.

export const PAGE_BYTES = 8192

/** What stands in place of a checksum where another program has moved the log of a store into its file. */
const MARK = Buffer.from('unsummed')

/** A store whose pages have no checksums: what is damaged in it is found by what it says alone. */
export function withoutSums(store: Buffer): Buffer {
  for (let end = PAGE_BYTES; end <= store.length; end += PAGE_BYTES) MARK.copy(store, end - MARK.length)
  return store
}
