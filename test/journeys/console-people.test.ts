import { resolve } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium as engine, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse, type Person } from '../open-house.ts'

const consoleDir = resolve(import.meta.dirname, '../../console/dist')
const resources = `
kind: KnowledgeBase
name: handbook
spec: { readers: [everyone] }
---
kind: Source
name: inbox
spec: { knowledgeBase: handbook, upload: {} }
`

describe('the console for different people', () => {
  let open: OpenHouse
  let browser: Browser
  let owner: BrowserContext

  beforeAll(async () => {
    open = await openHouse({ consoleDir })
    await open.apply(resources)
    await open.upload('inbox', 'doors.md', '# Doors\n\nThe blue door opens at nine.\n')
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
    const context = await browser.newContext({ baseURL: open.url, reducedMotion: 'reduce' })
    const page = await context.newPage()
    await page.goto(`/sign-in#${made.body.signInLink.split('#')[1]}`)
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
    await page.close()
    return context
  }

  async function visit(context: BrowserContext, path: string, width = 1280): Promise<Page> {
    const page = await context.newPage()
    await page.setViewportSize({ width, height: 844 })
    await page.goto(path)
    await page.locator('h1').first().waitFor()
    return page
  }

  it('asks for nothing that its person may not see, and says what it takes [M27.console-rights]', async () => {
    const viewer = await signedIn(await open.person('viewer', { roles: ['viewer'] }))
    const refused: string[] = []
    viewer.on('response', (answer) => {
      if (answer.status() >= 400) refused.push(`${answer.status()} ${answer.url()}`)
    })
    const closed = ['/audit', '/audit/verify', '/resources', '/people', '/people/keys']
    for (const path of closed) {
      const page = await visit(viewer, path)
      await page.getByText(/needs the permission/).waitFor()
      await page.close()
    }
    for (const path of ['/knowledge', '/knowledge/handbook', '/knowledge/handbook/sources']) {
      const page = await visit(viewer, path)
      await page.waitForLoadState('networkidle')
      expect(await page.getByRole('button', { name: /Upload|Add text|Sync|New/ }).count()).toBe(0)
      await page.close()
    }
    expect(refused).toEqual([])
    await viewer.close()
  })

  it('keeps every column of a table on a telephone, on a second line [M40.narrow-tables]', async () => {
    const events = await visit(owner, '/audit?kind=document.ingested', 390)
    const row = events.getByRole('row').nth(1)
    await row.waitFor()
    const text = (await row.textContent()) ?? ''
    expect(text).toMatch(/document\.ingested.*done.*owner.*document: Doors.*(now|ago)/)
    await events.close()
    const keys = await visit(owner, '/people/keys', 390)
    const key = keys.getByRole('row').filter({ hasText: 'Acts as: owner' }).first()
    await key.waitFor()
    expect(await key.textContent()).toMatch(/everything they may do[\s\S]*valid until revoked/)
    expect(await key.evaluate((node) => node.scrollWidth <= 390)).toBe(true)
    await keys.close()
  })

  it('outlives a server that is away, and keeps what was typed [M40.server-away]', async () => {
    const context = await signedIn(open.owner)
    const page = await visit(context, '/ask')
    const box = page.getByRole('textbox', { name: 'Question' })
    await box.waitFor()
    await page.waitForLoadState('networkidle')
    await page.route('**/*', (route) => route.abort())
    await box.fill('When does the blue door open?')
    await box.press('Enter')
    await page.getByText('The server does not answer.').waitFor()
    await page.getByRole('link', { name: 'Knowledge' }).click()
    await page.unroute('**/*')
    await page.getByRole('row').filter({ hasText: 'handbook' }).waitFor()
    await page.getByText('The server does not answer.').waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'Ask', exact: true }).click()
    await box.waitFor()
    expect(await box.inputValue()).toBe('When does the blue door open?')
    await context.close()
  })

  it('finds events by the name of a person, and dates have visible labels [M28.names]', async () => {
    await open.person('rosalind', { roles: ['member'] })
    const page = await visit(owner, '/audit')
    await page.getByText('From', { exact: true }).waitFor()
    await page.getByLabel('To', { exact: true }).waitFor()
    const by = page.getByRole('combobox', { name: 'By' })
    await by.fill('system')
    await page.locator('[role=option]').filter({ hasText: 'Plinth' }).waitFor()
    await by.press('Enter')
    await page.waitForURL(/actor=system/)
    await page.getByRole('row').filter({ hasText: 'user: rosalind' }).first().waitFor()
    expect(await by.inputValue()).toBe('Plinth')
    await page.getByRole('button', { name: 'By: anybody' }).click()
    await page.waitForURL((url) => !url.search.includes('actor'))
    await page.close()
  })
})
