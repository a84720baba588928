import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { residentMb } from '../harness/memory.ts'
import { modelsFolder, readOptions, repository, wholeNumber } from '../harness/options.ts'
import { report, round } from '../harness/report.ts'
import { removeRoot, temporaryRoot } from '../harness/server.ts'

/**
 * What a newcomer waits for: clone, `npm start` (packages, console, database, sample company), first cited answer; then a
 * second start, and memory at rest. Packages are fetched once before, apart; the timed install takes them from npm's
 * cache. `--reuse-packages` links this checkout's packages instead and needs no registry.
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args, {
    from: repository,
    'reuse-packages': false,
    'rest-seconds': '90',
  })
  const rest = wholeNumber('rest-seconds', options['rest-seconds'])
  const root = await temporaryRoot()
  const clone = join(root, 'plinth')
  try {
    const cloneS = await timed(() =>
      command('git', ['clone', '-q', options.from ?? '', clone], root),
    )
    const packages = await bringPackages(clone, options['reuse-packages'])
    const first = await firstStart(clone, root)
    const again = await secondStart(clone, { root, rest })
    report(
      {
        clone_s: round(cloneS),
        ...packages,
        ...first,
        clone_to_answer_s: round(cloneS + first.start_to_answer_s),
        ...again,
      },
      options.json,
    )
  } finally {
    await removeRoot(root)
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1_000
}

function command(name: string, args: string[], cwd: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(name, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
    child.once('error', reject)
    child.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${name}: ${code}`))))
  })
}

/** Fills npm's cache, and takes away what was installed, so that the start installs from there. */
async function bringPackages(clone: string, reuse: boolean) {
  if (reuse) {
    await command('cp', ['-al', join(repository, 'node_modules'), clone], repository)
    const inner = join(repository, 'console', 'node_modules')
    if (existsSync(inner))
      cpSync(inner, join(clone, 'console', 'node_modules'), { recursive: true })
    rmSync(join(clone, 'node_modules', '.plinth-console'), { force: true })
    return { packages: 'linked' }
  }
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--omit=dev']
  const seconds = await timed(() => command('npm', args, clone))
  rmSync(join(clone, 'node_modules'), { recursive: true, force: true })
  return { packages: 'npm cache', download_s: round(seconds, 1) }
}

interface Started {
  child: ChildProcess
  readyS: number
  url: string
  key: string
}

async function firstStart(clone: string, root: string) {
  const began = performance.now()
  const server = await start(clone, root)
  const readyS = (performance.now() - began) / 1_000
  const tries = await firstAnswer(server)
  const answerS = (performance.now() - began) / 1_000
  // A second start that goes on reading the sample would be measured as slower and larger than it is.
  await untilRead(server)
  await stop(server.child)
  return {
    start_to_ready_s: round(readyS),
    start_to_answer_s: round(answerS),
    answer_tries_count: tries,
  }
}

async function secondStart(clone: string, { root, rest }: { root: string; rest: number }) {
  const began = performance.now()
  const server = await start(clone, root)
  const readyS = (performance.now() - began) / 1_000
  const pid = server.child.pid ?? 0
  await wait(5_000)
  const untouched = residentMb(pid)
  const answerMs = 1_000 * (await timed(() => firstAnswer(server)))
  const answered = residentMb(pid)
  await wait(rest * 1_000)
  const resting = residentMb(pid)
  await stop(server.child)
  return {
    second_start_s: round(readyS),
    second_first_answer_ms: round(answerMs, 0),
    after_start_rss_mb: round(untouched, 0),
    after_answer_rss_mb: round(answered, 0),
    rest_s: rest,
    at_rest_rss_mb: round(resting, 0),
  }
}

/** `npm start` without npm: the script that it runs, on the Node that this bench runs on. */
async function start(clone: string, root: string): Promise<Started> {
  const began = performance.now()
  const data = join(root, 'data')
  const models = modelsFolder()
  const child = spawn(process.execPath, [join(clone, 'scripts', 'start.mjs')], {
    cwd: clone,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: process.env.HOME ?? root,
      npm_config_prefer_offline: 'true',
      PLINTH_DATA_DIR: data,
      PLINTH_PORT: '0',
      ...(models ? { PLINTH_MODELS_DIR: models } : {}),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await ready(child)
  const { url } = JSON.parse(readFileSync(join(data, 'server.json'), 'utf8'))
  const key = readFileSync(join(data, 'admin.key'), 'utf8').trim()
  return { child, readyS: (performance.now() - began) / 1_000, url, key }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = ''
    child.stdout?.on('data', (piece: Buffer) => {
      output = (output + piece).slice(-20_000)
      if (output.includes('is ready after') && output.includes('API key')) resolve()
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`The start ended (${code}):\n${output}`)))
  })
}

/** Asks what the sample company knows until it is answered with a citation; gives the number of tries. */
async function firstAnswer({ url, key }: Started): Promise<number> {
  for (let tries = 1; tries < 1_000; tries++) {
    const reply = await fetch(`${url}/api/v1/ask`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ question: 'How many days a week may I work from home?' }),
    })
    const answer = (await reply.json()) as { outcome?: string; citations?: unknown[] }
    if (answer.outcome === 'answered' && (answer.citations?.length ?? 0) > 0) return tries
    await wait(200)
  }
  throw new Error('The sample company gave no cited answer.')
}

async function untilRead({ url, key }: Started): Promise<void> {
  const headers = { authorization: `Bearer ${key}` }
  for (let left = 1; left > 0; await wait(500)) {
    left = 0
    for (const state of ['queued', 'running', 'waiting']) {
      const reply = await fetch(`${url}/api/v1/jobs?limit=1&state=${state}`, { headers })
      left += ((await reply.json()) as { items: unknown[] }).items.length
    }
  }
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGINT')
  await ended
}

function wait(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
