import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlinthError } from '#kernel'
import { addOrganization, openTestStore, type TestStore } from '../../test/open-store.ts'
import { lockDirectory } from './directory-lock.ts'
import { splitStatements } from './migrate.ts'

let test: TestStore
let other: string
beforeAll(async () => {
  test = await openTestStore()
  other = await addOrganization(test.store)
})
afterAll(() => test.close())

const addUser = (organizationId: string, id: string) =>
  test.store.within(organizationId, (tx) =>
    tx
      .insertInto('app_user')
      .values({ id, email: `${id}@example.test`, name: id })
      .execute(),
  )

describe('a database in need', () => {
  it('says that its disk is full, not that it is away [M32.full-database]', async () => {
    const full = sql`do $$ begin raise exception 'no space left' using errcode = '53100'; end $$`
    const failing = test.store.within(test.organizationId, (tx) => full.execute(tx))
    await expect(failing).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: 'The disk of the database is full.',
      remedy: expect.stringContaining('Free space'),
    })
    await addUser(test.organizationId, 'usr_after')
    await test.store.within(test.organizationId, (tx) =>
      tx.deleteFrom('app_user').where('id', '=', 'usr_after').execute(),
    )
  })
})

describe('the scope of an organization', () => {
  it('confines select, join, update and delete to the organization [M27.tenant-scope]', async () => {
    await addUser(test.organizationId, 'usr_a')
    await addUser(other, 'usr_b')
    await test.store.within(test.organizationId, async (tx) => {
      const seen = await tx.selectFrom('app_user').select('id').execute()
      expect(seen).toEqual([{ id: 'usr_a' }])
      const joined = await tx
        .selectFrom('app_user as u')
        .leftJoin('group_member as m', 'm.user_id', 'u.id')
        .select(['u.id', 'm.group_name'])
        .execute()
      expect(joined).toEqual([{ id: 'usr_a', group_name: null }])
      const inside = await tx
        .with('mine', (db) => db.selectFrom('app_user').select('id'))
        .selectFrom('mine')
        .selectAll()
        .execute()
      expect(inside).toEqual([{ id: 'usr_a' }])
      const sub = await tx
        .selectFrom('organization')
        .select((eb) =>
          eb.selectFrom('app_user').select(sql<number>`count(*)::int`.as('n')).as('n'),
        )
        .execute()
      expect(sub).toEqual([{ n: 1 }])
      await tx.updateTable('app_user').set({ name: 'changed' }).execute()
      await tx.deleteFrom('app_user').where('id', '=', 'usr_b').execute()
    })
    const theirs = await test.store.within(other, (tx) =>
      tx.selectFrom('app_user').select(['id', 'name']).execute(),
    )
    expect(theirs).toEqual([{ id: 'usr_b', name: 'usr_b' }])
  })

  it('rolls back the whole unit of work when any part fails [M27.tenant-scope]', async () => {
    await expect(
      test.store.within(test.organizationId, async (tx) => {
        await tx.insertInto('user_group').values({ name: 'lost' }).execute()
        throw new PlinthError('CONFLICT', 'no')
      }),
    ).rejects.toThrow('no')
    const groups = await test.store.read(test.organizationId, (db) =>
      db.selectFrom('user_group').selectAll().execute(),
    )
    expect(groups).toEqual([])
  })

  it('serialises concurrent units of work without mixing them [M27.one-session]', async () => {
    const writes = Array.from({ length: 40 }, (_, i) =>
      test.store
        .within(i % 2 ? other : test.organizationId, async (tx) => {
          await tx
            .insertInto('user_group')
            .values({ name: `g${i}` })
            .execute()
          const rows = await tx.selectFrom('user_group').select('name').execute()
          expect(rows.map((r) => r.name)).toContain(`g${i}`)
          if (i % 5 === 0) throw new Error('rolled back')
        })
        .catch(() => undefined),
    )
    await Promise.all(writes)
    const kept = await test.store.system((tx) =>
      tx.selectFrom('user_group').select('name').execute(),
    )
    expect(kept).toHaveLength(32)
  })

  it('refuses a hand-written statement across organizations on a server [M27.row-security]', async () => {
    if (test.store.engine !== 'postgres') return
    const rows = await test.store.within(test.organizationId, (tx) =>
      sql<{ organization_id: string }>`select organization_id from app_user`.execute(tx),
    )
    expect(new Set(rows.rows.map((r) => r.organization_id))).toEqual(new Set([test.organizationId]))
  })

  it('keeps the audit log and resource versions append-only in the database itself [M28.append-only]', async () => {
    await test.store.within(test.organizationId, (tx) =>
      tx
        .insertInto('audit_event')
        .values({
          seq: 0,
          at: new Date(),
          kind: 'x',
          actor_id: 'a',
          canonical: '{}',
          leaf_hash: new Uint8Array(32),
        })
        .execute(),
    )
    await expect(
      test.store.within(test.organizationId, (tx) =>
        tx.updateTable('audit_event').set({ canonical: '{"forged":1}' }).execute(),
      ),
    ).rejects.toThrow('append-only')
  })
})

describe('migrations', () => {
  it('splits at semicolons outside quotes, dollar quotes and comments', () => {
    const text = `create table a (b text default ';'); -- c;d\nselect $x$ ; $x$; select 'it''s;'`
    expect(splitStatements(text)).toEqual([
      `create table a (b text default ';')`,
      'select $x$ ; $x$',
      `select 'it''s;'`,
    ])
  })
})

describe('the lock on the data directory', () => {
  it('refuses a second holder with who holds it, and follows a dead one [M32.directory-lock]', () => {
    const directory = mkdtempSync(join(tmpdir(), 'plinth-lock-'))
    const release = lockDirectory(directory)
    expect(() => lockDirectory(directory)).toThrow(`process ${process.pid}`)
    release()
    const dead = spawnSync(process.execPath, ['-e', 'console.log(process.pid)'])
    const holder = {
      pid: Number(String(dead.stdout)),
      host: readHost(directory),
      started: '1',
      since: '',
    }
    writeFileSync(join(directory, 'plinth.lock'), JSON.stringify(holder))
    lockDirectory(directory)()
  })

  function readHost(directory: string): string {
    const release = lockDirectory(directory)
    const { host } = JSON.parse(readFileSync(join(directory, 'plinth.lock'), 'utf8')) as {
      host: string
    }
    release()
    return host
  }
})
