// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The page of one execution, in a real browser where there is one.

import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { MultiAgentOrchestrator } from '@codexos/multi-agent-orchestrator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, openChromium } from '../support/chromium.js'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

const STUDY = {
  id: 'study',
  name: 'Study',
  version: '1.2.0',
  tasks: [
    { id: 'fetch', name: 'Fetch', agentId: 'flaky', retryPolicy: { maxAttempts: 3, backoffType: 'fixed', initialDelay: 5 } },
    { id: 'aside', name: 'Aside', agentId: 'work', type: 'parallel', dependencies: [] },
    {
      id: 'each',
      name: 'Each',
      type: 'loop',
      dependencies: ['fetch'],
      loop: { forEach: [1, 2] },
      tasks: [{ id: 'look', name: 'Look', agentId: 'work' }],
    },
    {
      id: 'below',
      name: 'Below',
      dependencies: ['each'],
      workflow: { id: 'part', name: 'Part', version: '1', tasks: [{ id: 'inner', name: 'Inner', agentId: 'work' }] },
    },
  ],
} as const

/** Work that can be seen in a picture. */
const worked = <T>(result: T): Promise<T> => new Promise((resolve) => void setTimeout(resolve, 20, result))

/** Does something with an execution of the study. */
async function studied<T>(look: (orchestrator: MultiAgentOrchestrator, id: string) => Promise<T>): Promise<T> {
  const path = join(await mkdtemp(join(tmpdir(), 'timeline-')), 'store.db')
  const orchestrator = new MultiAgentOrchestrator({ storage: { path } })
  let calls = 0
  orchestrator.agentPool.registerAgentType('work', { create: () => ({ execute: () => worked({ ok: true }) }) })
  orchestrator.agentPool.registerAgentType('flaky', {
    create: () => ({
      execute: async () => {
        calls += 1
        await worked(null)
        if (calls < 3) throw new Error('</script><img src=x onerror=alert(1)>')
        return { rows: 3 }
      },
    }),
  })
  try {
    const { id } = await orchestrator.executeWorkflow(STUDY as never)
    return await look(orchestrator, id)
  } finally {
    await orchestrator.shutdown()
  }
}

const rendered = (): Promise<string> => studied((orchestrator, id) => orchestrator.executionMonitor.renderTimeline(id))

describe('the timeline of an execution', () => {
  let page: string
  beforeAll(async () => {
    page = await rendered()
  })

  it('has a row for each task, those inside others and those of executions below it included', () => {
    for (const path of ['fetch', 'aside', 'each', 'each[0].look', 'each[1].look', 'below', 'inner'])
      expect(page).toContain(`>${path}</span`)
    expect(page).toContain('study <small>1.2.0</small>')
    expect(page).toContain('<strong class="is-completed">completed</strong>')
  })

  it('asks for nothing, and holds nothing of a user that a browser would run', () => {
    expect(page).not.toMatch(/src=|href=|url\(/)
    expect(page.match(/<script/g)).toHaveLength(1)
  })
})

it('of one that runs in memory it shows what there is, and of one that has ended all of it', async () => {
  const orchestrator = new MultiAgentOrchestrator()
  let go = (): void => {}
  const waiting = new Promise<void>((resolve) => (go = resolve))
  let began = (): void => {}
  const running = new Promise<void>((resolve) => (began = resolve))
  orchestrator.agentPool.registerAgentType('slow', { create: () => ({ execute: () => (began(), waiting) }) })
  const handle = await orchestrator.startWorkflow({
    id: 'w',
    name: 'W',
    version: '1',
    tasks: [{ id: 'a <b>', name: 'A', agentId: 'slow' }],
  } as never)
  await running
  const page = await orchestrator.executionMonitor.renderTimeline(handle.id)
  expect(page).toContain('<strong class="is-running">running</strong>')
  expect(page).toContain('>a &lt;b&gt;</span')
  go()
  await handle.result()
  expect(await orchestrator.executionMonitor.renderTimeline(handle.id)).toContain('<strong class="is-completed">completed</strong>')
  await expect(orchestrator.executionMonitor.renderTimeline('none')).rejects.toMatchObject({ code: 'ERR_EXECUTION_NOT_FOUND' })
  await orchestrator.shutdown()
})

describe.skipIf(!hasChromium)('in Chromium, which `npm run test:servers` brings, it', () => {
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    const file = join(await mkdtemp(join(tmpdir(), 'timeline-')), 'page.html')
    await writeFile(file, await rendered())
    browser = await openChromium()
    page = await browser.newPage({ viewport: { width: 1200, height: 700 } })
    page.on('console', (message) => problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`file://${file}`)
  }, 60_000)
  afterAll(() => browser?.close())

  it('shows no fault, and axe finds none', async () => {
    await page.locator('summary').click()
    await page.evaluate(`${axe};0`)
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] }
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
    expect(problems).toEqual([])
  })

  it('goes from task to task with the keyboard, and along the critical path', async () => {
    const told = page.locator('.told')
    await page.locator('.row').first().focus()
    await page.keyboard.press('End')
    const last = await told.textContent()
    await page.keyboard.press('Home')
    expect(await told.textContent()).not.toBe(last)
    await page.keyboard.press('c')
    expect(await told.textContent()).toContain('on the critical path')
    expect(await page.locator('[aria-selected=true]').count()).toBe(1)
  })

  it('says the same in its table', async () => {
    expect(await page.locator('tbody tr').count()).toBe(await page.locator('.row').count())
    expect(await page.locator('tbody tr', { hasText: 'fetch' }).locator('td').nth(4).textContent()).toBe('3')
  })

  it('looks as in the docs: UPDATE_PICTURES=1 takes the picture anew', async () => {
    const picture = await page.screenshot()
    expect(picture.byteLength).toBeGreaterThan(10_000)
    if (process.env['UPDATE_PICTURES'] !== undefined) await writeFile(new URL('../../docs/pictures/timeline.png', import.meta.url), picture)
  })
})
