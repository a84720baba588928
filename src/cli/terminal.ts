import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { createInterface } from 'node:readline/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { CliIo } from './io.ts'

/** The real surroundings: this process, its terminal, its files. */
export function processIo(local: CliIo['local']): CliIo {
  const { stdin, stdout, stderr } = process
  // A reader that left (`| head`) ends the command quietly, as for any other tool.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
  })
  return {
    env: process.env,
    cwd: process.cwd(),
    out: async (text) => {
      if (!stdout.write(text)) await once(stdout, 'drain')
    },
    err: (text) => void stderr.write(text),
    watched: stderr.isTTY === true,
    terminal: stdout.isTTY === true,
    columns: stdout.columns ?? stderr.columns ?? 100,
    version: ownVersion(),
    fetch: patientFetch,
    now: () => Date.now(),
    sleep: async (ms, signal) => {
      await wait(ms, undefined, signal ? { signal } : {})
    },
    stdin: readStdin,
    confirm: async (question) => {
      if (!stdin.isTTY || !stderr.isTTY) return false
      const lines = createInterface({ input: stdin, output: stderr })
      try {
        return /^y(es)?$/i.test((await lines.question(`${question} [y/N] `)).trim())
      } finally {
        lines.close()
      }
    },
    onInterrupt: (handler) => {
      process.on('SIGINT', handler)
      return () => process.off('SIGINT', handler)
    },
    startServer,
    local,
  }
}

/** Without the five minutes after which `fetch` gives up: a long check answers when it is done. Ctrl-C ends it. */
const patientFetch: typeof fetch = async (input, init) => {
  const { Agent, fetch: send } = await import('undici')
  patient ??= new Agent({ headersTimeout: 0, bodyTimeout: 0 })
  const given = { ...init, dispatcher: patient } as Parameters<typeof send>[1]
  return (await send(input as string, given)) as unknown as Response
}

let patient: import('undici').Agent | undefined

function ownVersion(): string {
  const file = new URL('../../package.json', import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

async function readStdin(): Promise<string> {
  const pieces: Buffer[] = []
  for await (const piece of process.stdin) pieces.push(piece as Buffer)
  return Buffer.concat(pieces).toString('utf8')
}

/** Beside this folder, as source or compiled. */
function entry(path: string): string {
  return fileURLToPath(new URL(`../${path}${import.meta.url.slice(-3)}`, import.meta.url))
}

async function startServer(args: readonly string[]): Promise<number> {
  const server = spawn(process.execPath, [entry('main'), ...args], { stdio: 'inherit' })
  // The terminal signals the whole group: this process only waits.
  const pass = (signal: NodeJS.Signals) => void server.kill(signal)
  const ignore = () => undefined
  process.on('SIGINT', process.stdin.isTTY ? ignore : pass)
  process.on('SIGTERM', pass)
  const [code, signal] = (await once(server, 'exit')) as [number | null, NodeJS.Signals | null]
  return signal ? 128 + constants.signals[signal] : (code ?? 1)
}
