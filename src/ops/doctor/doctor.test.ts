import { createHash } from 'node:crypto'
import { chmod, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { Sealer } from '#governance'
import { newId, PlinthError } from '#kernel'
import type { Store, Tx } from '#store'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import type { DoctorDeps } from './check.ts'
import { type Installation, installation } from './installation.fixture.ts'
import { runDoctor } from './run.ts'

let opened: TestStore
let store: Store
const open: Installation[] = []

beforeAll(async () => {
  opened = await openTestStore()
  store = opened.store
})
afterEach(async () => {
  for (const one of open.splice(0)) await one.close()
})
afterAll(() => opened.close())

async function healthy(): Promise<Installation> {
  const made = await installation(store, await addOrganization(store))
  open.push(made)
  return made
}

async function fsck(deps: DoctorDeps) {
  const report = await runDoctor(deps, { fsck: true })
  const wrong = report.checks.filter((check) => check.result === 'failed')
  return { report, wrong, names: wrong.map((check) => check.name) }
}

/** Changes rows behind the back of everything that guards them. */
function damage(organizationId: string, work: (tx: Tx) => Promise<unknown>): Promise<unknown> {
  return store.within(organizationId, work)
}

const refusal = new PlinthError('INTEGRITY', 'The log was changed.')

const guarded = ['audit_event', 'audit_tree', 'audit_subtree', 'audit_checkpoint']

async function damageAudit(organizationId: string, work: (tx: Tx) => Promise<unknown>) {
  const switched = async (tx: Tx, on: boolean) => {
    for (const table of guarded) {
      await sql`alter table ${sql.table(table)} ${sql.raw(on ? 'enable' : 'disable')} trigger user`.execute(
        tx,
      )
    }
  }
  await store.within(organizationId, async (tx) => {
    await switched(tx, false)
    await work(tx)
    await switched(tx, true)
  })
}

describe('doctor', () => {
  it('finds nothing wrong with a healthy installation [M40.doctor]', async () => {
    const { deps } = await healthy()
    const { report, wrong } = await fsck(deps)
    expect(wrong).toEqual([])
    expect(report.ok).toBe(true)
    const names = report.checks.map((check) => check.name)
    for (const name of ['database', 'row-level security', 'disk space', 'master key', 'vault']) {
      expect(names).toContain(name)
    }
    const remedies = report.checks.filter((check) => check.result !== 'ok')
    for (const check of remedies) expect(check.remedy).toBeTruthy()
  })

  it('names keys that are lost or open to others, with the command that mends it [M40.doctor]', async () => {
    const { deps } = await healthy()
    const key = deps.paths.keyFiles[0]!.path
    await chmod(key, 0o644)
    const open = await fsck(deps)
    expect(open.wrong).toMatchObject([{ name: 'master key', remedy: `chmod 600 ${key}` }])
    await rm(key)
    expect((await fsck(deps)).wrong).toMatchObject([
      { name: 'master key', detail: `${key} is missing` },
    ])
  })

  it('tells stuck work, failed documents and uncovered audit events [M40.doctor]', async () => {
    const { deps, organizationId, ids } = await healthy()
    await damage(organizationId, async (tx) => {
      await tx
        .insertInto('job')
        .values({
          id: newId('job'),
          kind: 'ingest',
          input: '{}',
          created_by: 'system',
          run_at: new Date(Date.now() - 3_600_000),
        })
        .execute()
      await tx
        .updateTable('document')
        .set({ state: 'failed', error: JSON.stringify({ code: 'UNPARSABLE', detail: 'x' }) })
        .where('id', '=', ids.document)
        .execute()
    })
    const later = { ...deps, now: () => new Date(Date.now() + 3_600_000) }
    const { checks } = await runDoctor(later)
    const by = (name: string) => checks.find((check) => check.name === name)
    expect(by('work')).toMatchObject({ result: 'warning' })
    expect(by('documents')?.detail).toContain('1 failed (1 in travel)')
    expect(by('audit checkpoints')).toMatchObject({ result: 'failed' })
    const refusing = { ...deps, signerProblems: () => new Map([['*', refusal]]) }
    const refused = (await runDoctor(refusing)).checks.find((c) => c.name === 'audit checkpoints')
    expect(refused).toMatchObject({ result: 'failed', remedy: refusal.remedy })
  })

  it('compares indexes with rows: same, behind and wrong [M40.doctor]', async () => {
    const { deps, organizationId } = await healthy()
    const name = `${organizationId}/travel/m@1`
    const index = { epoch: 1, documents: 1, chunks: 3, vectors: 3 }
    const check = async (found: typeof index) => {
      const { checks } = await runDoctor({ ...deps, indexes: async () => ({ [name]: found }) })
      return checks.find((one) => one.name === 'search indexes')
    }
    expect(await check(index)).toMatchObject({ result: 'ok' })
    expect(await check({ ...index, epoch: 0, chunks: 0 })).toMatchObject({ result: 'ok' })
    expect(await check({ ...index, chunks: 4 })).toMatchObject({ result: 'failed' })
    expect(await check({ ...index, vectors: 2 })).toMatchObject({ result: 'failed' })
    expect(await check({ ...index, epoch: 2 })).toMatchObject({ result: 'failed' })
  })

  it('goes on after a check that cannot run, and after a provider that is away [M40.doctor]', async () => {
    const { deps } = await healthy()
    const { ok, checks } = await runDoctor({
      ...deps,
      indexes: () => Promise.reject(new PlinthError('UNAVAILABLE', 'The worker died.')),
      providers: async () => [{ name: 'gpt', problem: 'nobody answers' }, { name: 'near' }],
    })
    expect(ok).toBe(false)
    const wrong = checks.filter((check) => check.result === 'failed').map((check) => check.name)
    expect(wrong).toEqual(['chat model gpt', 'search indexes'])
    expect(checks.map((check) => check.name)).toContain('audit checkpoints')
  })

  it('tells a folder that cannot be written [M40.doctor]', async () => {
    const { deps, dataDir } = await healthy()
    const file = join(dataDir, 'a-file')
    await writeFile(file, '')
    const paths = { ...deps.paths, dataDir: file }
    const { checks } = await runDoctor({ ...deps, paths })
    expect(checks.find((check) => check.name === 'data directory')?.result).toBe('failed')
  })
})

type Plant = (at: Installation) => Promise<unknown>

const plants: Record<string, { check: string; says: RegExp; plant: Plant }> = {
  'a ready document without a version': {
    check: 'current versions',
    says: /ready without a version/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('document')
          .set({ version_id: null })
          .where('id', '=', ids.document)
          .execute(),
      ),
  },
  'a version that is not there': {
    check: 'current versions',
    says: /which is not there/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('document')
          .set({ version_id: newId('ver') })
          .where('id', '=', ids.document)
          .execute(),
      ),
  },
  'a stored text that is lost': {
    check: 'current versions',
    says: /missing or damaged/,
    plant: ({ objects, organizationId, ids }) =>
      objects.delete(`${organizationId}/parsed/${ids.version}.json`),
  },
  'a stored text that was edited': {
    check: 'passages',
    says: /passage 1 is not what stands at 16 to 40/,
    plant: async ({ objects, organizationId, ids }) => {
      const key = `${organizationId}/parsed/${ids.version}.json`
      const text = Buffer.from(await objects.get(key)).toString('utf8')
      await objects.put(key, Buffer.from(text.replace('8 kg is', '9 kg is')))
    },
  },
  'a passage that is lost': {
    check: 'passages',
    says: /has 2 passages, its version says 3/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .deleteFrom('chunk')
          .where('document_id', '=', ids.document)
          .where('ordinal', '=', 1)
          .execute(),
      ),
  },
  'passages that leave text out': {
    check: 'passages',
    says: /text before passage 1 is lost/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('chunk')
          .set({ start_offset: 20, text: 'bag of 8 kg is free.' })
          .where('document_id', '=', ids.document)
          .where('ordinal', '=', 1)
          .execute(),
      ),
  },
  'passages of a deleted document': {
    check: 'stale passages',
    says: /3 passages of doc_\w+, which was deleted/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('document')
          .set({ deleted_at: new Date() })
          .where('id', '=', ids.document)
          .execute(),
      ),
  },
  'a vector of another length': {
    check: 'vectors',
    says: /has 2 dimensions, others have 3/,
    plant: ({ organizationId }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('embedding')
          .set({ vector: new Uint8Array(new Float32Array([0.6, 0.8]).buffer) })
          .where('chunk_id', '=', (eb) =>
            eb.selectFrom('embedding').select((e) => e.fn.max('chunk_id').as('id')),
          )
          .execute(),
      ),
  },
  'a vector that is no number': {
    check: 'vectors',
    says: /holds no numbers/,
    plant: ({ organizationId }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('embedding')
          .set({ vector: new Uint8Array(new Float32Array([Number.NaN, 0, 0]).buffer) })
          .execute(),
      ),
  },
  'an original with other bytes': {
    check: 'originals',
    says: /has other bytes than its name/,
    plant: ({ objects, ids }) => objects.put(ids.original, Buffer.from('something else')),
  },
  'an original that is lost': {
    check: 'originals',
    says: /is missing/,
    plant: ({ objects, ids }) => objects.delete(ids.original),
  },
  'a masked value that was changed': {
    check: 'vault',
    says: /changed or moved/,
    plant: ({ organizationId }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('vault_entry')
          .set({ sealed: sql<Uint8Array>`set_byte(sealed, length(sealed) - 1, 0)` })
          .execute(),
      ),
  },
  'an audit event that was edited': {
    check: 'audit log',
    says: /event 2/,
    plant: ({ organizationId }) =>
      damageAudit(organizationId, (tx) =>
        tx
          .updateTable('audit_event')
          .set({ canonical: sql<string>`replace(canonical, '"number":2', '"number":7')` })
          .where('seq', '=', 2)
          .execute(),
      ),
  },
  'an audit event that was deleted': {
    check: 'audit log',
    says: /missing|not that of the events/,
    plant: ({ organizationId }) =>
      damageAudit(organizationId, (tx) =>
        tx.deleteFrom('audit_event').where('seq', '=', 1).execute(),
      ),
  },
  'a conversation with a gap': {
    check: 'conversations',
    says: /has 3 messages/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .deleteFrom('message')
          .where('conversation_id', '=', ids.conversation)
          .where('ordinal', '=', 1)
          .execute(),
      ),
  },
  'work that runs without a lease': {
    check: 'jobs',
    says: /runs without a lease/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('job')
          .set({ state: 'running', finished_at: null })
          .where('id', '=', ids.job)
          .execute(),
      ),
  },
  'work that waits for nothing': {
    check: 'jobs',
    says: /none of its parts is live/,
    plant: ({ organizationId, ids }) =>
      damage(organizationId, (tx) =>
        tx
          .updateTable('job')
          .set({ state: 'waiting', finished_at: null })
          .where('id', '=', ids.job)
          .execute(),
      ),
  },
}

