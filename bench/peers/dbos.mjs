// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// DBOS on PostgreSQL: a workflow is a function, each task a step of it whose answer is a row before the function goes on.

import { DBOS } from '@dbos-inc/dbos-sdk'
import { agent, check, levelsOf } from '../compare/shapes.mjs'
import { versionOf } from './version.mjs'

const CONNECTIONS = 20

export async function open(shapes, port) {
  const quiet = { info() {}, debug() {}, warn() {}, error: console.error }
  DBOS.setConfig({
    name: 'bench',
    systemDatabaseUrl: `postgresql://bench@127.0.0.1:${port}/bench`,
    systemDatabasePoolSize: CONNECTIONS,
    logger: quiet,
  })
  const runs = new Map(shapes.map((shape) => [shape.name, { once: runOf(shape), tasks: shape.tasks.length }]))
  await DBOS.launch()
  return { version: versionOf('@dbos-inc/dbos-sdk'), note: `: on PostgreSQL, each commit flushed, ${CONNECTIONS} connections.`, runs }
}

function runOf(shape) {
  const levels = levelsOf(shape)
  const workflow = DBOS.registerWorkflow(
    async () => {
      const answers = {}
      for (const level of levels) {
        const steps = level.map(({ id, dependencies }) => DBOS.runStep(() => agent(answers[dependencies[0]]), { name: id }))
        for (const [place, answer] of (await Promise.all(steps)).entries()) answers[level[place].id] = answer
      }
      return answers
    },
    { name: shape.name },
  )
  return async () => {
    const answers = await workflow()
    check(shape, (id) => answers[id])
  }
}
