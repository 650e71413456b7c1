// SPDX-License-Identifier: LicenseRef-NIA-Proprietary

import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['__test__/**/*.spec.ts'],
    // The tests load the built package by its own name, as a user would, so Node itself must load it, untransformed.
    server: { deps: { external: [/[\\/]dist[\\/]/] } },
    // A crash of the addon ends one process, not the run.
    pool: 'forks',
    testTimeout: 30_000,
  },
})
