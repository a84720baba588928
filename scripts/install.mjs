// Makes a fresh clone runnable. Runs on Node 20 with nothing installed, so it uses only what Node itself ships.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
const windows = process.platform === 'win32'

/** The Node that package.json pins; everything but the scripts in this folder runs on it. */
export const pinnedNode = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')

/** The environment of children: scripts and tools find the pinned Node first on their PATH. */
export const childEnv = {
  ...process.env,
  PATH: [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter),
}

const oldestNode = 20
const registryErrors =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|E40[137]|E50[0234])\b/

/** An expected failure of a script: its message is all that is shown. */
export class ScriptError extends Error {}

/** Runs a script's main function; an expected failure prints its message and exits with 1. */
export async function runScript(main) {
  try {
    await main()
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error
    console.error(`\n${error.message}`)
    process.exit(1)
  }
}

/**
 * Installs packages when they are missing or the lock file has changed, and the pinned Node with them.
 * `development: false` leaves out what only tests and checks need (two thirds of the packages by size).
 */
export async function ensureInstalled({ development = true } = {}) {
  const major = Number(process.versions.node.split('.')[0])
  if (major < oldestNode) {
    throw new ScriptError(
      `Plinth starts on Node ${oldestNode} or newer; this is ${process.version}.`,
    )
  }
  const lock = readFileSync(join(root, 'package-lock.json'))
  const wanted = createHash('sha256').update(lock).digest('hex')
  const stampFile = join(root, 'node_modules', '.plinth-install')
  const stamp = readStamp(stampFile)
  const enough = stamp.digest === wanted && (stamp.development || !development)
  if (enough && existsSync(pinnedNode)) return
  const present = alreadyInstalled(JSON.parse(lock.toString('utf8')), development)
  if (!present) await installPackages(development)
  await ensurePinnedNode()
  writeFileSync(stampFile, `${JSON.stringify({ digest: wanted, development })}\n`)
}

/** Builds the console when it is missing or its sources, or those of the SDK, have changed. */
export async function ensureConsole() {
  const stampFile = join(root, 'node_modules', '.plinth-console')
  const wanted = digestOf([
    'console/src',
    'console/public',
    'console/scripts',
    'console/index.html',
    'console/package.json',
    'console/vite.config.ts',
    'sdk/src',
    'package-lock.json',
  ])
  const built = existsSync(join(root, 'console', 'dist', 'index.html'))
  if (built && existsSync(stampFile) && readFileSync(stampFile, 'utf8').trim() === wanted) return
  const require = createRequire(join(root, 'console', 'package.json'))
  const vite = join(require.resolve('vite/package.json'), '..', 'bin', 'vite.js')
  const done = await quietly('Building the console', pinnedNode, {
    args: [vite, 'build', '--logLevel', 'warn'],
    cwd: join(root, 'console'),
  })
  if (done.code !== 0) throw new ScriptError(`The console does not build:\n${done.output}`)
  writeFileSync(stampFile, `${wanted}\n`)
}

/** Runs a command to its end; `output` holds both of its streams where `inherit` is off. */
export function run(command, { args = [], cwd = root, env = {}, inherit = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...childEnv, ...env },
      stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      shell: windows && command === 'npm',
    })
    let output = ''
    const keep = (data) => {
      output = (output + data).slice(-1_000_000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code: code ?? 1, signal, output }))
  })
}

/** Like `run`, with one line that says what is going on and for how long. */
async function quietly(what, command, options) {
  const start = Date.now()
  const tty = process.stdout.isTTY
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`
  if (!tty) console.log(`${what} …`)
  const draw = () => process.stdout.write(`\r${what} … ${seconds()} `)
  if (tty) draw()
  const timer = tty ? setInterval(draw, 500) : undefined
  const done = await run(command, options).finally(() => clearInterval(timer))
  const line = done.code === 0 ? `${what}: done in ${seconds()}` : `${what}: failed`
  console.log(tty ? `\r${line}   ` : line)
  return done
}

async function installPackages(development) {
  const npm = npmCommand()
  const omit = development ? [] : ['--omit=dev']
  const done = await quietly(
    'Installing packages (first start, or packages changed)',
    npm.command,
    {
      args: [...npm.args, 'ci', '--no-audit', '--no-fund', '--loglevel=error', ...omit],
    },
  )
  if (done.code === 0) return
  const tail = done.output.trim().split('\n').slice(-20).join('\n')
  const reason = registryErrors.exec(done.output)?.[1]
  if (!reason) throw new ScriptError(`npm could not install the packages:\n${tail}`)
  throw new ScriptError(
    [
      tail,
      '',
      `The npm registry cannot be used (${reason}). Packages are fetched on the first start only.`,
      'Check the network, or the proxy and registry that npm uses (npm config get registry, proxy, https-proxy).',
      'Without a network: copy node_modules from a machine of the same kind that has it; see docs/operate/running.md.',
    ].join('\n'),
  )
}

/** The `node` package links its binary in an install script; where npm skips scripts, do the same here. */
async function ensurePinnedNode() {
  if (existsSync(pinnedNode)) return
  const done = await quietly('Installing the Node runtime', process.execPath, {
    args: ['installArchSpecificPackage.js'],
    cwd: join(root, 'node_modules', 'node'),
  })
  if (existsSync(pinnedNode)) return
  throw new ScriptError(`The pinned Node runtime could not be installed:\n${done.output}`)
}

/** True where npm's own record of node_modules agrees with the lock file, as after `npm install NAME`. */
function alreadyInstalled(lock, development) {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  return Object.entries(lock.packages).every(([path, entry]) => {
    if (!path.includes('node_modules/') || entry.link || entry.optional || entry.devOptional)
      return true
    if (!development && entry.dev) return true
    const found = installed[path]
    return found?.version === entry.version && existsSync(join(root, path, 'package.json'))
  })
}

function npmCommand() {
  const script = process.env.npm_execpath
  if (script?.endsWith('.js') && existsSync(script)) {
    return { command: process.execPath, args: [script] }
  }
  const found = spawnSync('npm', ['--version'], { shell: windows })
  if (found.status === 0) return { command: 'npm', args: [] }
  throw new ScriptError('npm is not on the PATH; it comes with Node.')
}

function readStamp(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {}
  }
}

/** One digest over files and folders (sorted, by content), relative to the root. */
function digestOf(paths) {
  const hash = createHash('sha256')
  const visit = (path) => {
    if (!existsSync(path)) return
    const name = relative(root, path)
    let entries
    try {
      entries = readdirSync(path, { withFileTypes: true })
    } catch {
      hash.update(`${name}\0`).update(readFileSync(path)).update('\0')
      return
    }
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name !== 'node_modules') visit(join(path, entry.name))
    }
  }
  for (const path of paths) visit(join(root, path))
  return hash.digest('hex')
}

/** A folder under node_modules/.cache, which is never committed. */
export function cacheFolder(name) {
  const path = join(root, 'node_modules', '.cache', 'plinth', name)
  mkdirSync(path, { recursive: true })
  return path
}
