import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium as engine, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../open-house.ts'

const consoleDir = resolve(import.meta.dirname, '../../console/dist')
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const firstLoadBytes = 200 * 1024
/** Streams of events keep the network busy for ever; so long a page settles. */
const settleMs = 700
const resources = (folder: string) => `
kind: KnowledgeBase
name: handbook
spec: { readers: [everyone] }
---
kind: Source
name: handbook
spec: { knowledgeBase: handbook, folder: { path: ${folder} } }
---
kind: Source
name: inbox
spec: { knowledgeBase: handbook, upload: {} }
---
kind: Prompt
name: plain
spec: { system: Answer from the documents. }
---
kind: Guardrail
name: plain
spec: {}
---
kind: Route
name: plain
spec: { models: [extractive] }
---
kind: Assistant
name: handbook
spec:
  knowledgeBases: [handbook]
  route: plain
  prompt: plain
  guardrail: plain
  suggestions: [How many kilograms does the goods lift take?]
`

/** Two tables and two pieces of code, each wider than a page. */
const wide = Array.from({ length: 30 }, (_, i) => `column-number-${i}`)
const table = [wide, wide.map(() => '---'), wide].map((row) => `| ${row.join(' | ')} |`).join('\n')
const code = `\`\`\`\n${wide.join(' ')}\n\`\`\``
const wideTables = ['# Prices', table, 'Then.', table, code, 'Then.', code, ''].join('\n\n')

let open: OpenHouse
let browser: Browser
let context: BrowserContext
const errors: string[] = []

beforeAll(async () => {
  if (!existsSync(join(consoleDir, 'index.html'))) {
    throw new Error('The console is not built; run `npx vite build` in console/ (npm test does).')
  }
  open = await openHouse({ consoleDir })
  const folder = await open.folder('handbook')
  const lift = 'The goods lift takes 1,200 kilograms. It is inspected each May.'
  await writeFile(join(folder, 'lift.md'), `# Goods lift\n\n${lift}\n`)
  await writeFile(join(folder, 'prices.md'), wideTables)
  await open.apply(resources(folder))
  await open.sync('handbook')
  // One process for everything dies with its first context.
  const args = chromium.args.filter(
    (a) => !['--single-process', '--disable-web-security'].includes(a),
  )
  browser = await engine.launch({ executablePath: await chromium.executablePath(), args })
  context = await browser.newContext({ baseURL: open.url, reducedMotion: 'reduce' })
})
afterAll(async () => {
  await browser?.close()
  await open?.close()
})

async function visit(path: string, look: { dark?: boolean } = {}): Promise<Page> {
  const page = await context.newPage()
  page.on('pageerror', (error) => errors.push(`${path}: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`${path}: ${message.text()}`)
  })
  await page.emulateMedia({ colorScheme: look.dark ? 'dark' : 'light' })
  await page.goto(path)
  return page
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(await readFile(axe, 'utf8'))
  const found = (await page.evaluate(
    '(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations)()',
  )) as { id: string; nodes: { target: string[] }[] }[]
  return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.target.join(' ')}`)
}

describe('the console in a browser', () => {
  it('signs in by a link that works once, within 200 KB [M40.first-load] [M27.sign-in-page]', async () => {
    const me = await open.owner.call('GET', '/api/v1/me')
    const made = await open.owner.call('POST', `/api/v1/users/${me.body.id}/sign-in-link`)
    const token = made.body.signInLink.split('#')[1]
    const page = await context.newPage()
    await page.setExtraHTTPHeaders({ 'accept-encoding': 'gzip' })
    await page.goto(`/sign-in#${token}`)
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
    await page.getByRole('textbox', { name: /question/i }).waitFor()
    await page.waitForTimeout(settleMs)
    const bytes = (await page.evaluate(
      `performance.getEntries().filter((e) => 'encodedBodySize' in e && !e.name.includes('/api/'))
        .reduce((sum, e) => sum + e.encodedBodySize, 0)`,
    )) as number
    expect(bytes).toBeGreaterThan(50_000)
    expect(bytes).toBeLessThanOrEqual(firstLoadBytes)
    await page.close()
    const fresh = await browser.newContext({ baseURL: open.url })
    const again = await fresh.newPage()
    await again.goto(`/sign-in#${token}`)
    await again
      .getByText(/used|expired|not right/i)
      .first()
      .waitFor()
    await fresh.close()
  })

  it('streams an answer and opens its source with the passage marked [M40.console] [M4.cited-answer]', async () => {
    const page = await visit('/ask')
    await page
      .getByRole('textbox', { name: /question/i })
      .fill('How many kilograms does the goods lift take?')
    await page.keyboard.press('Enter')
    const answer = page.getByRole('article').last()
    await answer.getByText('The goods lift takes 1,200 kilograms.').first().waitFor()
    await page.waitForURL(/\/ask\/cnv_/)
    await page.goto(`${page.url().split('?')[0]}?cite=1`)
    const mark = page.locator('mark.evidence').first()
    await mark.waitFor()
    expect(await mark.textContent()).toContain('1,200 kilograms')
    await page.close()
  })

  it('says so when the documents do not answer [M4.ungrounded]', async () => {
    const page = await visit('/ask')
    await page.getByRole('textbox', { name: /question/i }).fill('Who won the chess tournament?')
    await page.keyboard.press('Enter')
    await page
      .getByText(/do not mention|None of the documents|answers this/)
      .first()
      .waitFor()
    await page.close()
  })

  const pages = [
    ['/ask', false],
    ['/knowledge', true],
    ['/knowledge/handbook', false],
    ['/activity', true],
    ['/audit', false],
    ['/audit/verify', true],
    ['/resources', false],
    ['/people', true],
    ['/people/keys', false],
  ] as const
  it.each(pages)(
    'has no accessibility finding on %s (dark: %s) [M40.console]',
    async (path, dark) => {
      const page = await visit(path, { dark })
      await page.locator('h1').first().waitFor()
      await page.waitForTimeout(settleMs)
      expect(await violations(page)).toEqual([])
      await page.close()
    },
  )

  it('lets wide tables and code be reached by keyboard, without a finding [M40.console]', async () => {
    const { body } = await open.owner.call('GET', '/api/v1/documents?search=prices')
    const page = await visit(`/documents/${body.items[0].id}?view=text`)
    await page.getByRole('group', { name: 'Table' }).nth(1).waitFor()
    expect(await page.getByRole('group', { name: 'Code' }).count()).toBe(2)
    expect(await violations(page)).toEqual([])
    await page.close()
  })

  it('verifies the audit log in the browser itself [M28.verify-in-browser]', async () => {
    const page = await visit('/audit/verify')
    await page
      .getByRole('button', { name: /^Verify \d+ events?/ })
      .first()
      .click()
    await page.getByText('The log verifies').first().waitFor({ timeout: 20_000 })
    await page.close()
  })

  it('breaks no rule of its own content security policy, and logs no error [M40.console]', () => {
    expect(errors).toEqual([])
  })
})
