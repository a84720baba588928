import type { Check, DoctorDeps } from '../check.ts'
import { Findings } from '../findings.ts'

const page = 500

/** Every masked value opens with the master key, in its own place, and is the value that its digest says. */
export async function checkVault(
  deps: DoctorDeps,
  organizationId: string,
  signal?: AbortSignal,
): Promise<Check[]> {
  const remedy =
    'Put the right master key back; if it is right, restore the database from a backup.'
  const damage = new Findings('vault', remedy)
  for (let after = ''; ; ) {
    signal?.throwIfAborted()
    const rows = await deps.store.read(organizationId, (db) =>
      db
        .selectFrom('vault_entry')
        .select(['id', 'sealed'])
        .where('id', '>', after)
        .orderBy('id')
        .limit(page)
        .execute(),
    )
    for (const { id, sealed } of rows) {
      damage.looked++
      try {
        const place = { organizationId, table: 'vault_entry', rowId: id, column: 'sealed' }
        deps.sealer.openText(sealed, place)
      } catch (error) {
        damage.add(`${id}: ${(error as Error).message}`)
      }
    }
    if (rows.length < page) break
    after = rows.at(-1)?.id ?? after
  }
  return [damage.check('masked values, each opens')]
}
