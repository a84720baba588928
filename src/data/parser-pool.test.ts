import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse } from './parse.ts'
import { createParserPool, type ParserPool, type ParserPoolConfig } from './parser-pool.ts'

const realChild = fileURLToPath(new URL('../adapters/parsers/child.ts', import.meta.url))

/**
 * A child that does what the document's name says, without any library: hang, crash, eat memory,
 * or answer.
 */
const actor = `
const send = (m) => new Promise((r) => process.send(m, r))
const sleep = (ms) => new Promise((r) => setTimeout(r, ms))
const head = { parserId: 'actor/1', mediaType: 'text/plain', metadata: {}, warnings: [] }
const verbs = {
  async hang(id) {
    await send({ type: 'progress', id, done: 3, total: 9 })
    for (;;);
  },
  crash: () => process.abort(),
  exit: () => process.exit(3),
  heap() {
    const kept = []
    for (;;) kept.push(new Array(1e5).fill(Math.random()))
  },
  async buffers() {
    const kept = []
    for (;; await sleep(5)) kept.push(Buffer.alloc(8e6, 1))
  },
  async suicide() {
    process.kill(process.pid, 'SIGKILL')
    await sleep(1e6)
  },
  wait: (id, ms) => sleep(Number(ms)),
}
process.on('disconnect', () => process.exit(0))
process.on('message', async ({ id, name }) => {
  const [verb, more] = name.split(' ')
  await verbs[verb]?.(id, more)
  await send({ type: 'part', id, text: process.pid + ' ' + Object.keys(process.env).join() })
  await send({ type: 'done', id, head: { ...head, paged: false, boxed: false } })
})
void send({ type: 'ready' })
`

let folder: string
let actorPath: string
const pools: ParserPool[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-pool-test-'))
  actorPath = join(folder, 'actor.mjs')
  await writeFile(actorPath, actor)
})
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())))
afterAll(() => rm(folder, { recursive: true, force: true }))

function open(
  limits: ParserPoolConfig['limits'] = {},
  options: Partial<ParserPoolConfig> = {},
): ParserPool {
  const pool = createParserPool({ childPath: actorPath, size: 2, limits, ...options })
  pools.push(pool)
  return pool
}

