// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The graphs everybody runs, and the agent of every task in them.

const payload = { text: 'x'.repeat(180), n: 1 }

/** Does nothing, and counts: `input` is what the first dependency answered. */
export const agent = async (input) => ({ ...payload, n: (input?.n ?? 0) + 1 })

/** The first of `answers`, which are by id in the order of the dependencies. */
export function firstOf(answers) {
  for (const id in answers) return answers[id]
  return undefined
}

export const shapes = [
  { name: 'fan100', title: '1 task, then 100, then 1', tasks: fanOut(100) },
  { name: 'chain100', title: '100 tasks, one after the other', tasks: chain(100) },
  { name: 'layered10x10', title: '10 layers of 10 tasks, each waits for 2 of the layer above', tasks: layered(10, 10) },
].map((shape) => ({ ...shape, counts: countsOf(shape.tasks) }))

/** Throws unless `answerOf(id)` is, for every task of `shape`, what its agent must have made of the answers before. */
export function check(shape, answerOf) {
  for (const [id, n] of shape.counts) {
    const answer = answerOf(id)
    if (answer?.n !== n) throw new Error(`task ${id} of ${shape.name} should have counted to ${n}, not ${answer?.n}`)
    if (answer.text !== payload.text) throw new Error(`task ${id} of ${shape.name} lost its text`)
  }
}

/** The tasks by their distance from the start. */
export function levelsOf(shape) {
  const levels = []
  for (const task of shape.tasks) (levels[shape.counts.get(task.id) - 1] ??= []).push(task)
  return levels
}

function fanOut(width) {
  const middle = Array.from({ length: width }, (_, place) => ({ id: `m${place}`, dependencies: ['a'] }))
  return [{ id: 'a', dependencies: [] }, ...middle, { id: 'z', dependencies: middle.map(({ id }) => id) }]
}

function chain(length) {
  return Array.from({ length }, (_, place) => ({ id: `t${place}`, dependencies: place === 0 ? [] : [`t${place - 1}`] }))
}

function layered(layers, width) {
  const above = (layer, place) => `l${layer - 1}w${place % width}`
  return Array.from({ length: layers * width }, (_, index) => {
    const [layer, place] = [Math.floor(index / width), index % width]
    return { id: `l${layer}w${place}`, dependencies: layer === 0 ? [] : [above(layer, place), above(layer, place + 1)] }
  })
}

/** What each task counts to: one more than its first dependency, which is declared before it. */
function countsOf(tasks) {
  const counts = new Map()
  for (const { id, dependencies } of tasks) counts.set(id, (counts.get(dependencies[0]) ?? 0) + 1)
  return counts
}
