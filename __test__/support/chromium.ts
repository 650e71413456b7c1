// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// A real browser: that of `npm run test:servers`, or none.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser } from 'playwright-core'

const root = new URL('../../', import.meta.url).pathname
const unpacked = join(root, 'target/servers/chromium/usr/lib')
const program = join(unpacked, 'chromium/chromium')

/** Whether it was brought. Tests that need it are left out otherwise, and say so. */
export const hasChromium = existsSync(program)

export function openChromium(): Promise<Browser> {
  const libraries = join(unpacked, 'x86_64-linux-gnu')
  const path = [libraries, join(libraries, 'pulseaudio'), process.env['LD_LIBRARY_PATH']].filter((part) => part !== undefined).join(':')
  return chromium.launch({ executablePath: program, args: ['--no-sandbox'], env: { ...process.env, LD_LIBRARY_PATH: path } as never })
}
