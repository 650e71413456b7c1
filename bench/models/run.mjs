// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What models cost beyond what they cost anyway: the request, the choice, memory.

import { measureOverhead } from './overhead.mjs'
import { startServer } from './processes.mjs'
import { measureSelection } from './selection.mjs'
import { measureStreams } from './streams.mjs'
import { renderBounds, renderPart } from './table.mjs'

const MEASURES = { overhead: measureOverhead, selection: measureSelection, streams: measureStreams }
export const MODEL_PARTS = Object.keys(MEASURES)

/** Measures the wanted parts and prints them; how many bounds were missed. */
export async function measureModels(options, terminal) {
  const server = await startServer()
  const bounds = []
  try {
    for (const part of options.parts) {
      const measured = await MEASURES[part](server.url, options, terminal)
      terminal.print('', ...renderPart(measured))
      bounds.push(...measured.bounds)
    }
  } finally {
    server.end()
  }
  const { missed, lines } = renderBounds(bounds)
  terminal.print('', ...lines)
  return missed
}
