import { fork } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { residentMb } from '../harness/memory.ts'
import { BenchError, readOptions, wholeNumber } from '../harness/options.ts'
import { processorSeconds } from '../harness/processor.ts'
import { quantile, type Row, reportRows, round } from '../harness/report.ts'
import { removeRoot, temporaryRoot } from '../harness/server.ts'
import type { LoadFigures, LoadOptions } from './load.ts'
import { oneByOne } from './sequence.ts'
import { direct, litellm, nginx, plinth, portkey, startUpstream, type Target } from './targets.ts'

type Mode = 'json' | 'sse' | 'long'

/**
 * Gateways before an upstream that takes no time, each in a process of its own, one after the other and again: what is
 * compared was measured in the same minutes. Rows hold medians over the repeats.
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args, {
    peers: 'portkey,nginx',
    clients: '1,32,128',
    modes: 'json,sse,long',
    seconds: '3',
    repeats: '3',
    warm: '10',
    masking: false,
  })
  const seconds = wholeNumber('seconds', options.seconds)
  const repeats = wholeNumber('repeats', options.repeats)
  const clients = (options.clients ?? '').split(',').map((one) => wholeNumber('clients', one))
  const modes = (options.modes ?? '').split(',') as Mode[]
  const root = await temporaryRoot()
  const upstream = await startUpstream()
  const targets: Target[] = [direct()]
  try {
    targets.push(await plinth(folderIn(root, 'plinth'), 'allow'))
    if (options.masking) targets.push(await plinth(folderIn(root, 'masking'), 'mask'))
    for (const peer of (options.peers ?? '').split(',').filter(Boolean)) {
      const start = { portkey, nginx, litellm }[peer]
      if (!start) throw new BenchError(`--peers knows portkey, nginx and litellm, not ${peer}.`)
      targets.push(await start(root))
    }
    await warmUp(targets, { modes, seconds: wholeNumber('warm', options.warm) })
    const rows: Row[] = []
    for (const mode of modes) {
      for (const n of mode === 'long' ? [16] : clients) {
        rows.push(...(await compare(targets, { mode, clients: n, seconds, repeats })))
      }
    }
    reportRows(rows, options.json)
  } finally {
    for (const target of targets) await target.stop()
    upstream.kill()
    await removeRoot(root)
  }
}

function folderIn(root: string, name: string): string {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  return folder
}

/** A just-in-time compiler goes on for ten seconds; before, an hour of a gateway looks like its first minute. */
async function warmUp(
  targets: readonly Target[],
  { modes, seconds }: { modes: readonly Mode[]; seconds: number },
): Promise<void> {
  for (const target of targets) {
    if (target.pid === 0) continue
    for (const mode of modes) await measure(target, { mode, clients: 32, seconds, repeats: 1 })
  }
}

interface Stretch {
  mode: Mode
  clients: number
  seconds: number
  repeats: number
}

async function compare(targets: readonly Target[], stretch: Stretch): Promise<Row[]> {
  const measured = new Map<Target, Row[]>(targets.map((target) => [target, []]))
  for (const target of targets) await measure(target, { ...stretch, seconds: 1 })
  for (let repeat = 0; repeat < stretch.repeats; repeat++) {
    for (const target of targets) measured.get(target)?.push(await measure(target, stretch))
  }
  const rows = [...measured].map(([target, all]) => medians(target.name, stretch, all))
  const base = rows[0]!
  for (const row of rows) {
    row.added_p50_ms = round(Number(row.p50_ms) - Number(base.p50_ms), 3)
    console.log(
      `${stretch.mode} c=${stretch.clients} ${row.target}: ${row.requests_per_s}/s p50 ${row.p50_ms} p99 ${row.p99_ms} ms, ${row.cpu_us_per_request} µs, ${row.errors_count} errors`,
    )
  }
  return rows
}

function medians(target: string, { mode, clients }: Stretch, all: readonly Row[]): Row {
  const row: Row = { target, mode, clients_count: clients }
  for (const key of Object.keys(all[0] ?? {})) {
    const values = all.map((one) => Number(one[key]))
    row[key] = round(quantile(values, 0.5), 3)
  }
  return row
}

type Figures = Row & { requests_per_s: number }

async function measure(target: Target, { mode, clients, seconds }: Stretch): Promise<Row> {
  const body = bodyOf(target.model, mode)
  const before = target.pid ? processorSeconds(target.pid) : null
  const began = performance.now()
  const figures =
    clients === 1
      ? await alone(target, body, seconds)
      : await crowd(target, body, { clients, seconds })
  const took = (performance.now() - began) / 1_000
  const after = target.pid ? processorSeconds(target.pid) : null
  const requests = figures.requests_per_s * Math.min(took, seconds)
  const busy = before === null || after === null ? 0 : after - before
  return {
    ...figures,
    cpu_us_per_request: requests > 0 ? (busy * 1e6) / requests : 0,
    rss_mb: target.pid ? residentMb(target.pid) : 0,
  }
}

async function alone(target: Target, body: string, seconds: number): Promise<Figures> {
  const times = seconds * 300
  const began = performance.now()
  const { p50_ms, p99_ms, first_p50_ms } = await oneByOne(target, body, times)
  const requests_per_s = (times * 1_000) / (performance.now() - began)
  return { requests_per_s, p50_ms, p99_ms, first_p50_ms, errors_count: 0 }
}

function crowd(
  target: Target,
  body: string,
  { clients, seconds }: { clients: number; seconds: number },
): Promise<Figures> {
  const options: LoadOptions = { url: target.url, headers: target.headers, body, clients, seconds }
  const child = fork(join(import.meta.dirname, 'load.ts'), [JSON.stringify(options)])
  return new Promise((resolve, reject) => {
    child.once('message', (message) => {
      const { errors, ...figures } = message as LoadFigures
      resolve({ ...figures, errors_count: errors })
    })
    child.once('error', reject)
    child.once('exit', (code) => {
      if (code) reject(new BenchError(`The load ended with ${code}.`))
    })
  })
}

const sentence = 'Summarise what the enclosed report says about the third quarter, please. '

function bodyOf(model: string, mode: Mode): string {
  const content = sentence.repeat(mode === 'long' ? 1_500 : 13)
  const messages = [
    { role: 'system', content: 'You answer briefly.' },
    { role: 'user', content },
  ]
  return JSON.stringify({
    model,
    messages,
    max_tokens: 256,
    ...(mode === 'sse' ? { stream: true } : {}),
  })
}