const doc = (name: string) => ({ name, bytes: new Uint8Array(1) })
const pidOf = ({ text }: { text: string }) => Number(text.split(' ')[0])

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('parser pool', () => {
  it('kills a child that takes too long and names file and page [M1.pool-time]', async () => {
    const pool = open({ parserSeconds: 0.5 })
    const stuck = pool.parse(doc('hang'))
    await expect(stuck).rejects.toMatchObject({
      code: 'PARSER_LIMIT',
      message: expect.stringContaining('parserSeconds (0.5)'),
      where: 'hang, page 4',
    })
    expect((await pool.parse(doc('ok'))).parserId).toBe('actor/1')
  })

  it('kills a child that takes too much memory, heap or buffers [M1.pool-memory]', async () => {
    const pool = open({ parserMemoryMb: 160 })
    const failures = await Promise.allSettled([pool.parse(doc('heap')), pool.parse(doc('buffers'))])
    for (const failure of failures) {
      expect(failure).toMatchObject({
        status: 'rejected',
        reason: { code: 'PARSER_LIMIT', message: expect.stringContaining('parserMemoryMb (160)') },
      })
    }
  })

  it('turns a crash into an error of that file alone [M1.pool-crash]', async () => {
    const pool = open()
    const names = ['ok 1', 'crash', 'ok 2', 'exit', 'ok 3', 'hang?', 'crash', 'ok 4']
    const outcomes = await Promise.allSettled(names.map((name) => pool.parse(doc(name))))
    expect(outcomes.map((o) => o.status)).toEqual(
      names.map((name) => (/^(crash|exit)/.test(name) ? 'rejected' : 'fulfilled')),
    )
    expect(outcomes[1]).toMatchObject({ reason: { code: 'UNPARSABLE', where: 'crash' } })
    expect(outcomes[3]).toMatchObject({
      reason: { message: expect.stringContaining('exit code 3') },
    })
  })

  it('tries once more when a child was killed from outside [M1.pool-retry]', async () => {
    const pool = open({}, { size: 1 })
    const pid = pidOf(await pool.parse(doc('ok')))
    const slow = pool.parse(doc('wait 2000'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    process.kill(pid, 'SIGKILL')
    expect(pidOf(await slow)).not.toBe(pid)
    await expect(pool.parse(doc('suicide'))).rejects.toMatchObject({
      code: 'UNPARSABLE',
      message: expect.stringContaining('killed from outside twice'),
    })
  })

  it('cancels what runs and what waits, by signal or by closing [M1.pool-abort]', async () => {
    const pool = open({}, { size: 1 })
    const stop = new AbortController()
    const running = pool.parse(doc('hang'), { signal: stop.signal })
    const waiting = pool.parse(doc('hang'), { signal: stop.signal })
    const next = pool.parse(doc('ok'))
    setTimeout(() => stop.abort(), 200)
    await expect(running).rejects.toMatchObject({ code: 'CANCELLED', where: 'hang' })
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
    const pid = pidOf(await next)
    await expect(pool.parse(doc('ok'), { signal: stop.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    })
    const last = pool.parse(doc('hang'))
    setTimeout(() => void pool.close(), 100)
    await expect(last).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect.poll(() => alive(pid)).toBe(false)
  })

  it('ends idle children, replaces worn ones, and reuses the others [M1.pool-life]', async () => {
    const pool = open({ parserIdleSeconds: 0.3, parserDocumentsPerChild: 3 }, { size: 1 })
    const pids: number[] = []
    for (let i = 0; i < 4; i++) pids.push(pidOf(await pool.parse(doc('ok'))))
    expect(new Set(pids.slice(0, 3)).size).toBe(1)
    expect(pids[3]).not.toBe(pids[0])
    await expect.poll(() => alive(pids[3]!)).toBe(false)
  })

  it('hides the environment and refuses what is too large or too much [M1.pool-limits]', async () => {
    process.env.PLINTH_TEST_SECRET = 'x'
    const pool = open({ uploadBytes: 10, parserQueue: 1 }, { size: 1 })
    expect((await pool.parse(doc('ok'))).text).not.toContain('PLINTH_TEST_SECRET')
    delete process.env.PLINTH_TEST_SECRET
    await expect(pool.parse({ name: 'big', bytes: new Uint8Array(11) })).rejects.toMatchObject({
      code: 'PARSER_LIMIT',
      message: expect.stringContaining('uploadBytes'),
    })
    await expect(pool.parse({ name: 'none', path: join(folder, 'none') })).rejects.toMatchObject({
      code: 'UNPARSABLE',
    })
    const held = [pool.parse(doc('wait 200'))]
    const { waiting } = pool as unknown as { waiting: unknown[] }
    await expect.poll(() => waiting.length).toBe(0)
    held.push(pool.parse(doc('ok')))
    await expect(pool.parse(doc('ok'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    await Promise.all(held)
  })

  it('says when a child cannot start [M1.pool-start]', async () => {
    const pool = open({}, { childPath: join(folder, 'missing.mjs') })
    await expect(pool.parse(doc('ok'))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining('did not start'),
    })
  })
})

describe('parser pool with the real child', () => {
  it('parses bytes and paths and leaves no file behind [M1.pool-real]', async () => {
    const pool = open({}, { childPath: realChild })
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('plinth-parse-'))
    const large = new TextEncoder().encode(`a,b\n${'1,some words here\n'.repeat(80_000)}`)
    const path = join(folder, 'a.md')
    await writeFile(path, '# Title\n\nText.')
    const [csv, md] = await Promise.all([
      pool.parse({ name: 'large.csv', bytes: large }),
      pool.parse({ name: 'a.md', path }),
    ])
    expect(csv.blocks).toHaveLength(80_001)
    expect(csv.blocks.at(-1)).toMatchObject({ kind: 'table-row', table: 1, end: csv.text.length })
    expect(md).toMatchObject({ parserId: 'markdown/1', title: 'Title' })
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith('plinth-parse-'))
    expect(after.filter((name) => !before.includes(name))).toEqual([])
  })

  it('never holds up the event loop while it parses [M1.pool-loop]', async () => {
    const pool = open({}, { childPath: realChild })
    const large = new TextEncoder().encode(`a,b\n${'1,some words here\n'.repeat(150_000)}`)
    // What this thread itself works between two ticks: a busy machine stretches the clock, not this.
    let longest = 0
    let last = process.threadCpuUsage()
    const tick = setInterval(() => {
      const { user, system } = process.threadCpuUsage(last)
      longest = Math.max(longest, (user + system) / 1_000)
      last = process.threadCpuUsage()
    }, 5)
    await pool.parse({ name: 'large.csv', bytes: large })
    clearInterval(tick)
    // Taking in 150,000 blocks at once would hold it for more than half a second.
    expect(longest).toBeLessThan(250)
  })

  it('gives the step its errors and its numbers [M1.parse-step]', async () => {
    const pool = open({}, { childPath: realChild })
    const span = { attributes: {} as Record<string, string | number | boolean> }
    const bytes = new TextEncoder().encode('One.\n\nTwo.')
    const content = { input: { name: 'a.txt', bytes } }
    expect((await parse(content, { parser: pool }, span)).text).toBe('One.\n\nTwo.')
    expect(span.attributes).toMatchObject({ parser: 'txt/1', blocks: 2, chars: 10 })
    const empty = { input: { name: 'b.txt', bytes: new Uint8Array() } }
    await expect(parse(empty, { parser: pool }, span)).rejects.toMatchObject({
      code: 'UNPARSABLE',
      where: 'b.txt',
    })
  })
})
