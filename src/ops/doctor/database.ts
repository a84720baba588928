import { sql } from 'kysely'
import { type Check, type DoctorDeps, failed, ok, warning } from './check.ts'

const none = 'org_that_does_not_exist'

/** Reachable, which version, which migration. */
export async function checkDatabase({ store }: DoctorDeps): Promise<Check> {
  const started = performance.now()
  const { version, migration } = await store.system(async (tx) => {
    const about = await sql<{ version: string }>`select version() as version`.execute(tx)
    const newest = await sql<{ number: number; name: string }>`
      select number, name from schema_migration order by number desc limit 1`.execute(tx)
    return { version: about.rows[0]?.version ?? '', migration: newest.rows[0] }
  })
  const took = (performance.now() - started).toFixed(0)
  const product = version.split(' ').slice(0, 2).join(' ')
  const kind = store.engine === 'pglite' ? 'embedded ' : ''
  const detail = `${kind}${product}, migration ${migration?.name ?? 'none'}, answered in ${took} ms`
  return ok('database', detail)
}

/**
 * Whether the second wall stands: as an organization that does not exist, raw SQL must see nothing. Superusers and roles
 * with BYPASSRLS walk through it.
 */
export async function checkRowSecurity({ store }: DoctorDeps): Promise<Check> {
  const name = 'row-level security'
  if (store.engine === 'pglite') {
    return ok(name, 'one process holds the embedded database; the store confines each organization')
  }
  const { seen, role } = await store.within(none, async (tx) => {
    const rows = await sql<{ n: number }>`
      select count(organization_id)::int as n from organization`.execute(tx)
    const who = await sql<{ name: string; bypass: boolean }>`
      select rolname as name, rolsuper or rolbypassrls as bypass
      from pg_roles where rolname = current_user`.execute(tx)
    return { seen: rows.rows[0]?.n ?? 0, role: who.rows[0] }
  })
  if (seen === 0 && !role?.bypass) return ok(name, `binds the database role ${role?.name}`)
  const detail = role?.bypass
    ? `the database role ${role.name} is a superuser or has BYPASSRLS: policies do not bind it`
    : 'the policies let an unknown organization read rows'
  const remedy =
    'Connect as an ordinary role that owns the tables: ALTER ROLE … NOSUPERUSER NOBYPASSRLS.'
  return role?.bypass ? warning(name, detail, remedy) : failed(name, detail, remedy)
}
