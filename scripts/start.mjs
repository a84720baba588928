// `npm start`: installs what is missing, builds the console once, and runs the server on the pinned Node.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { join } from 'node:path'
import {
  childEnv,
  ensureConsole,
  ensureInstalled,
  pinnedNode,
  root,
  runScript,
} from './install.mjs'

/** Ctrl-C reaches this process from the terminal and once more through npm; both mean one stop. */
const oneSignalMs = 1_000

await runScript(async () => {
  await ensureInstalled({ development: false })
  await ensureConsole()
  // A group of its own: the terminal's signal reaches the server once, through here.
  const server = spawn(pinnedNode, [join(root, 'src', 'main.ts'), ...process.argv.slice(2)], {
    env: childEnv,
    stdio: 'inherit',
    detached: process.platform !== 'win32',
  })
  passSignals(server)
  server.once('error', (error) => {
    console.error(`The server could not be started: ${error.message}`)
    process.exit(1)
  })
  server.once('exit', (code, signal) => {
    process.exit(signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1))
  })
})

function passSignals(server) {
  let last = 0
  const pass = (signal) => {
    const now = Date.now()
    if (now - last < oneSignalMs) return
    last = now
    server.kill(signal)
  }
  process.on('SIGINT', () => pass('SIGINT'))
  process.on('SIGTERM', () => pass('SIGTERM'))
  process.on('SIGHUP', () => pass('SIGTERM'))
}
