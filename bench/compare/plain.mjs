// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The limit: promises and counts of open dependencies, nothing else. No journal, no events, no retries, no validation.

import { agent } from './shapes.mjs'

/** Runs the graph; resolves with the answers by id. */
export function runPlain(tasks) {
  const answers = {}
  const open = new Map(tasks.map(({ id, dependencies }) => [id, dependencies.length]))
  const followers = new Map(tasks.map(({ id }) => [id, []]))
  for (const task of tasks) for (const id of task.dependencies) followers.get(id).push(task)
  return new Promise((resolve, reject) => {
    let left = tasks.length
    const start = ({ id, dependencies }) => {
      agent(answers[dependencies[0]]).then((answer) => {
        answers[id] = answer
        left -= 1
        if (left === 0) return resolve(answers)
        for (const follower of followers.get(id)) {
          const rest = open.get(follower.id) - 1
          open.set(follower.id, rest)
          if (rest === 0) start(follower)
        }
      }, reject)
    }
    for (const task of tasks) if (task.dependencies.length === 0) start(task)
  })
}
