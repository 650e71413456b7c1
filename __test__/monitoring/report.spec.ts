// SPDX-License-Identifier: LicenseRef-NIA-Proprietary
// The page about a workflow over a time, in a real browser where there is one.

import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasChromium, openChromium } from '../support/chromium.js'
import { userFolder } from '../support/folder.ts'
import { hours, kitWith, START } from '../support/kits.ts'
import { orchestratorWith, rejection, task, workflow, type Execute } from '../support/orchestrators.ts'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const folder = userFolder()

const STUDY = workflow([task('fetch'), task('<b>write', { agentId: 'slow', dependencies: ['fetch'] })], { id: 'study' })

/** The page of a day, on the kit's clock: it takes longer as the day goes, and at noon much fails. */
async function rendered(): Promise<string> {
  let hour = 0
  let calls = 0
  const agents: Record<string, Execute> = {
    work: () => kit.clock.sleep('20s'),
    slow: async () => {
      calls += 1
      await kit.clock.sleep(60_000 + 4000 * hour + 20_000 * (calls % 3))
      if (hour >= 11 && hour < 14 && calls % 2 === 0) throw Object.assign(new Error('</style><img src=x>'), { code: 'E_FULL' })
      return 1
    },
  }
  const kit = await kitWith(agents, { storage: 'file', logger: false, workflow: { defaultTimeout: hours(1) } })
  for (hour = 0; hour < 24; hour += 1) {
    const count = 1 + Math.round(3 * Math.sin((Math.PI * hour) / 24))
    for (let number = 0; number < count; number += 1) await kit.run(STUDY).catch(() => {})
    await kit.clock.advance(START + hours(hour + 1) - kit.clock.now().getTime())
  }
  return kit.orchestrator.executionMonitor.renderReport('study', { start: new Date(START), end: new Date(START + hours(24)) })
}

describe('the report of a workflow', () => {
  let page: string
  beforeAll(async () => {
    page = await rendered()
  })

  it('has its figures, tasks and errors', () => {
    expect(page).toMatch(/<dd>\s*\d+<small>\d+ completed, [1-9]\d* failed, 0 cancelled/)
    expect(page).toContain('<th scope="row">&lt;b&gt;write</th>')
    expect(page).toMatch(/<th scope="row">E_FULL<\/th>\s*<td class="number">&lt;b&gt;write<\/td>\s*<td class="number">[1-9]\d*<\/td>/)
    expect(page).toContain('Hour by hour')
  })

  it('asks for nothing and runs nothing', () => {
    expect(page).not.toMatch(/src=|href=|url\(|<script|<img/)
  })
})

it('of a time without executions it says so, and of no time what is wrong', async () => {
  const orchestrator = orchestratorWith({ work: () => 1 })
  const { executionMonitor } = orchestrator
  const page = await executionMonitor.renderReport('study', { start: new Date('2024-01-01'), end: new Date('2024-02-01') })
  expect(page).toContain('no execution of workflow `study` is remembered')
  const error = await rejection(executionMonitor.renderReport('study', undefined as never))
  expect(error).toMatchObject({ code: 'ERR_INVALID_ARGUMENT', issues: [{ path: 'period' }] })
  expect(await rejection(executionMonitor.renderReport('study', { start: new Date(1), end: new Date(0) }))).toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
  })
})

describe.skipIf(!hasChromium)('in Chromium, which `npm run test:servers` brings, it', () => {
  let browser: Browser
  let page: Page
  const problems: string[] = []

  beforeAll(async () => {
    const file = join(folder, 'report.html')
    await writeFile(file, await rendered())
    browser = await openChromium()
    page = await browser.newPage({ viewport: { width: 1200, height: 1300 } })
    page.on('console', (message) => problems.push(message.text()))
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(`file://${file}`)
  }, 60_000)
  afterAll(() => browser?.close())

  it('shows no fault, and axe finds none', async () => {
    await page.locator('summary').click()
    // The page lets no script run: what looks at it comes by another way.
    await page.evaluate(`${axe};0`)
    const { violations } = (await page.evaluate('axe.run()')) as { violations: { id: string; nodes: { html: string }[] }[] }
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
    expect(problems).toEqual([])
    await page.locator('summary').click()
  })

  it('looks as in the docs: UPDATE_PICTURES=1 takes the picture anew', async () => {
    const picture = await page.screenshot()
    expect(picture.byteLength).toBeGreaterThan(10_000)
    if (process.env['UPDATE_PICTURES'] !== undefined) await writeFile(new URL('../../docs/pictures/report.png', import.meta.url), picture)
  })
})
