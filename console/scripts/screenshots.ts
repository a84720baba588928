/**
 * Shoots every page of the console in both themes at 1440 and 390 px, checks each with axe, and fails on an axe
 * violation, an error in the browser's console or a page that is wider than its window.
 *
 *   node console/scripts/screenshots.ts --url http://127.0.0.1:4300 --link 'http://…/sign-in#token=…'
 *     [--out bench-results/screenshots] [--only ask,document] [--quick]   (--quick: one theme per width)
 */
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import chromium from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium as engine, type Page } from 'playwright-core'
import { type Shot, shotsOf } from './shots.ts'

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:4300' },
    link: { type: 'string' },
    out: { type: 'string', default: 'bench-results/screenshots' },
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})

type Theme = 'light' | 'dark'
interface Look {
  theme: Theme
  width: number
  height: number
}

const looks: Look[] = [
  { theme: 'light', width: 1440, height: 900 },
  { theme: 'dark', width: 1440, height: 900 },
  { theme: 'light', width: 390, height: 844 },
  { theme: 'dark', width: 390, height: 844 },
]

const settleMs = 700
// One process for everything dies with its first context; and the pages are to be judged with web security on.
const unwanted = ['--single-process', '--disable-web-security']
const axeSource = await readFile(
  createRequire(import.meta.url).resolve('axe-core/axe.min.js'),
  'utf8',
)
const faults: string[] = []

await mkdir(options.out, { recursive: true })
const browser = await engine.launch({
  executablePath: await chromium.executablePath(),
  args: chromium.args.filter((arg) => !unwanted.includes(arg)),
})
try {
  const state = await signIn(browser)
  for (const look of options.quick ? [looks[0], looks[3]] : looks) {
    if (look) await shootAll(browser, state, look)
  }
} finally {
  await browser.close()
}
for (const fault of faults) console.log(fault)
console.log(faults.length === 0 ? 'no faults' : `${faults.length} faults`)
process.exitCode = faults.length === 0 ? 0 : 1

type State = Awaited<ReturnType<BrowserContext['storageState']>>

/** The link works once: every look goes on with the session that it opened. */
async function signIn(from: Browser): Promise<State> {
  const context = await from.newContext()
  const page = await context.newPage()
  await page.goto(options.link ?? options.url)
  await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'), { timeout: 15_000 })
  const state = await context.storageState()
  await context.close()
  return state
}

async function shootAll(from: Browser, state: State, look: Look): Promise<void> {
  const context = await from.newContext({
    storageState: state,
    baseURL: options.url,
    colorScheme: look.theme,
    viewport: { width: look.width, height: look.height },
    reducedMotion: 'reduce',
    // The browser's own locale on a bare machine is none that `Intl` knows.
    locale: 'en-GB',
  })
  const only = options.only?.split(',')
  for (const shot of await shotsOf(context.request)) {
    if (only && !only.includes(shot.name)) continue
    const page = await context.newPage()
    await shoot(page, shot, look).catch((cause: unknown) => {
      faults.push(`${shot.name} ${look.width} ${look.theme}: ${String(cause).split('\n')[0]}`)
    })
    await page.close()
  }
  await context.close()
}

async function shoot(page: Page, shot: Shot, look: Look): Promise<void> {
  const at = `${shot.name} ${look.width} ${look.theme}`
  page.on('console', (message) => {
    if (message.type() === 'error' && !shot.expectsErrors) faults.push(`${at}: ${message.text()}`)
  })
  page.on('pageerror', (error) => faults.push(`${at}: ${error.message}`))
  await page.goto(shot.path)
  await page
    .locator(shot.ready ?? 'h1')
    .first()
    .waitFor({ timeout: 15_000 })
  await shot.act?.(page)
  await page.waitForTimeout(settleMs)
  const file = join(options.out, `${shot.name}-${look.width}-${look.theme}.png`)
  await page.screenshot({ path: file })
  const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  if (over > 0) faults.push(`${at}: ${over} px wider than the window`)
  await checkAxe(page, at)
  console.log(file)
}

interface Violation {
  id: string
  impact: string
  nodes: { target: string[]; failureSummary: string }[]
}

async function checkAxe(page: Page, at: string): Promise<void> {
  await page.evaluate(axeSource)
  const violations = (await page.evaluate(
    '(async () => (await axe.run(document, { resultTypes: ["violations"] })).violations)()',
  )) as Violation[]
  for (const { id, impact, nodes } of violations) {
    const where = nodes.slice(0, 3).map(({ target, failureSummary }) => {
      return `${target.join(' ')}: ${failureSummary.replaceAll('\n', ' ')}`
    })
    faults.push(`${at}: axe ${id} (${impact}, ${nodes.length} elements) ${where.join(' | ')}`)
  }
}
