import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId } from '#kernel'
import { openPglite, openStore, type PgliteEngine, type Store } from '#store'
import { FolderObjectStore } from '../../adapters/objects/folder/folder.ts'
import { type Installation, installation } from '../doctor/installation.fixture.ts'
import { runDoctor } from '../doctor/run.ts'
import { restoreBackup } from './restore.ts'
import { blockBytes } from './tar.ts'
import { writeBackup } from './write.ts'

let engine: PgliteEngine
let store: Store
let made: Installation
let folder: string
let whole: Uint8Array

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plinth-backup-'))
  engine = await openPglite({ dataDir: 'memory://' })
  store = await openStore(engine)
  const organizationId = newId('org')
  await store.system((tx) =>
    tx.insertInto('organization').values({ organization_id: organizationId, name: 'A' }).execute(),
  )
  made = await installation(store, organizationId)
  await mkdir(join(made.dataDir, 'audit'))
  await writeFile(join(made.dataDir, 'audit', `${organizationId}.checkpoints`), 'a note\n\n')
  whole = await backup()
})

afterAll(async () => {
  await made.close()
  await store.close()
  await rm(folder, { recursive: true, force: true })
})

async function backup(options: { dump?: boolean } = {}): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  const source = {
    version: '0.1.0',
    engine: options.dump === false ? ('postgres' as const) : ('pglite' as const),
    createdAt: new Date(),
    dataDir: made.dataDir,
    objects: made.objects,
    keyFiles: [join(made.dataDir, 'master.key'), '/elsewhere/admin.key'],
    ...(options.dump === false ? {} : { dump: () => engine.dump() }),
  }
  for await (const piece of writeBackup(source)) pieces.push(piece)
  return Buffer.concat(pieces)
}

let count = 0

async function restore(bytes: Uint8Array, options: { engine?: 'pglite' | 'postgres' } = {}) {
  const file = join(folder, `${++count}.tar`)
  const dataDir = join(folder, `data-${count}`)
  await writeFile(file, bytes)
  const target = { dataDir, engine: options.engine ?? 'pglite' }
  return { dataDir, done: restoreBackup(file, target) }
}

describe('backup', () => {
  it('comes back whole: rows, objects, keys, checkpoints; fsck finds nothing [M40.backup]', async () => {
    const { dataDir, done } = await restore(whole)
    const summary = await done
    expect(summary.engine).toBe('pglite')
    expect(summary.notes).toEqual([
      'The key /elsewhere/admin.key is not in it, because it lies outside the data directory.',
    ])
    expect((await readdir(dataDir)).sort()).toEqual(['audit', 'database', 'master.key', 'objects'])
    expect(await readFile(join(dataDir, 'master.key'), 'utf8')).toBe('a key')
    expect((await stat(join(dataDir, 'master.key'))).mode & 0o777).toBe(0o600)
    const again = await openStore(await openPglite({ dataDir: join(dataDir, 'database') }))
    try {
      const report = await runDoctor(
        {
          ...made.deps,
          store: again,
          objects: new FolderObjectStore(join(dataDir, 'objects')),
          paths: { ...made.deps.paths, dataDir },
        },
        { fsck: true },
      )
      expect(report.checks.filter((check) => check.result === 'failed')).toEqual([])
      // Search indexes are left out, and no row names one that is not there.
      expect((await readdir(join(dataDir, 'objects', made.organizationId))).sort()).toEqual([
        'originals',
        'parsed',
      ])
      const indexes = report.checks.find((check) => check.name === 'stored indexes')
      expect(indexes).toMatchObject({ result: 'ok', detail: '0 search indexes, 0.0 MiB' })
      const kinds = await again.read(made.organizationId, (db) =>
        db.selectFrom('audit_event').select('kind').orderBy('seq').execute(),
      )
      expect(kinds.at(-1)?.kind).toBe('backup.restored')
    } finally {
      await again.close()
    }
  })

  it('says what it does not hold where the database is a server’s [M40.backup]', async () => {
    const bytes = await backup({ dump: false })
    const { dataDir, done } = await restore(bytes, { engine: 'postgres' })
    const { notes } = await done
    expect(notes[0]).toContain('pg_dump')
    expect(await readdir(dataDir)).not.toContain('database')
    const wrong = await restore(bytes)
    await expect(wrong.done).rejects.toMatchObject({ code: 'UNSUPPORTED' })
    const other = await restore(whole, { engine: 'postgres' })
    await expect(other.done).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })

  it('refuses a changed byte in any file, and puts nothing in place [M40.restore-verifies]', async () => {
    for (const name of ['plinth-backup.json', 'objects/', 'files/master.key', 'database.tar']) {
      const changed = Buffer.from(whole)
      const at = changed.indexOf(name) + blockBytes
      changed[at] = (changed[at] ?? 0) ^ 1
      const { dataDir, done } = await restore(changed)
      await expect(done).rejects.toMatchObject({ code: 'INTEGRITY' })
      expect(await readdir(dataDir)).toEqual([])
    }
  })

  it('refuses an archive that was cut off, at any place [M40.restore-verifies]', async () => {
    const lengths = [0, 600, 5_000, whole.byteLength - 5_000, whole.byteLength - 1_024]
    for (const length of lengths) {
      const { dataDir, done } = await restore(whole.subarray(0, length))
      await expect(done).rejects.toMatchObject({ code: 'INTEGRITY' })
      expect(await readdir(dataDir)).toEqual([])
    }
  })

  it('refuses names that lead out of the directory [M40.restore-verifies]', async () => {
    const changed = Buffer.from(whole)
    const at = changed.indexOf('files/master.key')
    changed.write('files/../../x.ky', at)
    // The header's checksum is made right again: only the name is wrong.
    const block = changed.subarray(at, at + blockBytes)
    block.fill(' ', 148, 156)
    const sum = block.reduce((a, b) => a + b, 0)
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    const { dataDir, done } = await restore(changed)
    await expect(done).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(await readdir(dataDir)).toEqual([])
    expect(await readdir(folder)).not.toContain('x.ky')
  })

  it('begins anew after one that was killed [M40.restore-killed]', async () => {
    const file = join(folder, 'again.tar')
    await writeFile(file, whole)
    const dataDir = join(folder, 'killed')
    await mkdir(join(dataDir, '.restore-4711', 'objects'), { recursive: true })
    await restoreBackup(file, { dataDir, engine: 'pglite' })
    const names = await readdir(dataDir)
    expect(names).toContain('database')
    expect(names.filter((name) => name.startsWith('.restore'))).toEqual([])
  })

  it('refuses a directory that holds anything, and one in use [M40.restore-verifies]', async () => {
    const file = join(folder, 'whole.tar')
    await writeFile(file, whole)
    const dataDir = join(folder, 'used')
    await mkdir(join(dataDir, 'objects'), { recursive: true })
    await mkdir(join(dataDir, '.restore-4711'))
    const target = { dataDir, engine: 'pglite' as const }
    await expect(restoreBackup(file, target)).rejects.toMatchObject({ code: 'CONFLICT' })
    expect((await readdir(dataDir)).sort()).toEqual(['.restore-4711', 'objects'])
    const missing = restoreBackup(join(folder, 'none.tar'), target)
    await expect(missing).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
