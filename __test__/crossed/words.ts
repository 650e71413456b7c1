// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// Values as they are compared.

/** What loops collect of failures, without their words. */
export function withoutMessages(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, member: unknown) => {
    if (typeof member !== 'object' || member === null || !('code' in member) || !('message' in member)) return member
    const { message: __, ...rest } = member
    return rest
  })
}
