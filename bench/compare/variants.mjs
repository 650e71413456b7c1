// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is measured in this process, in the order of the table.

import { listen, MissingError, openOurs, POOL, workflowOf } from './ours.mjs'
import { runPlain } from './plain.mjs'
import { check } from './shapes.mjs'

export const LEVELS = ['plain', 'memory', 'os', 'disk', 'file']

/** The rows of the table; `level` is what `--only` selects by. */
export const ROWS = [
  { variant: 'plain', level: 'plain', label: 'plain JavaScript' },
  { variant: 'memory', level: 'memory', label: 'memory' },
  { variant: 'memory start', level: 'memory', label: '  startWorkflow' },
  { variant: 'memory fresh', level: 'memory', label: '  definition anew' },
  { variant: 'memory pool', level: 'memory', label: '  1,024 agents' },
  { variant: 'memory heard', level: 'memory', label: '  with listeners' },
  { variant: 'os', level: 'os', label: "'os'" },
  { variant: 'os heard', level: 'os', label: '  with listeners' },
  { variant: 'disk', level: 'disk', label: "'disk'" },
  { variant: 'disk heard', level: 'disk', label: '  with listeners' },
  { variant: 'file', level: 'file', label: 'append + fdatasync' },
]

/** In a round `disk` and `file` are neighbours: what the medium does to one it mostly does to the other. */
const ORDER = [
  'plain',
  'memory',
  'memory start',
  'memory fresh',
  'memory pool',
  'memory heard',
  'os',
  'os heard',
  'disk heard',
  'disk',
  'file',
]

/** How one cell is measured: a function per variant that runs `shape` once, and how to end it all. */
export async function openVariants(levels, shape, folder) {
  const variants = []
  const missing = new Map()
  const open = []
  if (levels.includes('plain')) variants.push({ variant: 'plain', once: () => runPlain(shape.tasks), answers: (answers) => answers })
  for (const level of levels.filter((name) => name !== 'plain')) {
    try {
      const orchestrator = await openOurs(level, folder)
      open.push(orchestrator)
      variants.push(...variantsOf(level, orchestrator, workflowOf(shape)))
      if (level !== 'memory') continue
      const pool = await openOurs(level, folder, POOL)
      open.push(pool)
      variants.push(variantOf('memory pool', pool, workflowOf(shape)))
    } catch (error) {
      if (level !== 'file') throw error
      missing.set(level, error instanceof MissingError ? error.message : `the store could not be opened: ${error.message}`)
    }
  }
  for (const { once, answers } of variants) {
    const found = answers(await once())
    check(shape, (id) => found[id])
  }
  const close = () => Promise.all(open.map((orchestrator) => orchestrator.shutdown()))
  return { variants: inOrder(variants), missing, close }
}

function variantOf(variant, orchestrator, workflow) {
  return { variant, once: () => orchestrator.executeWorkflow(workflow), answers: ({ results }) => results }
}

function variantsOf(level, orchestrator, workflow) {
  const known = variantOf(level, orchestrator, workflow)
  const { answers } = known
  const variants = [known]
  if (level === 'file') return variants
  variants.push({ ...known, variant: `${level} heard`, begin: () => listen(orchestrator) })
  if (level !== 'memory') return variants
  const start = async () => (await orchestrator.startWorkflow(workflow)).result()
  // Another object is read and validated from the beginning.
  const fresh = () => orchestrator.executeWorkflow({ ...workflow })
  return [...variants, { variant: 'memory start', once: start, answers }, { variant: 'memory fresh', once: fresh, answers }]
}

function inOrder(variants) {
  const place = ({ variant }) => ORDER.indexOf(variant)
  return variants.toSorted((one, other) => place(one) - place(other))
}
