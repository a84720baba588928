import { readdir, readFile } from 'node:fs/promises'
import { type Kysely, sql } from 'kysely'
import { PlinthError } from '#kernel'
import type { Schema } from './schema.ts'

const folder = new URL('./migrations/', import.meta.url)

/**
 * Applies `migrations/NNNN_name.sql` in order. A migration's number is claimed as a row first, then the change
 * runs, then both commit: of two servers that start at once, the loser waits on the row and finds it done.
 * Throws UNAVAILABLE when the database was migrated by a newer Plinth.
 */
export async function migrate(db: Kysely<Schema>): Promise<number> {
  await sql`create table if not exists schema_migration (
    number integer primary key, name text not null, applied_at timestamptz not null default now())`.execute(
    db,
  )
  const files = (await readdir(folder)).filter((f) => /^\d{4}_.+\.sql$/.test(f)).sort()
  let applied = 0
  for (const file of files) {
    if (await applyOne(db, file)) applied++
  }
  const newest = await sql<{
    newest: number | null
  }>`select max(number) as newest from schema_migration`.execute(db)
  const found = newest.rows[0]?.newest ?? 0
  if (found > files.length) {
    throw new PlinthError('UNAVAILABLE', {
      detail: `The database has migration ${found}; this Plinth knows ${files.length}.`,
      remedy:
        'Start the newer version of Plinth that migrated it, or restore a backup made before.',
    })
  }
  return applied
}

async function applyOne(db: Kysely<Schema>, file: string): Promise<boolean> {
  const number = Number(file.slice(0, 4))
  const known = await sql`select 1 from schema_migration where number = ${number}`.execute(db)
  if (known.rows.length > 0) return false
  const text = await readFile(new URL(file, folder), 'utf8')
  return db.transaction().execute(async (tx) => {
    const claim = await sql`insert into schema_migration (number, name) values (${number}, ${file})
      on conflict do nothing returning number`.execute(tx)
    if (claim.rows.length === 0) return false
    for (const statement of splitStatements(text)) await sql.raw(statement).execute(tx)
    return true
  })
}

/** Splits a migration at semicolons outside quotes, dollar quotes and comments (drivers take one statement each). */
export function splitStatements(text: string): string[] {
  const statements: string[] = []
  const token = /'(?:[^']|'')*'|\$([a-z_]*)\$[\s\S]*?\$\1\$|--[^\n]*|;/gi
  let start = 0
  let code = ''
  for (const match of text.matchAll(token)) {
    const piece = match[0]
    code += text.slice(start, match.index)
    start = match.index + piece.length
    if (piece === ';') {
      if (code.trim()) statements.push(code.trim())
      code = ''
    } else if (!piece.startsWith('--')) code += piece
  }
  code += text.slice(start)
  if (code.trim()) statements.push(code.trim())
  return statements
}
