import { existsSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createServer } from '#api'
import { defaultAssistant } from '#apps'
import { type Config, readConfig } from '#config'
import { PlinthError, toPlinthError } from '#kernel'
import {
  beganByAnother,
  beginsOthers,
  buildHouse,
  ensureOwner,
  fillInVectors,
  followReading,
  type House,
  loadSample,
  ownerLink,
  processIndex,
  readingText,
  runProcesses,
  shareOf,
  stillReading,
} from '#wiring'

const levels = ['fatal', 'error', 'warn', 'info', 'debug']

/** Start: configuration, wiring, listen. Ends cleanly on SIGINT and SIGTERM. */
async function main(): Promise<void> {
  const began = performance.now()
  const whole = readConfig()
  const log = logger(whole)
  if (beginsOthers(whole)) process.exit(await runProcesses(whole, log))
  const config = shareOf(whole)
  const house = await buildHouse(config, { log })
  const { userId } = await ensureOwner(house)
  const sampled = await loadSample(house)
  await fillInVectors(house)
  house.start()
  const consoleDir = join(import.meta.dirname, '..', 'console', 'dist')
  const app = await createServer({
    house: house.api,
    log,
    ...(existsSync(join(consoleDir, 'index.html')) ? { consoleDir } : {}),
  })
  await listen(app, config)
  const address = app.server.address() as AddressInfo
  config.port = address.port
  if (processIndex() === 0) {
    await announce(house, { url: house.api.publicUrl() })
    await greet(house, { userId, sampled, seconds: (performance.now() - began) / 1_000 })
  }
  const leaving = new AbortController()
  const following =
    processIndex() === 0 ? tellReading(house, { log, signal: leaving.signal }) : undefined
  onStop(async () => {
    leaving.abort()
    await following
    await app.close()
    await house.close()
    await rm(join(config.dataDir, 'server.json'), { force: true })
  })
}

async function listen(
  app: { listen(at: { host: string; port: number }): Promise<string> },
  config: Config,
): Promise<void> {
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new PlinthError('UNAVAILABLE', {
      detail: `Port ${config.port} on ${config.host} is in use.`,
      remedy: 'Stop what listens there, or set PLINTH_PORT to another port.',
    })
  }
}

/** Where the command line finds this server. */
async function announce(house: House, { url }: { url: string }): Promise<void> {
  const file = join(house.config.dataDir, 'server.json')
  await writeFile(file, `${JSON.stringify({ url, pid: serverPid() })}\n`, { mode: 0o600 })
}

/** Whom to signal to end the server: where several processes serve, the one that began them. */
function serverPid(): number {
  return beganByAnother() ? process.ppid : process.pid
}

async function greet(
  house: House,
  start: { userId: string; sampled: boolean; seconds: number },
): Promise<void> {
  const facts = house.api.facts()
  const dense = facts.embedder ? `on (${facts.embedder})` : `off. ${facts.denseOff}`
  const lines = [
    '',
    `Plinth ${house.api.version} is ready after ${start.seconds.toFixed(1)} s.`,
    '',
    `  Address      ${house.api.publicUrl()}`,
    `  Sign in      ${await ownerLink(house, start.userId)}`,
    '               (works once, within 15 minutes)',
    `  Chat model   ${await chatModel(house)}`,
    `  Dense leg    ${dense}`,
    `  Data         ${house.config.dataDir} (${house.foundation.store.engine})`,
    `  API key      ${house.config.adminKeyFile}`,
  ]
  const reading = await stillReading(house)
  if (start.sampled) lines.push('  Sample       Tessmere Mutual, an invented insurer')
  if (reading) {
    lines.push(`  Documents    being read: ${readingText(reading)}.`)
    lines.push('               Until all are, answers say what they may lack.')
  }
  process.stdout.write(`${lines.join('\n')}\n\n`)
}

/** Follows the reading of documents that had begun at the start; a fault of it is no fault of the server. */
async function tellReading(
  house: House,
  { log, signal }: { log: ReturnType<typeof logger>; signal: AbortSignal },
): Promise<void> {
  const say = (line: string) => void process.stdout.write(`  Documents    ${line}\n`)
  await followReading(house, { say, signal }).catch((error: unknown) =>
    log({
      level: 'warn',
      message: 'The reading of documents is not followed',
      error: String(error),
    }),
  )
}

/** Which model answers first, by the route of the first assistant. */
async function chatModel(house: House): Promise<string> {
  const snapshot = await house.foundation.snapshots.get(house.foundation.organizationId)
  const assistant = defaultAssistant(snapshot)
  const route = assistant && snapshot.resolve('Route', assistant.spec.route)
  const first = route?.spec.models[0] ?? 'extractive'
  return first === 'extractive'
    ? 'extractive (built in: quotes the best-supported sentences)'
    : `${first} (route ${route?.name})`
}

function logger(config: Config): (entry: Record<string, unknown>) => void {
  const least = Math.max(0, levels.indexOf(config.logLevel))
  return (entry) => {
    if (levels.indexOf(String(entry.level ?? 'info')) > least) return
    process.stderr.write(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`)
  }
}

/** Runs `stop` once on the first signal; a second signal ends the process at once. */
function onStop(stop: () => Promise<void>): void {
  let stopping = false
  const handle = () => {
    if (stopping) process.exit(130)
    stopping = true
    stop().then(
      () => process.exit(0),
      (error) => fail(error),
    )
  }
  // Ctrl-C reaches all processes of a terminal: where another one began this one, that one tells it to end.
  process.on('SIGINT', beganByAnother() ? () => undefined : handle)
  process.on('SIGTERM', handle)
}

function fail(thrown: unknown): never {
  const error = toPlinthError(thrown)
  const where = error.where ? `\n  where   ${error.where}` : ''
  process.stderr.write(
    `\nPlinth could not start: ${error.message}${where}\n  remedy  ${error.remedy}\n  code    ${error.code}\n`,
  )
  if (error.code === 'INTERNAL')
    process.stderr.write(`${(error.cause as Error)?.stack ?? error.stack}\n`)
  process.exit(1)
}

main().catch(fail)
