import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { modelsFolder, repository } from './options.ts'
import type { LoopDelay } from './probe.ts'

/** What a server answered; `body` is parsed JSON. */
export interface Reply {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: answers of many routes, looked at field by field
  body: any
}

const readyMs = 120_000

/** A folder for a server's data and sources. */
export function temporaryRoot(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'plinth-bench-'))
}

export function removeRoot(root: string): Promise<void> {
  return rm(root, { recursive: true, force: true })
}

/** The real server in a process of its own (`src/main.ts`), spoken to over HTTP with the first owner's key. */
export class BenchServer {
  readonly root: string
  readonly url: string
  /** From starting the process to its saying that it is ready. */
  readonly startedInMs: number
  readonly #process: ChildProcess
  readonly #key: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })

  private constructor(parts: {
    root: string
    url: string
    startedInMs: number
    child: ChildProcess
    key: string
  }) {
    this.root = parts.root
    this.url = parts.url
    this.startedInMs = parts.startedInMs
    this.#process = parts.child
    this.#key = parts.key
  }

  static async start(root: string, env: Record<string, string> = {}): Promise<BenchServer> {
    const began = performance.now()
    const child = spawnServer(root, env)
    await untilReady(child)
    const startedInMs = performance.now() - began
    const { url } = JSON.parse(readFileSync(join(root, 'data', 'server.json'), 'utf8'))
    const key = readFileSync(join(root, 'data', 'admin.key'), 'utf8').trim()
    return new BenchServer({ root, url, startedInMs, child, key })
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** One request with the owner's key. Throws when the connection breaks. */
  call(method: string, path: string, body?: unknown): Promise<Reply> {
    const payload = body === undefined ? undefined : Buffer.from(JSON.stringify(body))
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${this.#key}`,
        ...(payload
          ? { 'content-type': 'application/json', 'content-length': payload.length }
          : {}),
      }
      const sent = request(this.url + path, { method, headers, agent: this.#agent }, (answer) => {
        const pieces: Buffer[] = []
        answer.on('data', (piece: Buffer) => pieces.push(piece))
        answer.on('error', reject)
        answer.on('end', () => {
          const text = Buffer.concat(pieces).toString('utf8')
          try {
            resolve({ status: answer.statusCode ?? 0, body: text === '' ? null : JSON.parse(text) })
          } catch {
            resolve({ status: answer.statusCode ?? 0, body: text })
          }
        })
      })
      sent.on('error', reject)
      sent.end(payload)
    })
  }

  /** The body of an answer below 300; anything else is thrown. */
  // biome-ignore lint/suspicious/noExplicitAny: answers of many routes, looked at field by field
  async ask(method: string, path: string, body?: unknown): Promise<any> {
    const reply = await this.call(method, path, body)
    if (reply.status < 300) return reply.body
    throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(reply.body)}`)
  }

  /** The event loop's delay since the last time this was asked. */
  loopDelay(): Promise<LoopDelay> {
    return new Promise((resolve) => {
      this.#process.once('message', (answer) => resolve(answer as LoopDelay))
      this.#process.send('loop-delay')
    })
  }

  /** Ends the process as an operator does. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM')
  }

  /** Ends the process as a power cut does. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  #end(signal: NodeJS.Signals): Promise<void> {
    this.#agent.destroy()
    const child = this.#process
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
    return new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.kill(signal)
    })
  }
}

function spawnServer(root: string, env: Record<string, string>): ChildProcess {
  const probe = join(repository, 'bench', 'harness', 'probe.ts')
  const main = join(repository, 'src', 'main.ts')
  return spawn(process.execPath, ['--import', probe, main], {
    cwd: repository,
    env: { ...environment(root), ...env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  })
}

/** Nothing of the caller's own settings, keys and endpoints reaches a measured server. */
function environment(root: string): Record<string, string> {
  const models = modelsFolder()
  return {
    PATH: process.env.PATH ?? '',
    HOME: root,
    PLINTH_DATA_DIR: join(root, 'data'),
    PLINTH_PORT: '0',
    PLINTH_SAMPLE: 'off',
    PLINTH_EMBEDDER: 'none',
    PLINTH_BENCH_PROBE: '1',
    // For a profile of the server alone: PLINTH_BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=/tmp/profile".
    ...(process.env.PLINTH_BENCH_NODE_OPTIONS
      ? { NODE_OPTIONS: process.env.PLINTH_BENCH_NODE_OPTIONS }
      : {}),
    ...(models ? { PLINTH_MODELS_DIR: models } : {}),
    ...(process.env.DATABASE_URL ? { DATABASE_URL: process.env.DATABASE_URL } : {}),
  }
}

function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`The server was not ready after ${readyMs / 1_000} s:\n${output}`))
    }, readyMs)
    child.stdout?.on('data', (piece: Buffer) => {
      output = (output + piece).slice(-20_000)
      if (!output.includes('is ready after') || !output.includes('API key')) return
      clearTimeout(timer)
      resolve()
    })
    child.once('exit', (code, signal) => {
      clearTimeout(timer)
      reject(new Error(`The server ended (${code ?? signal}):\n${output}`))
    })
  })
}

/** Waits until a job has ended, telling how far it is. */
export async function untilEnded(
  server: BenchServer,
  jobId: string,
  tell?: (progress: Record<string, number | undefined>) => void,
  // biome-ignore lint/suspicious/noExplicitAny: the job as the API shows it
): Promise<any> {
  for (;;) {
    const job = await server.ask('GET', `/api/v1/jobs/${jobId}`)
    tell?.(job.progress)
    if (job.finishedAt) return job
    await new Promise((done) => setTimeout(done, 250))
  }
}
