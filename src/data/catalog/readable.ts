import type { Constraint } from '#governance'
import type { Tx } from '#store'

/** Most documents that are asked about at once; what is beyond counts as not readable. */
const atOnce = 10_000

/**
 * Which of these documents the constraint permits, removed ones included: what was drawn from a document stays with
 * its readers after it is gone.
 */
export async function readableDocuments(
  tx: Tx,
  { permissionSetIds }: Constraint,
  ids: readonly string[],
): Promise<Set<string>> {
  const wanted = [...new Set(ids)].slice(0, atOnce)
  if (wanted.length === 0 || permissionSetIds.length === 0) return new Set()
  const rows = await tx
    .selectFrom('document')
    .select('id')
    .where('id', 'in', wanted)
    .where('permission_set_id', 'in', [...permissionSetIds])
    .execute()
  return new Set(rows.map((row) => row.id))
}
