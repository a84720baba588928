import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { root } from './tidy/sources.ts'

/** A server with the sample company, in a process of its own, as the command line starts it. */
export interface SampleServer {
  url: string
  /** For commands that are to find the server and its owner's key. */
  env: NodeJS.ProcessEnv
  stop(): Promise<void>
}

/** Starts it on a free port, without search by meaning; ready once it prints where it is, while it reads the sample. */
export async function startSampleServer(dataDir: string): Promise<SampleServer> {
  const env: NodeJS.ProcessEnv = { ...process.env, PLINTH_DATA_DIR: dataDir }
  for (const name of ['PLINTH_URL', 'PLINTH_API_KEY', 'DATABASE_URL']) delete env[name]
  const server = spawn(process.execPath, [join(root, 'bin', 'plinth.mjs'), 'start'], {
    env: { ...env, PLINTH_PORT: '0', PLINTH_EMBEDDER: 'none' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = await greeting(server)
  const url = /Address\s+(http:\S+)/.exec(output)?.[1] ?? ''
  return {
    url,
    env,
    stop: async () => {
      if (server.exitCode !== null) return
      server.kill('SIGTERM')
      await once(server, 'exit')
    },
  }
}

function greeting(server: ChildProcess): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    const keep = (data: Buffer) => {
      output += data.toString()
      if (/API key\s+\S+/.test(output)) resolve(output)
    }
    server.stdout?.on('data', keep)
    server.stderr?.on('data', keep)
    server.once('exit', () => reject(new Error(output)))
  })
}
