import { readFile, writeFile } from 'node:fs/promises'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '#store'
import { openTestStore, type TestStore } from './open-store.ts'

const golden = new URL('./golden/schema.sql', import.meta.url)

describe('the schema', () => {
  let opened: TestStore
  beforeAll(async () => {
    opened = await openTestStore()
  })
  afterAll(() => opened.close())

  it('is the golden one, on the embedded database and on a server [HOUSE.golden-schema]', async () => {
    const dump = await dumpSchema(opened.store)
    if (process.env.UPDATE_GOLDEN === '1') await writeFile(golden, dump)
    expect(dump).toBe(await readFile(golden, 'utf8'))
  })

  it('binds every table to its organization, in keys and by row-level security [M27.every-table]', async () => {
    const rows = await read<{ name: string; column: string | null; forced: boolean }>(
      opened.store,
      `select c.relname as name, a.attname as column, c.relforcerowsecurity as forced
       from pg_class c left join pg_attribute a
         on a.attrelid = c.oid and a.attname = 'organization_id' and a.attnotnull
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')`,
    )
    const global = ['schema_migration']
    const tenant = rows.filter((row) => !global.includes(row.name))
    expect(tenant.length).toBeGreaterThan(20)
    expect(tenant.filter((row) => !row.column || !row.forced)).toEqual([])
  })
})

/** Tables with columns, keys, checks and indexes, policies, triggers and functions: one text, sorted by name. */
async function dumpSchema(store: Store): Promise<string> {
  const tables = await read<{ oid: number; name: string; rls: string }>(
    store,
    `select c.oid::int as oid, c.relname as name,
       case when c.relforcerowsecurity then ' -- row-level security, forced'
            when c.relrowsecurity then ' -- row-level security' else '' end as rls
     from pg_class c where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
     order by c.relname`,
  )
  const parts: string[] = []
  for (const { oid, name, rls } of tables) {
    const columns = await lines(store, columnsOf(oid))
    const constraints = await lines(store, constraintsOf(oid))
    const body = [...columns, ...constraints].map((line) => `  ${line}`).join(',\n')
    const rest = [
      ...(await lines(store, indexesOf(oid))),
      ...(await lines(store, policiesOf(name))),
      ...(await lines(store, triggersOf(oid))),
    ]
    parts.push([`create table ${name} (${rls}`, body, ')', ...rest].join('\n'))
  }
  parts.push(...(await lines(store, functions)))
  return `${parts.join('\n\n')}\n`
}

const columnsOf = (oid: number): string =>
  `select a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
     || case when a.attnotnull then ' not null' else '' end
     || case when a.attidentity <> '' then ' identity'
             when a.attgenerated <> '' then ' generated ' || pg_get_expr(d.adbin, d.adrelid)
             when d.adbin is not null then ' default ' || pg_get_expr(d.adbin, d.adrelid)
             else '' end as line
   from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = ${oid} and a.attnum > 0 and not a.attisdropped order by a.attnum`

// PostgreSQL 18 lists not-null constraints here; they stand at their columns already.
const constraintsOf = (oid: number): string =>
  `select 'constraint ' || conname || ' ' || pg_get_constraintdef(oid) as line
   from pg_constraint where conrelid = ${oid} and contype <> 'n' order by contype, conname`

const indexesOf = (oid: number): string =>
  `select pg_get_indexdef(indexrelid) as line from pg_index
   where indrelid = ${oid} and not exists (
     select 1 from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x'))
   order by indexrelid::regclass::text`

const policiesOf = (name: string): string =>
  `select 'policy ' || policyname || ' for ' || cmd || ' using ' || coalesce(qual, '-')
     || ' check ' || coalesce(with_check, '-') as line
   from pg_policies where schemaname = 'public' and tablename = '${name}' order by policyname`

const triggersOf = (oid: number): string =>
  `select pg_get_triggerdef(oid) as line from pg_trigger
   where tgrelid = ${oid} and not tgisinternal order by tgname`

const functions = `select pg_get_functiondef(p.oid) as line from pg_proc p
   where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' order by p.proname`

async function lines(store: Store, query: string): Promise<string[]> {
  return (await read<{ line: string }>(store, query)).map(({ line }) => line.trim())
}

function read<T>(store: Store, query: string): Promise<T[]> {
  return store.system(async (tx) => (await sql<T>`${sql.raw(query)}`.execute(tx)).rows)
}
