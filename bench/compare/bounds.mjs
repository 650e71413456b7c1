// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What the figures must be. Each bound is on a ratio of times per task, `variant` over `base`, in one cell.

const memory = (shape, concurrency, most) => ({ shape, concurrency, variant: 'memory', base: 'plain', most })
/** Another way of doing what `memory` does. */
const way = (variant, concurrency, most) => ({ shape: 'fan100', concurrency, variant: `memory ${variant}`, base: 'memory', most })
const os = (shape) => ({ shape, concurrency: 100, variant: 'os', base: 'memory', most: 3 })
/** Tasks per second of `'disk'` over those of the file are times of the file over those of `'disk'`. */
const disk = (shape) => ({ shape, concurrency: 100, variant: 'file', base: 'disk', least: 0.85 })
/** One that is durable, beside `'disk'`: each answer is on the medium before what waits for it begins. */
const durable = (variant, shape, concurrency, least) => ({ shape, concurrency, variant, base: 'disk', least })
const peer = (variant, concurrency, least) => ({ shape: 'fan100', concurrency, variant, base: 'memory', least })

export const BOUNDS = [
  memory('fan100', 100, 4),
  memory('chain100', 100, 6),
  memory('chain100', 1, 20),
  way('pool', 100, 1.15),
  way('fresh', 100, 6),
  way('heard', 100, 2.5),
  way('heard', 1, 2.5),
  os('fan100'),
  os('chain100'),
  disk('fan100'),
  disk('chain100'),
  ...['dbos', 'restate'].flatMap((variant) => [durable(variant, 'fan100', 100, 5), durable(variant, 'chain100', 1, 2)]),
  ...[1, 100].flatMap((concurrency) => [peer('langgraph', concurrency, 100), peer('mastra', concurrency, 20)]),
]

export function boundOn(shape, concurrency, variant, base) {
  return BOUNDS.find(
    (bound) => bound.shape === shape && bound.concurrency === concurrency && bound.variant === variant && bound.base === base,
  )
}

/** Whether `ratio` keeps the bound, in a word too, and the bound itself. */
export function judge({ most, least }, ratio) {
  const met = most === undefined ? ratio >= least : ratio <= most
  return { met, word: met ? 'ok' : 'MISSED', range: most === undefined ? `≥ ${least}` : `≤ ${most}` }
}
