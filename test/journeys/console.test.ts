import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium as engine, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fakeIo } from '../../src/cli/io.fixture.ts'
import { type Job, type OpenHouse, openHouse } from '../open-house.ts'

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
kind: Source
name: pile
spec: { knowledgeBase: handbook, folder: { path: ${folder}-pile } }
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

/** Documents of the pile that the parsers may still read; the others wait until there are more, or are cancelled. */
let allowed = Number.POSITIVE_INFINITY
const piled = 40

let open: OpenHouse
let browser: Browser
let context: BrowserContext
const errors: string[] = []

beforeAll(async () => {
  if (!existsSync(join(consoleDir, 'index.html'))) {
    throw new Error('The console is not built; run `npx vite build` in console/ (npm test does).')
  }
  open = await openHouse({
    consoleDir,
    before({ pipelines: { ingest } }) {
      const parse = ingest.parser.parse.bind(ingest.parser)
      ingest.parser.parse = async (input, options) => {
        const mine = input.name.startsWith('sheet-')
        if (mine && allowed <= 0) options?.onProgress?.(5, 9)
        while (mine && allowed <= 0 && !options?.signal?.aborted) await nap()
        if (mine && !options?.signal?.aborted) allowed--
        return parse(input, options)
      }
    },
  })
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

const nap = () => new Promise<void>((done) => setTimeout(done, 20))

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
    // The composer has the focus and is empty: keys are for the answer, letters for the next question.
    await page.getByRole('textbox', { name: /question/i }).focus()
    await page.keyboard.press('Escape')
    await mark.waitFor({ state: 'detached' })
    await page.keyboard.press(']')
    await mark.waitFor()
    await page.keyboard.type('Why [')
    expect(await page.getByRole('textbox', { name: /question/i }).inputValue()).toBe('Why [')
    await page.close()
  })

  it('says so when the documents do not answer, and which come closest [M4.ungrounded]', async () => {
    const page = await visit('/ask')
    await page
      .getByRole('textbox', { name: /question/i })
      .fill('Who won the chess tournament beside the goods lift?')
    await page.keyboard.press('Enter')
    await page
      .getByText(/do not mention|None of the documents|answers this/)
      .first()
      .waitFor()
    const closest = page.getByRole('list', { name: 'Closest documents' }).getByRole('link').first()
    expect(await closest.getAttribute('href')).toMatch(/^\/documents\/doc_/)
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

  it('shows work as it goes and stops it, as interface and command line do [M1.progress]', async () => {
    const folder = await open.folder('handbook-pile')
    for (let i = 0; i < piled; i++) await writeFile(join(folder, `sheet-${i}.txt`), `Sheet ${i}.`)
    let done = 0
    for (const door of Object.values(doors)) {
      allowed = 3
      done += 3
      const { body } = await open.owner.call('POST', '/api/v1/sources/pile/sync')
      await door(body, done)
      expect(await open.ended(body.id)).toMatchObject({ state: 'cancelled' })
      const states = [...(await open.documents('pile')).values()].map((one) => one.state)
      expect(states.filter((state) => state === 'ready')).toHaveLength(done)
      expect(states.filter((state) => state === 'pending')).toHaveLength(piled - done)
    }
    allowed = Number.POSITIVE_INFINITY
    const last = await open.sync('pile')
    expect(last).toMatchObject({
      state: 'succeeded',
      progress: { filesDone: piled, filesFailed: 0 },
    })
    for (const one of (await open.documents('pile')).values()) {
      expect(one).toMatchObject({ state: 'ready', chunkCount: 1 })
    }
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

/** Each door shows a job whose reading stands at `done` files (unchanged ones counted), then stops it. */
const doors: Record<string, (job: Job, done: number) => Promise<void>> = {
  async interface({ id }, done) {
    const abort = new AbortController()
    const stream = await fetch(`${open.url}/api/v1/jobs/events`, {
      headers: { authorization: `Bearer ${open.owner.key}` },
      signal: abort.signal,
    })
    const standing = `"filesDone":${done},"filesTotal":${piled}`
    let told = ''
    for await (const piece of stream.body!.pipeThrough(new TextDecoderStream())) {
      told += piece
      if (told.split('\n').some((line) => line.includes(id) && line.includes(standing))) break
    }
    abort.abort()
    // Pages are counted while a document is read, not only at its end.
    const read = async () => (await open.owner.call('GET', `/api/v1/jobs/${id}`)).body.progress
    await expect.poll(async () => (await read()).pages).toBeGreaterThanOrEqual(5)
    expect(await read()).toMatchObject({ filesDone: done, filesTotal: piled, chunks: done })
    const { body } = await open.owner.call('POST', `/api/v1/jobs/${id}/cancel`)
    expect(body).toMatchObject({ cancelRequested: true })
  },
  async 'command line'({ id }, done) {
    const env = { PLINTH_URL: open.url, PLINTH_API_KEY: open.owner.key }
    const terminal = () =>
      fakeIo(() => undefined, { env, fetch, watched: true, sleep: nap, now: Date.now })
    const watching = terminal()
    const watched = watching.run('jobs', 'watch', id)
    const standing = `${done} of ${piled} files`
    await expect.poll(() => watching.text.err).toContain(standing)
    expect(await terminal().run('jobs', 'cancel', id)).toBe(0)
    expect(await watched).toBe(130)
    expect(watching.text.out).toContain('pile cancelled')
  },
  async console(_job, done) {
    const page = await visit('/knowledge/handbook/sources')
    const line = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('heading', { name: 'pile' }) })
    await line.getByText(`${done} of ${piled} files`).waitFor()
    await line.getByRole('progressbar').waitFor()
    await line.getByRole('button', { name: 'Cancel' }).click()
    await line.getByText(/^cancelled/i).waitFor()
    await page.close()
  },
}
