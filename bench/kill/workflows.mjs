// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What is running when the process is killed: small graphs of several shapes, in which some attempts fail.

export const AGENT = 'worker'

/** `failures` is how many attempts of a task fail, of `ATTEMPTS`; a task with as many fails for good. */
const ATTEMPTS = 3
const retryPolicy = { maxAttempts: ATTEMPTS, backoffType: 'exponential', initialDelay: 4 }

const task = (id, dependencies, failures = 0) => ({
  id,
  name: id,
  agentId: AGENT,
  dependencies,
  retryPolicy,
  input: { data: { failures } },
})

const numbers = (count) => Array.from({ length: count }, (_, place) => place)

const graphs = {
  chain: numbers(8).map((place) => task(`t${place}`, place === 0 ? [] : [`t${place - 1}`], place % 3 === 1 ? 1 : 0)),
  fan: [
    task('a', []),
    ...numbers(10).map((place) => task(`m${place}`, ['a'], place === 4 ? 2 : 0)),
    task(
      'z',
      numbers(10).map((place) => `m${place}`),
    ),
  ],
  layers: numbers(12).map((index) => {
    const [layer, place] = [Math.floor(index / 3), index % 3]
    const above = layer === 0 ? [] : [`l${layer - 1}w${place}`, `l${layer - 1}w${(place + 1) % 3}`]
    return task(`l${layer}w${place}`, above, index === 7 ? 1 : 0)
  }),
  diamonds: numbers(3).flatMap((place) => [
    task(`top${place}`, place === 0 ? [] : [`bottom${place - 1}`]),
    task(`left${place}`, [`top${place}`], 1),
    task(`right${place}`, [`top${place}`]),
    task(`bottom${place}`, [`left${place}`, `right${place}`]),
  ]),
  doomed: [task('a', []), task('b', ['a']), task('fails', ['a'], ATTEMPTS), task('after', ['fails', 'b'])],
}

export const workflows = Object.entries(graphs).map(([id, tasks]) => ({ id, name: id, version: '1', tasks }))

/** How an execution of the workflow must end. */
export function endOf(workflowId) {
  return workflowId === 'doomed' ? 'failed' : 'completed'
}

/** The dependencies of each task of the workflow, by id. */
export function dependenciesOf(workflowId) {
  return new Map(graphs[workflowId].map(({ id, dependencies }) => [id, dependencies]))
}
