// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// BullMQ: a flow of jobs, which is a tree: a parent waits for its children. So fan100 lacks its first task and layered10x10 is left
// out. Jobs lie in Redis, and a parent reads its children's answers from there.

import { FlowProducer, Worker } from 'bullmq'
import { agent, firstOf } from '../compare/shapes.mjs'
import { versionOf } from './version.mjs'

const QUEUE = 'agents'
const CONCURRENCY = 256
const TREES = ['fan100', 'chain100']

export async function open(shapes, port) {
  const connection = { host: '127.0.0.1', port: Number(port), maxRetriesPerRequest: null }
  const flows = new FlowProducer({ connection })
  const ended = new Map()
  const process = async (job) => agent(job.data.children > 0 ? firstOf(await job.getChildrenValues()) : undefined)
  const worker = new Worker(QUEUE, process, { connection, concurrency: CONCURRENCY })
  worker.on('completed', ({ data }, answer) => {
    ended.get(data.run)?.resolve(answer)
    ended.delete(data.run)
  })
  worker.on('failed', (job, error) => {
    for (const { reject } of ended.values()) reject(error)
  })
  await worker.waitUntilReady()
  let started = 0
  const runOf = (shape) => {
    const { flow, jobs, depth } = treeOf(shape)
    const once = async () => {
      started += 1
      const run = `${started}`
      const answered = new Promise((resolve, reject) => ended.set(run, { resolve, reject }))
      await flows.add({ ...flow, data: { ...flow.data, run } })
      const { n } = await answered
      if (n !== depth) throw new Error(`the last job of ${shape.name} should have counted to ${depth}, not ${n}`)
    }
    return { once, tasks: jobs }
  }
  const runs = new Map(shapes.filter(({ name }) => TREES.includes(name)).map((shape) => [shape.name, runOf(shape)]))
  return {
    version: versionOf('bullmq'),
    note: ': one worker, Redis without persistence; fan100 without its first task, no layered10x10.',
    runs,
  }
}

/** The flow that ends with the last task; what several tasks wait for cannot be in a tree. */
function treeOf({ tasks }) {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const waiting = new Map()
  for (const id of tasks.flatMap(({ dependencies }) => dependencies)) waiting.set(id, (waiting.get(id) ?? 0) + 1)
  let jobs = 0
  const jobOf = ({ id, dependencies }) => {
    jobs += 1
    const below = dependencies.filter((dependency) => waiting.get(dependency) === 1).map((dependency) => jobOf(byId.get(dependency)))
    const depth = 1 + Math.max(0, ...below.map((child) => child.depth))
    const children = below.map(({ flow }) => flow)
    return { depth, flow: { name: id, queueName: QUEUE, data: { children: children.length }, opts: { removeOnComplete: true }, children } }
  }
  const { flow, depth } = jobOf(tasks.at(-1))
  return { flow, jobs, depth }
}
