// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// What a caller keeps in AsyncLocalStorage reaches what works for it, and nothing else.

import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { storePath, temporaryFolder } from '../support/folder.ts'
import { orchestratorWith, task, until, workflow } from '../support/orchestrators.ts'

const store = new AsyncLocalStorage<string>()
const seen = (): string | undefined => store.getStore()

describe('what a caller keeps in AsyncLocalStorage', () => {
  it('reaches agents, also later in them, children, spawned tasks and listeners; and callers do not mix', async () => {
    const heard = new Map<string, Set<string | undefined>>()
    const hear = (what: string) => void heard.set(what, (heard.get(what) ?? new Set()).add(seen()))
    const orchestrator = orchestratorWith({
      work: async ({ id }, { spawn, emit }) => {
        const first = seen()
        emit('half way')
        await sleep(Math.random() * 5)
        if (id === 'parent') return [first, seen(), await spawn(task('spawned'))]
        return [first, seen()]
      },
    })
    for (const name of ['task:started', 'task:completed', 'task:progress', 'workflow:completed'] as const)
      orchestrator.on(name, () => hear(name))
    for (const name of ['agent:allocated', 'agent:released'] as const) orchestrator.agentPool.on(name, () => hear(name))
    const flow = workflow([
      task('a'),
      task('parent'),
      { id: 'child', name: 'child', workflow: { id: 'inner', name: 'Inner', version: '1', tasks: [task('b')] } },
    ])
    const callers = Array.from({ length: 10 }, (_, n) => `caller ${n}`)
    const ends = await Promise.all(callers.map((caller) => store.run(caller, () => orchestrator.executeWorkflow(flow))))
    ends.forEach(({ results }, n) => {
      const own = [callers[n], callers[n]]
      expect(results).toEqual({ a: own, parent: [...own, own], child: { b: own } })
    })
    for (const names of heard.values()) expect([...names].toSorted()).toEqual(callers)
    expect(heard.size).toBe(6)
  })

  it('reaches no instance, which is everybody’s', async () => {
    const found = new Set<string | undefined>()
    const orchestrator = orchestratorWith({}, { agents: { healthCheckInterval: 5 } })
    let checks = 0
    orchestrator.agentPool.registerAgentType('work', {
      create: () => {
        found.add(seen())
        return {
          execute: seen,
          healthCheck: () => {
            found.add(seen())
            return (checks += 1) > 1
          },
          dispose: () => void found.add(seen()),
        }
      },
    })
    for (const name of ['agent:created', 'agent:disposed', 'pool:scaled-up'] as const)
      orchestrator.agentPool.on(name, () => void found.add(seen()))
    const { results } = await store.run('me', () => orchestrator.executeWorkflow(workflow([task('a')])))
    expect(results).toEqual({ a: 'me' })
    await until(() => checks > 3)
    expect([...found]).toEqual([undefined])
  })

  it('reaches nothing that was recovered, whoever lets it go on', async () => {
    const storage = { path: storePath(temporaryFolder()), durability: 'os' } as const
    const agents = { work: async () => seen() ?? 'nothing' }
    const first = orchestratorWith(agents, { storage })
    const tasks = [{ id: 'go', name: 'go', waitFor: { signal: 'go' } }, task('a'), task('b')]
    const handle = await store.run('first', () => first.startWorkflow(workflow(tasks)))
    await first.shutdown({ drainMs: 0 })
    const second = orchestratorWith(agents, { storage })
    const heard: unknown[] = []
    await second.executeWorkflow(workflow([task('warm')], { id: 'warm' }))
    second.on('task:completed', () => heard.push(seen()))
    const recovered = second.getHandle(handle.id)
    // Its attempt begins in the turn of whoever sends the signal.
    await store.run('second', () => recovered.signal('go'))
    expect((await recovered.result()).results).toEqual({ go: null, a: 'nothing', b: 'nothing' })
    expect([...new Set(heard)]).toEqual([undefined])
  })
})
