// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// LangGraph.js: a node per task, the answers in one state that is merged by id. In memory, without a checkpointer.

import { Annotation, END, START, StateGraph } from '@langchain/langgraph'
import { agent, check } from '../compare/shapes.mjs'
import { versionOf } from './version.mjs'

const State = Annotation.Root({
  answers: Annotation({ reducer: (before, after) => ({ ...before, ...after }), default: () => ({}) }),
})

export async function open(shapes) {
  const runs = new Map(shapes.map((shape) => [shape.name, { once: runOf(shape), tasks: shape.tasks.length }]))
  return { version: versionOf('@langchain/langgraph'), note: ': in memory, no checkpointer.', runs }
}

function runOf(shape) {
  const graph = new StateGraph(State)
  const waitedFor = new Set(shape.tasks.flatMap(({ dependencies }) => dependencies))
  for (const { id, dependencies } of shape.tasks) {
    graph.addNode(id, async ({ answers }) => ({ answers: { [id]: await agent(answers[dependencies[0]]) } }))
  }
  for (const { id, dependencies } of shape.tasks) {
    graph.addEdge(dependencies.length === 0 ? START : dependencies.length === 1 ? dependencies[0] : dependencies, id)
    if (!waitedFor.has(id)) graph.addEdge(id, END)
  }
  const compiled = graph.compile()
  return async () => {
    const { answers } = await compiled.invoke({}, { recursionLimit: 1000 })
    check(shape, (id) => answers[id])
  }
}
