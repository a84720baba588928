// `npm run test:postgres`: the suites that touch the store, on a PostgreSQL server without any extension.
import { ensureInstalled, runScript, ScriptError } from './install.mjs'
import { startPostgres } from './postgres.mjs'
import { runVitest, storeSuites } from './vitest.mjs'

await runScript(async () => {
  await ensureInstalled()
  const given = process.env.PLINTH_TEST_DATABASE_URL
  const server = given
    ? { url: given, version: 'as given', stop: async () => {} }
    : await startPostgres()
  if (!server.url) {
    throw new ScriptError(
      `PostgreSQL cannot be started: ${server.reason}.\nName a server: PLINTH_TEST_DATABASE_URL=postgres://…`,
    )
  }
  const stopFirst = async () => {
    await server.stop()
    process.exit(130)
  }
  process.once('SIGINT', stopFirst).once('SIGTERM', stopFirst)
  const named = process.argv.slice(2)
  const files = named.length > 0 ? named : storeSuites()
  console.log(`PostgreSQL ${server.version}: ${files.length} suites`)
  const result = await runVitest({ files, env: { PLINTH_TEST_DATABASE_URL: server.url } })
  await server.stop()
  console.log(`${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`)
  if (!result.ok) process.exitCode = 1
})
