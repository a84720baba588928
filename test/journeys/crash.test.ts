import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '#config'
import { systemPrincipal } from '#kernel'
import { applyResources, parseResourcesStrictly } from '#store'
import { buildHouse, ensureOwner, openLocalWork } from '#wiring'
import { doorOf, type Person } from '../open-house.ts'
import { freshDatabase } from '../open-store.ts'
import { root } from '../tidy/sources.ts'

const kills = 10
const files = 60
const uploads = 10

const resources = (folder: string) => `
kind: KnowledgeBase
name: diary
spec: { readers: [everyone] }
---
kind: Source
name: files
spec: { knowledgeBase: diary, folder: { path: ${JSON.stringify(folder)} } }
---
kind: Source
name: uploads
spec: { knowledgeBase: diary, upload: {} }
`

describe('a server that is killed', () => {
  let base: string
  let env: Record<string, string>
  let drop = async () => undefined as unknown
  let server: ChildProcess | undefined
  beforeAll(async () => {
    base = await mkdtemp(join(tmpdir(), 'plinth-crash-'))
    const admin = process.env.PLINTH_TEST_DATABASE_URL
    const database = admin ? await freshDatabase(admin) : undefined
    if (database) drop = database.drop
    env = {
      PLINTH_DATA_DIR: join(base, 'data'),
      PLINTH_PORT: '0',
      PLINTH_SAMPLE: 'off',
      PLINTH_EMBEDDER: 'none',
      PLINTH_PARSERS: '1',
      DATABASE_URL: database?.url ?? '',
    }
    await prepare(env, join(base, 'files'))
  })
  afterAll(async () => {
    server?.kill('SIGKILL')
    await drop()
    await rm(base, { recursive: true, force: true })
  })

  it(`${kills} times while it reads goes on where it was: nothing lost, nothing doubled [M1.durable] [M32.kill]`, async () => {
    let sent = 0
    let call: Person['call'] | undefined
    for (let kill = 0; kill < kills; kill++) {
      ;({ server, call } = await start(env))
      if (kill === 0) await call('POST', '/api/v1/sources/files/sync')
      // What was acknowledged counts: one text before each kill.
      const body = {
        source: 'uploads',
        externalId: `text${kill}.txt`,
        text: `Sent as letter${kill}l.`,
      }
      if ((await call('POST', '/api/v1/documents', { body })).status === 202) sent++
      await new Promise((done) => setTimeout(done, 50 + ((kill * 137) % 500)))
      const end = once(server, 'exit')
      server.kill('SIGKILL')
      await end
    }
    expect(sent).toBe(uploads)
    ;({ server, call } = await start(env))
    const live = async () => {
      const { body } = await call('GET', '/api/v1/jobs?limit=100')
      return body.items.filter((job: { finishedAt: string | null }) => !job.finishedAt).length
    }
    await expect.poll(live, { timeout: 240_000, interval: 250 }).toBe(0)
    const { body } = await call('GET', '/api/v1/documents?limit=500')
    const states = body.items.map(
      (one: { externalId: string; state: string; versionNumber: number }) => [
        one.externalId,
        one.state,
        one.versionNumber,
      ],
    )
    const wanted = [
      ...Array.from({ length: files }, (_, i) => [`file${i}.md`, 'ready', 1]),
      ...Array.from({ length: uploads }, (_, i) => [`text${i}.txt`, 'ready', 1]),
    ]
    expect(states.sort()).toEqual(wanted.sort())
    for (const [word, name] of [
      ['letter7l', 'text7.txt'],
      ['entry59e', 'file59.md'],
    ]) {
      const search = { query: word, knowledgeBases: ['diary'] }
      const found = (await call('POST', '/api/v1/search', { body: search })).body.hits
      expect(found.map((hit: { externalId: string }) => hit.externalId)).toEqual([name])
    }
    const end = once(server, 'exit')
    server.kill('SIGTERM')
    expect((await end)[0]).toBe(0)
    const work = await openLocalWork({ ...env, HOME: base })
    const report = await work.doctor({ fsck: true })
    await work.close()
    expect(report.checks.filter((check) => check.result === 'failed')).toEqual([])
  }, 300_000)

  it('while another runs on its data leaves that one alone: the second is refused with who holds it [M32.directory-lock]', async () => {
    if (env.DATABASE_URL) return
    const first = await start(env)
    server = first.server
    const refused = await buildHouse(readConfig(env)).then(
      () => undefined,
      (error) => error,
    )
    expect(refused).toMatchObject({ code: 'DATA_DIRECTORY_LOCKED' })
    expect(refused.message).toContain(`process ${first.server.pid}`)
    expect((await first.call('GET', '/api/v1/me')).status).toBe(200)
  })
})

/** Makes installation, resources and files, before the first server starts. */
async function prepare(env: Record<string, string>, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (let i = 0; i < files; i++) {
    const filler = Array.from({ length: 40 }, (_, n) => `Line ${n} of day ${i}.`).join('\n\n')
    await writeFile(join(folder, `file${i}.md`), `# Day ${i}\n\nThis is entry${i}e.\n\n${filler}\n`)
  }
  const house = await buildHouse(readConfig(env), { env: {} })
  const { store, organizationId, appendAudit } = house.foundation
  await ensureOwner(house)
  const parsed = parseResourcesStrictly([{ file: 'diary.yaml', text: resources(folder) }])
  await store.within(organizationId, (tx) =>
    applyResources(tx, parsed, { principal: systemPrincipal, appendAudit }),
  )
  await house.close()
}

async function start(env: Record<string, string>) {
  const server = spawn(process.execPath, [join(root, 'src', 'main.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, ...env },
  })
  let output = ''
  server.stdout.on('data', (data) => {
    output += data
  })
  server.stderr.on('data', (data) => {
    output += data
  })
  const gone = once(server, 'exit')
  while (!/API key\s+\S+/.test(output)) {
    const first = await Promise.race([
      once(server.stdout, 'data'),
      gone.then(() => 'gone' as const),
    ])
    if (first === 'gone') throw new Error(`The server ended before it was ready:\n${output}`)
  }
  const url = /Address\s+(http:\S+)/.exec(output)?.[1] ?? ''
  const key = (await readFile(join(env.PLINTH_DATA_DIR!, 'admin.key'), 'utf8')).trim()
  return { server, call: doorOf(url, key) }
}
