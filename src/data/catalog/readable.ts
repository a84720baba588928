import { sql } from 'kysely'
import { type Constraint, permittedSets } from '#governance'
import type { Principal } from '#kernel'
import type { Snapshot, Tx } from '#store'

/** Most versions that are asked about at once; what is beyond counts as not readable. */
const atOnce = 10_000

/** What somebody may see of stored documents. */
export interface Sight {
  constraint: Constraint
  /** Bases whose versions from before they were masked may be seen too. */
  plainBases: readonly string[] | 'all'
}

/** Whether somebody sees what is not masked of a base: originals, file names, versions from before the base masked. */
export function maySeePlain(
  snapshot: Snapshot,
  { permissions }: Pick<Principal, 'permissions'>,
  knowledgeBase: string,
): boolean {
  if (permissions.has('documents.unmask')) return true
  const base = snapshot.get('KnowledgeBase', knowledgeBase)
  return base !== undefined && base.spec.masking.mode !== 'mask'
}

/** The constraint together with what the asker's bases mask for them. */
export function sightOf(
  snapshot: Snapshot,
  principal: Pick<Principal, 'permissions'>,
  constraint: Constraint,
): Sight {
  if (principal.permissions.has('documents.unmask')) return { constraint, plainBases: 'all' }
  const plain = snapshot
    .list('KnowledgeBase')
    .filter(({ name }) => maySeePlain(snapshot, principal, name))
  return { constraint, plainBases: plain.map(({ name }) => name) }
}

/** What these documents are called, as far as the constraint permits; those of removed documents nobody is told. */
export async function documentNames(
  tx: Tx,
  { permissionSetIds }: Constraint,
  ids: readonly string[],
) {
  const wanted = [...new Set(ids)].slice(0, atOnce)
  if (wanted.length === 0 || permissionSetIds.length === 0) return []
  return tx
    .selectFrom('document')
    .select(['id', 'title', 'knowledge_base as knowledgeBase', 'external_id as externalId'])
    .where('id', 'in', wanted)
    .where('deleted_at', 'is', null)
    .where('permission_set_id', 'in', [...permissionSetIds])
    .execute()
}

/** Which of these document versions may be seen now: those of removed documents by nobody. */
export async function readableVersions(
  tx: Tx,
  sight: Sight,
  ids: readonly string[],
): Promise<Set<string>> {
  const wanted = [...new Set(ids)].slice(0, atOnce)
  if (wanted.length === 0 || sight.constraint.permissionSetIds.length === 0) return new Set()
  const rows = await visibleVersions(tx, sight).where('v.id', 'in', wanted).execute()
  return new Set(rows.map((row) => row.id))
}

/** Ids of all versions that may be seen now, to be narrowed by the caller. */
export function visibleVersions(tx: Tx, { constraint, plainBases }: Sight) {
  const query = tx
    .selectFrom('document_version as v')
    .innerJoin('document as d', 'd.id', 'v.document_id')
    .select('v.id')
    .where('d.deleted_at', 'is', null)
    .where('d.permission_set_id', '=', permittedSets(constraint))
  if (plainBases === 'all') return query
  const plain = sql<string>`any(${plainBases}::text[])`
  return query.where((eb) => eb.or([eb('v.masked', '=', true), eb('d.knowledge_base', '=', plain)]))
}
