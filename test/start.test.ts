import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { root } from './tidy/sources.ts'

const running: ChildProcess[] = []

describe('npm start', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'plinth-start-'))
  })
  afterEach(async () => {
    for (const server of running.splice(0)) {
      if (server.exitCode === null) await stopped(server, 'SIGTERM')
    }
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('prints where to go, writes the owner’s key for its owner only, and stops at one signal [M32.stop]', async () => {
    const server = start(folder)
    const output = await ready(server)
    const address = /Address\s+(http:\S+)/.exec(output)?.[1]
    expect(address).toBeDefined()
    expect(output).toMatch(/Sign in\s+http:\S+\/sign-in#token=/)
    expect(output).toMatch(/Chat model\s+extractive/)
    expect(output).toMatch(/Dense leg\s+(on|off)/)
    expect((await fetch(`${address}/api/v1/health`)).status).toBe(200)
    const keyFile = join(folder, 'admin.key')
    expect((await stat(keyFile)).mode & 0o077).toBe(0)
    const key = (await readFile(keyFile, 'utf8')).trim()
    const me = await fetch(`${address}/api/v1/me`, { headers: { authorization: `Bearer ${key}` } })
    expect(me.status).toBe(200)
    expect(await stopped(server, 'SIGINT')).toBe(0)
  }, 180_000)

  it('refuses a second server on the same data, and starts again after the first [M32.directory-lock]', async () => {
    const first = start(folder)
    await ready(first)
    const second = start(folder)
    const output = collect(second)
    const [code] = await once(second, 'exit')
    expect(code).toBe(1)
    expect(output()).toContain('DATA_DIRECTORY_LOCKED')
    expect(await stopped(first, 'SIGTERM')).toBe(0)
  }, 180_000)
})

/** The starting script itself, with a free port and no sample. */
function start(dataDir: string): ChildProcess {
  const server = spawn(process.execPath, [join(root, 'scripts', 'start.mjs')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: dataDir,
      PLINTH_DATA_DIR: dataDir,
      PLINTH_PORT: '0',
      PLINTH_SAMPLE: 'off',
      PLINTH_EMBEDDER: 'none',
    },
  })
  running.push(server)
  return server
}

function collect(server: ChildProcess): () => string {
  let output = ''
  const keep = (data: Buffer) => {
    output += data.toString()
  }
  server.stdout?.on('data', keep)
  server.stderr?.on('data', keep)
  return () => output
}

/** Everything printed until the last line of the greeting. */
async function ready(server: ChildProcess): Promise<string> {
  const output = collect(server)
  while (!/API key\s+\S+/.test(output())) {
    await Promise.race([once(server.stdout!, 'data'), exited(server, output)])
  }
  return output()
}

async function exited(server: ChildProcess, output: () => string): Promise<never> {
  await once(server, 'exit')
  throw new Error(`The server ended before it was ready:\n${output()}`)
}

async function stopped(server: ChildProcess, signal: NodeJS.Signals): Promise<number> {
  const end = once(server, 'exit')
  server.kill(signal)
  const [code] = await end
  return code
}
