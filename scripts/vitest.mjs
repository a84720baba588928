// Runs Vitest on the pinned Node and reads back how many tests passed and failed.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { cacheFolder, pinnedNode, root, run } from './install.mjs'

/** Runs the given test files (all when none are named); gives `{ ok, passed, failed, skipped }`. */
export async function runVitest({ files = [], env = {} } = {}) {
  const report = join(cacheFolder('reports'), `vitest-${process.pid}-${files.length}.json`)
  const done = await run(pinnedNode, {
    args: [
      join(root, 'node_modules', 'vitest', 'vitest.mjs'),
      ...['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      ...files,
    ],
    env: { ...env, NODE_ENV: 'test' },
    inherit: true,
  })
  try {
    const found = JSON.parse(readFileSync(report, 'utf8'))
    const brokenFiles = found.testResults.filter(
      (file) =>
        file.status === 'failed' && file.assertionResults.every((t) => t.status !== 'failed'),
    ).length
    return {
      ok: done.code === 0,
      passed: found.numPassedTests,
      failed: found.numFailedTests + brokenFiles,
      skipped: found.numPendingTests + found.numTodoTests,
    }
  } catch {
    console.log(`Vitest ended without a report: exit code ${done.code}, signal ${done.signal}.`)
    return { ok: false, passed: 0, failed: 1, skipped: 0 }
  } finally {
    rmSync(report, { force: true })
  }
}

/** Test files that open the store through `test/open-store.ts`, themselves or through a fixture beside them. */
export function storeSuites() {
  const files = [...sourcesUnder('src'), ...sourcesUnder('test')]
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
  const touching = new Set(['test/open-store.ts'])
  for (let grown = true; grown; ) {
    grown = false
    for (const [file, text] of texts) {
      if (touching.has(file) || !importsOneOf(file, text, touching)) continue
      touching.add(file)
      grown = true
    }
  }
  return [...touching].filter((file) => file.endsWith('.test.ts')).sort()
}

function importsOneOf(file, text, wanted) {
  const imports = text.matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)
  return [...imports].some(([, path]) =>
    wanted.has(relative(root, resolve(root, dirname(file), path)).replaceAll('\\', '/')),
  )
}

function sourcesUnder(folder) {
  return readdirSync(join(root, folder), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`.replaceAll('\\', '/'))
}
