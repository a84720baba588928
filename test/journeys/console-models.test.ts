import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium as engine, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callsOfAMonth } from '../calls.fixture.ts'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const consoleDir = resolve(import.meta.dirname, '../../console/dist')
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const budgets = `
kind: Budget
name: company
spec: { per: organization, window: month, limits: { usd: 50, requests: 100000 } }
`

describe('the console on calls of models', () => {
  let open: OpenHouse
  let browser: Browser
  let owner: BrowserContext
  const errors: string[] = []

  beforeAll(async () => {
    open = await openHouse({ consoleDir })
    const unwanted = ['--single-process', '--disable-web-security']
    const args = chromium.args.filter((arg) => !unwanted.includes(arg))
    browser = await engine.launch({ executablePath: await chromium.executablePath(), args })
    owner = await signedIn(open.owner)
  })
  afterAll(async () => {
    await browser?.close()
    await open?.close()
  })

  async function signedIn({ id }: Person): Promise<BrowserContext> {
    const made = await open.owner.call('POST', `/api/v1/users/${id}/sign-in-link`)
    const context = await browser.newContext({
      baseURL: open.url,
      reducedMotion: 'reduce',
      // The browser for tests names a locale that is none.
      locale: 'en-GB',
    })
    const page = await context.newPage()
    await page.goto(`/sign-in#${made.body.signInLink.split('#')[1]}`)
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
    await page.close()
    return context
  }

  async function visit(path: string, look: { width?: number; dark?: boolean } = {}): Promise<Page> {
    const page = await owner.newPage()
    page.on('pageerror', (error) => errors.push(`${path}: ${error.message}`))
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(`${path}: ${message.text()}`)
    })
    await page.setViewportSize({ width: look.width ?? 1280, height: 844 })
    await page.emulateMedia({ colorScheme: look.dark ? 'dark' : 'light' })
    await page.goto(path)
    await page.locator('h1').first().waitFor()
    return page
  }

  async function findings(page: Page): Promise<string[]> {
    await page.evaluate(await readFile(axe, 'utf8'))
    const found = (await page.evaluate(
      '(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations)()',
    )) as { id: string; nodes: { target: string[] }[] }[]
    const wide = (await page.evaluate(
      'document.documentElement.scrollWidth > innerWidth ? ["wider than the window"] : []',
    )) as string[]
    return [...found.map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(' ')}`), ...wide]
  }

  it('teaches what belongs here while nothing does [M40.console-models]', async () => {
    const texts = {
      usage: 'No application has called a model yet',
      calls: 'No application has called a model yet',
      budgets: 'Nothing bounds what models may cost',
    }
    for (const [tab, text] of Object.entries(texts)) {
      const page = await visit(`/models/${tab}`)
      await page.getByText(text).waitFor()
      expect([tab, await findings(page)]).toEqual([tab, []])
      await page.close()
    }
    await open.apply(budgets)
    const { usage } = open.house.api.gateway
    for (const call of callsOfAMonth(open.owner, 300)) usage.note(open.organizationId, call)
    await usage.flush()
  })

  it('leads from each number to the calls that it was computed from [M40.console-models]', async () => {
    const page = await visit('/models/usage')
    const row = page.getByRole('row', { name: /^large/ })
    const link = row.getByRole('link')
    const calls = Number(await link.textContent())
    expect(calls).toBeGreaterThan(20)
    await link.click()
    await page.waitForURL(/\/models\/calls\?.*model=large/)
    const grid = page.getByRole('grid', { name: 'Calls of models' })
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(Math.min(100, calls) + 1))
    await grid.getByRole('row').nth(1).click()
    await page.waitForURL(/\/models\/calls\/cal_/)
    await page.getByRole('heading', { name: 'Choice of model' }).waitFor()
    await page.close()
  })

  it('says what is not known, never zero, and keeps filters in the address [M40.console-models]', async () => {
    const page = await visit('/models/usage?period=30d')
    const row = page.getByRole('row', { name: /^local/ })
    await row.getByText('unknown').waitFor()
    await page.getByRole('link', { name: /calls have no known price/ }).waitFor()
    await row.getByRole('button').click()
    await page.waitForURL(/model=local/)
    await page.getByRole('button', { name: 'Remove the filter Model local' }).click()
    await page.waitForURL((url) => !url.search.includes('model='))
    await page.close()
  })

  it('shows every chart as a table, too, and saves its numbers [M40.console-models]', async () => {
    const page = await visit('/models/usage')
    for (const title of ['Cost', 'Tokens', 'Latency', 'Errors']) {
      const panel = page.getByRole('region', { name: title, exact: true })
      await panel.locator('canvas').waitFor()
      await panel.getByRole('button', { name: 'Show as a table' }).click()
      expect(await panel.getByRole('row').count()).toBeGreaterThan(25)
      await panel.getByRole('button', { name: 'Show the chart' }).click()
    }
    const saved = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save cost as CSV' }).click()
    const text = await readFile(await (await saved).path(), 'utf8')
    expect(text).toMatch(/^day,calls,answered/)
    expect(text.trim().split('\n').length).toBeGreaterThan(25)
    await page.close()
  })

  const looks = [
    ['/models/usage', { dark: true }],
    ['/models/usage?by=key', { width: 390 }],
    ['/models/calls', { dark: true, width: 390 }],
    ['/models/calls?fault=provider', {}],
    ['/models/budgets', { dark: true }],
    ['/models/budgets', { width: 390 }],
  ] as const
  it.each(looks)('has no finding on %s (%o) [M40.console-models]', async (path, look) => {
    const page = await visit(path, look)
    await page.locator('canvas, [role=gridcell], [role=meter]').first().waitFor()
    expect(await findings(page)).toEqual([])
    await page.close()
  })

  it('shows one call at any width, and no error was written [M40.console-models]', async () => {
    const [call] = (await open.owner.call('GET', '/api/v1/calls?fault=provider')).body.items
    for (const width of [1280, 390]) {
      const page = await visit(`/models/calls/${call.id}`, { width, dark: width === 390 })
      await page.getByRole('heading', { name: 'Tries' }).waitFor()
      expect(await findings(page)).toEqual([])
      await page.close()
    }
    expect(errors).toEqual([])
  })
})
