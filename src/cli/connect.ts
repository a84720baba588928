import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient, type Plinth, PlinthProblem } from '@plinth/sdk'
import { readConfig } from '#config'
import type { CliIo } from './io.ts'

export interface Target {
  url?: string | undefined
  key?: string | undefined
}

export interface Connection {
  client: Plinth
  url: string
  key: string | undefined
  /** Where the address came from: what a person gave, or `<data>/server.json`. */
  from: 'given' | 'data'
}

/**
 * The server to talk to: `--url`, else PLINTH_URL, else what the running server wrote into `<data>/server.json`.
 * The key: `--key`, else PLINTH_API_KEY, else the owner's key file; that file's key goes to this machine's own server
 * only, never to an address that somebody gave. Throws UNREACHABLE where no server is known.
 */
export async function connect(io: CliIo, target: Target): Promise<Connection> {
  const config = readConfig(io.env)
  const own = await serverOf(config.dataDir)
  const given = target.url ?? nonEmpty(io.env.PLINTH_URL)
  const url = (given ?? own)?.replace(/\/+$/, '')
  if (url === undefined) throw noServer(config.dataDir)
  const named = nonEmpty(io.env.PLINTH_ADMIN_KEY_FILE) !== undefined
  const trusted = given === undefined || url === own || named
  const key =
    target.key ??
    nonEmpty(io.env.PLINTH_API_KEY) ??
    (trusted ? await keyIn(config.adminKeyFile) : undefined)
  const from = given === undefined ? 'data' : 'given'
  const client = createClient({ baseUrl: url, fetch: io.fetch, ...(key ? { apiKey: key } : {}) })
  return { client, url, key, from }
}

/** The running server's address as it wrote it; undefined where none did. */
async function serverOf(dataDir: string): Promise<string | undefined> {
  try {
    const { url } = JSON.parse(await readFile(join(dataDir, 'server.json'), 'utf8')) as {
      url?: unknown
    }
    return typeof url === 'string' ? url.replace(/\/+$/, '') : undefined
  } catch {
    return undefined
  }
}

async function keyIn(file: string): Promise<string | undefined> {
  return nonEmpty((await readFile(file, 'utf8').catch(() => '')).trim())
}

function noServer(dataDir: string): PlinthProblem {
  return new PlinthProblem({
    code: 'UNREACHABLE',
    detail: 'No Plinth server is running here.',
    where: join(dataDir, 'server.json'),
    remedy:
      'Start it with `plinth start` (or `npm start`), run this in the folder where it was started, or name it with --url.',
  })
}

/** The same problem, in the words of somebody who has not started a server. */
export function withStartHint(thrown: unknown, from: Connection['from'] | undefined): unknown {
  const lost = thrown instanceof PlinthProblem && thrown.code === 'UNREACHABLE' && from === 'data'
  if (!lost || thrown.where) return thrown
  return new PlinthProblem(
    {
      code: 'UNREACHABLE',
      detail: `No Plinth server answers: ${thrown.detail}`,
      remedy: 'Start it with `plinth start` (or `npm start`), or name another with --url.',
    },
    { cause: thrown },
  )
}

const nonEmpty = (value: string | undefined) => (value ? value : undefined)
