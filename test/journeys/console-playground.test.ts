import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium as engine, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type FakeUpstream, startFakeUpstream } from '../../conformance/chat-model/fake-upstream.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'
import { resources } from './gateway.fixture.ts'

const consoleDir = resolve(import.meta.dirname, '../../console/dist')
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

describe('the playground of the console', () => {
  let open: OpenHouse
  let browser: Browser
  let owner: BrowserContext
  let one: FakeUpstream
  let two: FakeUpstream
  const errors: string[] = []

  beforeAll(async () => {
    one = await startFakeUpstream()
    two = await startFakeUpstream()
    open = await openHouse({
      consoleDir,
      env: { PLINTH_ALLOWED_PRIVATE_HOSTS: `${one.host},${two.host}` },
      secrets: { ONE_KEY: 'canary-7f3a-upstream-key' },
    })
    const unwanted = ['--single-process', '--disable-web-security']
    const args = chromium.args.filter((arg) => !unwanted.includes(arg))
    browser = await engine.launch({ executablePath: await chromium.executablePath(), args })
    const made = await open.owner.call('POST', `/api/v1/users/${open.owner.id}/sign-in-link`)
    owner = await browser.newContext({
      baseURL: open.url,
      reducedMotion: 'reduce',
      locale: 'en-GB',
    })
    const page = await owner.newPage()
    await page.goto(`/sign-in#${made.body.signInLink.split('#')[1]}`)
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
    await page.close()
  })
  afterAll(async () => {
    await browser?.close()
    await open?.close()
    await one?.close()
    await two?.close()
  })

  async function visit(path: string, look: { width?: number; dark?: boolean } = {}): Promise<Page> {
    const page = await owner.newPage()
    page.on('pageerror', (error) => errors.push(`${path}: ${error.message}`))
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

  const answerOf = (page: Page, model: string) =>
    page.getByRole('region', { name: `Answer of ${model}`, exact: true })

  it('teaches what belongs here while there is no model [M40.playground]', async () => {
    const page = await visit('/models/playground')
    await page.getByText('There is no model to try yet').waitFor()
    expect(await findings(page)).toEqual([])
    await page.close()
    await open.apply(resources(one, two))
  })

  it('streams several models side by side through the gateway, with times and cost [M40.playground]', async () => {
    const page = await visit(
      '/models/playground?models=first,unpriced&user=How%20long%3F&maxTokens=50',
    )
    const message = page.getByRole('textbox', { name: 'Message' })
    expect(await message.inputValue()).toBe('How long?')
    await page.waitForURL((url) => !url.search.includes('user='))
    await message.press('Control+Enter')
    for (const [model, cost] of [
      ['first', '$'],
      ['unpriced', 'unknown'],
    ] as const) {
      const panel = answerOf(page, model)
      await panel.getByRole('link', { name: model }).waitFor()
      expect(await panel.getByRole('log').textContent()).toContain(one.words.join('').trim())
      expect(await panel.locator('dl').textContent()).toContain(cost)
    }
    const sent = one.requests.at(-1)?.body
    expect(sent).toMatchObject({ model: 'm-1', max_tokens: 50, stream: true })
    if (process.env.PLINTH_TEST_SHOTS) {
      await page.screenshot({ path: `${process.env.PLINTH_TEST_SHOTS}/answers.png` })
    }
    await page.close()
  })

  it('says what is wrong before it asks, and what went wrong after [M40.playground]', async () => {
    const page = await visit(
      '/models/playground?models=first,unpriced&user=Hello&tools=%7B%7D&temperature=9',
    )
    const asked = one.requests.length
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await page.getByText('A number from 0 to 2.').waitFor()
    await page.getByText('Tools are a list of objects.').waitFor()
    expect(one.requests.length).toBe(asked)
    await page.getByLabel('Temperature').fill('1')
    await page.getByLabel('Tools, as JSON').fill('')
    one.mode = { status: 500, message: 'out of order' }
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await answerOf(page, 'first').getByRole('alert').waitFor()
    await answerOf(page, 'unpriced').getByRole('link', { name: 'unpriced' }).waitFor()
    one.mode = 'normal'
    await page.close()
  })

  it('stops what runs [M40.playground]', async () => {
    one.mode = 'slow'
    one.cancelled = 0
    const words = one.words
    one.words = Array.from({ length: 200 }, (_, i) => `word-${i} `)
    const page = await visit('/models/playground?models=first&user=Hello')
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await answerOf(page, 'first').getByText('word-3').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await answerOf(page, 'first').getByText('stopped').waitFor()
    await expect.poll(() => one.cancelled).toBe(1)
    one.mode = 'normal'
    one.words = words
    await page.close()
  })

  it('keeps the instructions as a version of a Prompt, after showing what changes [M40.playground]', async () => {
    const page = await visit('/models/playground?models=first&system=Answer%20briefly.&user=x')
    await page.getByRole('button', { name: 'Save as prompt version' }).click()
    await page.getByLabel('Name of the Prompt').fill('brief')
    await page.getByRole('button', { name: 'Show what changes' }).click()
    await page.getByText('Prompt brief would be created.').waitFor()
    expect((await open.owner.call('GET', '/api/v1/resources/Prompt/brief')).status).toBe(404)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Prompt brief is at revision 1').waitFor()
    const { body } = await open.owner.call('GET', '/api/v1/resources/Prompt/brief')
    expect(body.spec.system).toBe('Answer briefly.')
    await page.close()
  })

  it('shows how a route chooses, and why not the others [M40.routes-page]', async () => {
    const page = await visit('/models/routes?route=both')
    const candidates = page.getByRole('region', { name: 'Candidates of both' })
    await candidates.getByRole('link', { name: 'first', exact: true }).waitFor()
    await page.getByLabel('Data class').fill('confidential')
    await page.waitForURL(/dataClass=confidential/)
    await candidates.getByText('not chosen').first().waitFor()
    for (const look of [{ dark: true }, { width: 390 }] as const) {
      const shown = await visit('/models/routes?route=both&dataClass=confidential', look)
      await shown.getByText('not chosen').first().waitFor()
      expect(await findings(shown)).toEqual([])
      if (process.env.PLINTH_TEST_SHOTS) {
        const name = 'width' in look ? 'narrow' : 'dark'
        await shown.screenshot({ path: `${process.env.PLINTH_TEST_SHOTS}/routes-${name}.png` })
      }
      await shown.close()
    }
    await page.close()
  })

  const looks = [{}, { dark: true }, { width: 390 }, { width: 390, dark: true }]
  it.each(looks)('has no finding at %o [M40.playground]', async (look) => {
    const page = await visit('/models/playground?models=first,unpriced&user=How%20long%3F', look)
    await page.getByRole('button', { name: 'Run', exact: true }).click()
    await answerOf(page, 'first').getByRole('link', { name: 'first' }).waitFor()
    expect(await findings(page)).toEqual([])
    if (process.env.PLINTH_TEST_SHOTS) {
      const name = `playground-${look.width ?? 1280}-${look.dark ? 'dark' : 'light'}`
      await page.screenshot({ path: `${process.env.PLINTH_TEST_SHOTS}/${name}.png` })
    }
    await page.close()
    expect(errors).toEqual([])
  })
})
