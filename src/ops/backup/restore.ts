import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { appendAudit, systemActor } from '#governance'
import { PlinthError } from '#kernel'
import { lockDirectory, openPglite, openStore } from '#store'
import {
  type BackupHead,
  type BackupManifest,
  type BackupSummary,
  backupHead,
  backupManifest,
  databaseName,
  headName,
  manifestName,
  summaryOf,
} from './manifest.ts'
import { damaged, readTar, type TarEntry } from './tar.ts'

export interface RestoreTarget {
  dataDir: string
  /** Whether this installation uses a PostgreSQL server: then the archive must not hold a database, and the other way round. */
  engine: 'pglite' | 'postgres'
}

/** What may lie in a data directory that counts as empty. */
const harmless = ['plinth.lock', 'models', 'lost+found']
/** Where a restore unpacks; whoever holds the lock of the directory knows that another's was broken off. */
const stagingName = /^\.restore-\d+$/
const entryName = /^(?:files|objects)\/[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*$/
/** Head and manifest are held in memory. */
const textBytes = 1024 * 1024 * 1024

/**
 * Puts a backup into an empty data directory. Everything is unpacked beside its place, each digest is compared, the
 * database is opened, and only then anything is put in place. Throws CONFLICT where the directory is not empty, INTEGRITY
 * for an archive that is damaged or cut off, UNSUPPORTED for one of the other engine.
 */
export async function restoreBackup(file: string, target: RestoreTarget): Promise<BackupSummary> {
  // A missing archive is told before anything is made.
  await (await open(file, 'r')).close()
  const release = lockDirectory(target.dataDir)
  const staging = join(target.dataDir, `.restore-${process.pid}`)
  try {
    await clear(target.dataDir)
    await mkdir(staging, { mode: 0o700 })
    const manifest = await unpack(file, staging, target)
    if (manifest.engine === 'pglite') await openDatabase(staging, manifest)
    await moveInto(staging, target.dataDir)
    return summaryOf(manifest)
  } finally {
    await rm(staging, { recursive: true, force: true })
    release()
  }
}

/** Takes away what a killed restore had unpacked and not put in place. Throws CONFLICT where there is anything else. */
async function clear(dataDir: string): Promise<void> {
  const names = await readdir(dataDir)
  const found = names.filter((name) => !harmless.includes(name) && !stagingName.test(name))
  if (found.length === 0) {
    for (const name of names.filter((one) => stagingName.test(one))) {
      await rm(join(dataDir, name), { recursive: true, force: true })
    }
    return
  }
  throw new PlinthError('CONFLICT', {
    detail: `The data directory is not empty: it holds ${found.slice(0, 5).join(', ')}.`,
    where: dataDir,
    remedy: 'Set PLINTH_DATA_DIR to an empty folder, or move what is there away first.',
  })
}

async function unpack(
  file: string,
  staging: string,
  target: RestoreTarget,
): Promise<BackupManifest> {
  const got = new Map<string, { size: number; sha256: string }>()
  let head: BackupHead | undefined
  let manifest: BackupManifest | undefined
  const pieces = createReadStream(file, { highWaterMark: 1024 * 1024 })
  for await (const entry of readTar(pieces as AsyncIterable<Uint8Array>)) {
    if (manifest) throw damaged('something stands after its manifest')
    if (got.has(entry.name)) throw damaged(`${entry.name} stands in it twice`)
    if (!head) {
      if (entry.name !== headName) throw damaged('it is not an archive that Plinth wrote')
      const read = await textOf(entry)
      head = parsed(backupHead, read.text, headName)
      demandEngine(head, target)
      got.set(entry.name, read)
    } else if (entry.name === manifestName) {
      manifest = parsed(backupManifest, (await textOf(entry)).text, manifestName)
    } else got.set(entry.name, await store(entry, staging))
  }
  if (!manifest) throw damaged('its manifest is missing: it was cut off')
  compare(manifest, got)
  return manifest
}

function demandEngine(head: BackupHead, target: RestoreTarget): void {
  if (head.engine === target.engine) return
  const embedded = head.engine === 'pglite'
  throw new PlinthError('UNSUPPORTED', {
    detail: embedded
      ? 'The backup holds an embedded database, and DATABASE_URL names a PostgreSQL server.'
      : 'The backup is of an installation with a PostgreSQL server, and DATABASE_URL is not set.',
    remedy: embedded
      ? 'Restore without DATABASE_URL.'
      : 'Restore the database with pg_restore, set DATABASE_URL to it, then restore this.',
  })
}

/** Every digest, and nothing more or less than the manifest names. */
function compare(
  manifest: BackupManifest,
  got: ReadonlyMap<string, { size: number; sha256: string }>,
): void {
  for (const { name, size, sha256 } of manifest.entries) {
    const found = got.get(name)
    if (!found) throw damaged(`${name} is missing`)
    if (found.size !== size || found.sha256 !== sha256) throw damaged(`${name} has other bytes`)
  }
  if (got.size !== manifest.entries.length)
    throw damaged('it holds files that its manifest does not name')
  if (manifest.engine === 'pglite' && !got.has(databaseName)) throw damaged('it holds no database')
}

async function textOf(entry: TarEntry) {
  if (entry.size > textBytes) throw damaged(`${entry.name} is too large`)
  const pieces: Uint8Array[] = []
  for await (const piece of entry.body) pieces.push(piece)
  const bytes = Buffer.concat(pieces)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { text: bytes.toString('utf8'), size: bytes.byteLength, sha256 }
}

function parsed<T>(
  schema: { safeParse(value: unknown): { success: boolean; data?: T } },
  text: string,
  name: string,
): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw damaged(`${name} is not JSON`)
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data as T
  throw damaged(`${name} is not of a format that this Plinth knows`)
}

