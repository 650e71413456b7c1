// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
export const create = () => ({ execute: ({ context }) => context.dependencies.a * 2 })
