#!/usr/bin/env node
// The command line: runs src/cli/main.ts in a checkout, src/cli/main.js in the published package.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const node = pinnedNode() ?? currentNode()
const source = join(root, 'src', 'cli', 'main.ts')
const built = join(root, 'src', 'cli', 'main.js')
const main = existsSync(source) ? source : built
if (!node || !existsSync(main)) {
  console.error('Plinth is not installed here. Run `npm start` or `npm ci` in its folder first:')
  console.error(`  ${root}`)
  process.exit(1)
}

const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' })
// The terminal signals the whole group: the child decides, this process waits for its exit code.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  })
}
child.once('exit', (code, signal) => {
  process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1))
})

/** Where npm skipped the install script of the package `node`: this one, if it is new enough. */
function currentNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 18) ? process.execPath : undefined
}

function pinnedNode() {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('node/package.json'))
    const file = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}