async function store(entry: TarEntry, staging: string) {
  const safe = entryName.test(entry.name) && !entry.name.split('/').some((p) => /^\.+$/.test(p))
  if (entry.name !== databaseName && !safe) throw damaged(`it holds ${JSON.stringify(entry.name)}`)
  const path = join(staging, entry.name.replace(/^files\//, ''))
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const hash = createHash('sha256')
  const handle = await open(path, 'wx', 0o600)
  try {
    for await (const piece of entry.body) {
      hash.update(piece)
      await handle.writeFile(piece)
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { size: entry.size, sha256: hash.digest('hex') }
}

/** Opens the database as it will be used, which proves that it is one, and records the restore in every log. */
async function openDatabase(staging: string, manifest: BackupManifest): Promise<void> {
  const tar = join(staging, databaseName)
  const seed = new Uint8Array(await readFile(tar))
  await rm(tar)
  const engine = await openPglite({ dataDir: join(staging, 'database'), seed })
  const store = await openStore(engine)
  try {
    const rows = await store.system((tx) =>
      tx.selectFrom('organization').select('organization_id').execute(),
    )
    for (const { organization_id } of rows) {
      await store.within(organization_id, async (tx) => {
        // A backup holds no search indexes: no row is to name one.
        await tx.deleteFrom('index_segment').execute()
        await appendAudit(tx, {
          kind: 'backup.restored',
          actor: systemActor,
          details: { createdAt: manifest.createdAt, version: manifest.version },
        })
      })
    }
  } finally {
    await store.close()
  }
}

/** The database last: a start before that finds none of it in its place. */
async function moveInto(staging: string, dataDir: string): Promise<void> {
  const names = (await readdir(staging)).sort(
    (a, b) => Number(a === 'database') - Number(b === 'database'),
  )
  for (const name of names) await rename(join(staging, name), join(dataDir, name))
  const folder = await open(dataDir, 'r')
  await folder.sync().catch(() => undefined)
  await folder.close()
}
