import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import pg from 'pg'
import { newId } from '#kernel'
import { openPglite, openPostgres, openStore, type Store } from '#store'

export interface TestStore {
  store: Store
  /** An organization that exists already. */
  organizationId: string
  close(): Promise<void>
}

/**
 * A fresh, migrated database with one organization: PGlite in memory, or a new database on the server of
 * PLINTH_TEST_DATABASE_URL (used as a role that row-level security binds).
 */
export async function openTestStore(): Promise<TestStore> {
  const url = process.env.PLINTH_TEST_DATABASE_URL
  const opened = url ? await onServer(url) : await embedded()
  const organizationId = newId('org')
  await opened.store.system((tx) =>
    tx
      .insertInto('organization')
      .values({ organization_id: organizationId, name: `Test ${organizationId}` })
      .execute(),
  )
  return { ...opened, organizationId }
}

/** A second organization in the same store, for tests of the tenant boundary. */
export async function addOrganization(store: Store): Promise<string> {
  const organizationId = newId('org')
  await store.system((tx) =>
    tx
      .insertInto('organization')
      .values({ organization_id: organizationId, name: `Test ${organizationId}` })
      .execute(),
  )
  return organizationId
}

async function embedded(): Promise<Omit<TestStore, 'organizationId'>> {
  const engine = await openPglite({ dataDir: 'memory://', seed: await migratedSeed() })
  const store = await openStore(engine)
  return { store, close: () => store.close() }
}

/** initdb and migrations once per set of migrations (4 s), then half a second per test file. */
export async function migratedSeed(): Promise<Uint8Array> {
  const migrations = new URL('../src/store/migrations/', import.meta.url)
  const hash = createHash('sha256')
  for (const file of (await readdir(migrations)).sort())
    hash.update(await readFile(new URL(file, migrations)))
  const folder = new URL('../node_modules/.cache/plinth/', import.meta.url)
  const file = new URL(`seed-${hash.digest('hex').slice(0, 16)}.tar`, folder)
  try {
    return new Uint8Array(await readFile(file))
  } catch {
    const engine = await openPglite({ dataDir: 'memory://' })
    const store = await openStore(engine)
    const seed = await engine.dump()
    await store.close()
    await mkdir(folder, { recursive: true })
    const draft = new URL(`${file.href}.${process.pid}`)
    await writeFile(draft, seed)
    await rename(draft, file)
    return seed
  }
}

async function onServer(adminUrl: string): Promise<Omit<TestStore, 'organizationId'>> {
  const database = await freshDatabase(adminUrl)
  const store = await openStore(await openPostgres(database.url, { connections: 8 }))
  return {
    store,
    close: async () => {
      await store.close()
      await database.drop()
    },
  }
}

/** A new database on a server, owned by a role of its own that row-level security binds. */
export async function freshDatabase(
  adminUrl: string,
): Promise<{ url: string; name: string; drop(): Promise<void> }> {
  const name = `plinth_test_${randomBytes(6).toString('hex')}`
  const admin = new pg.Client({ connectionString: adminUrl })
  await admin.connect()
  await admin.query(`create role ${name} login password '${name}'`)
  await admin.query(`create database ${name} owner ${name}`)
  const url = new URL(adminUrl)
  url.pathname = `/${name}`
  url.username = name
  url.password = name
  return {
    url: url.href,
    name,
    drop: async () => {
      await admin.query(`drop database ${name} with (force)`)
      await admin.query(`drop role ${name}`)
      await admin.end()
    },
  }
}
