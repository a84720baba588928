// `npm test`: every check that needs nothing from outside, in order; all run, and a summary closes.
import { join } from 'node:path'
import { ensureConsole, ensureInstalled, pinnedNode, root, run, runScript } from './install.mjs'
import { startPostgres } from './postgres.mjs'
import { runVitest, storeSuites } from './vitest.mjs'

const bin = (...path) => join(root, 'node_modules', ...path)
const tool = (path, ...args) => ({ args: [bin(...path.split('/')), ...args] })

const checks = [
  ['types of server and SDK', tool('typescript-7/bin/tsc', '-p', '.')],
  ['types of the console', tool('typescript-7/bin/tsc', '-p', 'console')],
  [
    'format and lint',
    tool(
      '@biomejs/biome/bin/biome',
      'ci',
      '--colors=off',
      '--error-on-warnings',
      '--max-diagnostics=50',
      '.',
    ),
  ],
  ['import rule', { args: ['scripts/check-imports.mjs'] }],
  ['unused code and dependencies', tool('knip/bin/knip.js', '--no-progress')],
]

await runScript(async () => {
  const started = Date.now()
  await ensureInstalled()
  const rows = []
  for (const [name, options] of checks) rows.push(await check(name, options))
  rows.push(await timed('console build', buildConsole))
  rows.push(await timed('published package', buildPackage))
  rows.push(await timed('tests on the embedded database', () => runVitest()))
  rows.push(await timed('store suites on PostgreSQL', onPostgres))
  printSummary(rows, Date.now() - started)
  if (rows.some((row) => !row.ok)) process.exitCode = 1
})

function check(name, options) {
  return timed(name, async () => {
    const done = await run(pinnedNode, { ...options, env: { NO_COLOR: '1' } })
    if (done.code !== 0) console.log(done.output)
    return { ok: done.code === 0 }
  })
}

async function buildConsole() {
  try {
    await ensureConsole()
    return { ok: true }
  } catch (error) {
    console.log(error.message)
    return { ok: false }
  }
}

/** Builds the package and asks the command line in it for its version. */
async function buildPackage() {
  for (const args of [['scripts/build.mjs'], ['dist/bin/plinth.mjs', '--version']]) {
    const done = await run(pinnedNode, { args })
    if (done.code !== 0) {
      console.log(done.output)
      return { ok: false }
    }
  }
  return { ok: true }
}

async function onPostgres() {
  const given = process.env.PLINTH_TEST_DATABASE_URL
  const server = given ? { url: given, stop: async () => {} } : await startPostgres()
  if (!server.url) return { ok: true, note: `not run: ${server.reason}` }
  try {
    const env = { PLINTH_TEST_DATABASE_URL: server.url }
    const result = await runVitest({ files: storeSuites(), env })
    return { ...result, note: server.version ? `PostgreSQL ${server.version}` : 'as given' }
  } finally {
    await server.stop()
  }
}

async function timed(name, work) {
  console.log(`\n── ${name}`)
  const start = Date.now()
  const result = await work()
  const ms = Date.now() - start
  console.log(`── ${name}: ${result.ok ? 'ok' : 'FAILED'} (${seconds(ms)})`)
  return { name, ms, ...result }
}

/** The last line is read by machines: tests by number, a failed check counts as one. */
function printSummary(rows, ms) {
  console.log('\nSummary')
  const sum = { passed: 0, failed: 0, skipped: 0 }
  for (const row of rows) {
    sum.passed += row.passed ?? 0
    sum.failed += row.failed || (row.ok ? 0 : 1)
    sum.skipped += row.skipped ?? 0
    const tests = row.passed === undefined ? '' : ` ${row.passed} passed, ${row.failed} failed`
    const note = row.note ? ` (${row.note})` : ''
    console.log(
      `  ${row.ok ? 'ok    ' : 'FAILED'} ${seconds(row.ms).padStart(7)}  ${row.name}${tests}${note}`,
    )
  }
  console.log(`  total  ${seconds(ms).padStart(7)}\n`)
  console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`)
}

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}