describe('fsck', () => {
  for (const [what, { check, says, plant }] of Object.entries(plants)) {
    it(`finds ${what}, and how to mend it [M40.fsck]`, async () => {
      const made = await healthy()
      await plant(made)
      const { wrong } = await fsck(made.deps)
      const found = wrong.find((one) => one.name === check)
      expect(found?.detail).toMatch(says)
      expect(found?.remedy).toBeTruthy()
    })
  }

  it('tells that the master key is another one [M40.fsck]', async () => {
    const { deps } = await healthy()
    const { names, wrong } = await fsck({ ...deps, sealer: new Sealer(new Uint8Array(32)) })
    expect(names).toEqual(['vault'])
    expect(wrong[0]?.detail).toContain('another master key')
  })

  it('reports objects that no row names, and does not call them damage [M40.fsck]', async () => {
    const { deps, objects, organizationId } = await healthy()
    await objects.put(`${organizationId}/parsed/ver_lost.json`, Buffer.from('{}'))
    // That of a file that could not be read: a row names it, and takes it away with itself.
    const name = createHash('sha256').update('no document').digest('hex')
    await deps.store.within(organizationId, (tx) =>
      tx
        .insertInto('received_original')
        .values({ digest: `sha256:${name}`, bytes: 0 })
        .execute(),
    )
    await objects.put(`${organizationId}/originals/${name}`, Buffer.from('no document'))
    const { report } = await fsck(deps)
    expect(report.ok).toBe(true)
    const orphans = report.checks.find((check) => check.name === 'orphans')
    expect(orphans).toMatchObject({ result: 'warning' })
    expect(orphans?.detail).toMatch(/^1 objects .*ver_lost\.json$/)
    expect(await objects.has(`${organizationId}/parsed/ver_lost.json`)).toBe(true)
  })

  it('tells of stored indexes that are gone or changed, which cost time only [M40.fsck]', async () => {
    const { deps, dataDir, ids } = await healthy()
    const told = async (options: { fsck: boolean }) => {
      const report = await runDoctor(deps, options)
      expect(report.ok).toBe(true)
      return report.checks.filter((check) => check.name === 'stored indexes')
    }
    expect(await told({ fsck: false })).toMatchObject([
      { result: 'ok', detail: '1 search indexes, 0.0 MiB' },
    ])
    await writeFile(join(dataDir, 'objects', ids.segment), 'another manifest')
    const [, deep] = await told({ fsck: true })
    expect(deep).toMatchObject({ result: 'warning' })
    expect(deep?.detail).toContain('other bytes')
    await rm(join(dataDir, 'objects', ids.segment))
    const [quick] = await told({ fsck: false })
    expect(quick).toMatchObject({ result: 'warning' })
    expect(quick?.detail).toContain(`${ids.segment} is missing`)
    expect(quick?.remedy).toBeTruthy()
  })

  it('sees nothing of another organization [M40.fsck]', async () => {
    const mine = await healthy()
    const other = await healthy()
    await plants['a passage that is lost']?.plant(other)
    expect((await fsck(mine.deps)).wrong).toEqual([])
  })
})
