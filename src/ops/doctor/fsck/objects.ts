import { createHash } from 'node:crypto'
import { isSegmentKey } from '#store'
import type { Check, DoctorDeps } from '../check.ts'
import { ok, warning } from '../check.ts'
import { Findings } from '../findings.ts'
import { checkStoredIndexes } from '../stored-indexes.ts'

const page = 1_000
/** Objects younger than this may belong to work that has not committed yet; a listing has no age, so they are counted only. */
const shownOrphans = 5
const originals = /^[^/]+\/originals\/([0-9a-f]{64})$/

/** Originals: their bytes have the digest that names them; every object that a row names is there; orphans are counted. */
export async function checkObjects(
  deps: DoctorDeps,
  organizationId: string,
  signal?: AbortSignal,
): Promise<Check[]> {
  const damage = new Findings('originals', 'Restore them from a backup, or upload the files again.')
  const { wanted, leaving } = await wantedKeys(deps, organizationId)
  const missing = new Set(wanted.keys())
  const orphans: string[] = []
  let orphanCount = 0
  for await (const key of deps.objects.list(`${organizationId}/`)) {
    signal?.throwIfAborted()
    // Copies of what the rows say, compared for themselves.
    if (isSegmentKey(key)) continue
    missing.delete(key)
    const digest = originals.exec(key)?.[1]
    if (digest) {
      damage.looked++
      if ((await sha256Of(deps, key)) !== digest) damage.add(`${key} has other bytes than its name`)
    }
    if (!wanted.has(key) && !leaving.has(key)) {
      orphanCount++
      if (orphans.length < shownOrphans) orphans.push(key)
    }
  }
  for (const key of missing) damage.add(`${key} is missing (${wanted.get(key)})`)
  const checks = [damage.check('originals, each with its digest')]
  const own = { ...deps, organizationIds: [organizationId] }
  checks.push(await checkStoredIndexes(own, { bytes: true, signal }))
  if (orphanCount === 0) checks.push(ok('orphans', 'every object is named by a row'))
  else {
    const more = orphanCount > orphans.length ? ` and ${orphanCount - orphans.length} more` : ''
    const detail = `${orphanCount} objects that no row names: ${orphans.join(', ')}${more}`
    const remedy =
      'They do no harm: left by broken-off work. Delete them when nothing is being read.'
    checks.push(warning('orphans', detail, remedy))
  }
  return checks
}

async function sha256Of({ objects }: DoctorDeps, key: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of await objects.open(key)) hash.update(piece as Buffer)
  return hash.digest('hex')
}

/**
 * Keys that rows name, with the row; `leaving`: originals of removed documents, and of files that could not be read,
 * which go a day later.
 */
async function wantedKeys(
  { store }: DoctorDeps,
  organizationId: string,
): Promise<{ wanted: Map<string, string>; leaving: Set<string> }> {
  const wanted = new Map<string, string>()
  const leaving = new Set<string>()
  for (let after = ''; ; ) {
    const rows = await store.read(organizationId, (db) =>
      db
        .selectFrom('document_version as v')
        .innerJoin('document as d', 'd.id', 'v.document_id')
        .select(['v.id', 'v.original_key', 'v.parsed_key', 'd.deleted_at'])
        .where('v.id', '>', after)
        .orderBy('v.id')
        .limit(page)
        .execute(),
    )
    for (const { id, original_key, parsed_key, deleted_at } of rows) {
      if (deleted_at === null) wanted.set(original_key, id)
      else leaving.add(original_key)
      wanted.set(parsed_key, id)
    }
    if (rows.length < page) break
    after = rows.at(-1)?.id ?? after
  }
  const uploads = await store.read(organizationId, (db) =>
    db.selectFrom('upload').select(['id', 'object_key']).where('state', '=', 'received').execute(),
  )
  for (const { id, object_key } of uploads) {
    if (object_key !== '' && !leaving.has(object_key)) wanted.set(object_key, id)
  }
  await addReceived(store, organizationId, leaving)
  return { wanted, leaving }
}

async function addReceived(
  store: DoctorDeps['store'],
  organizationId: string,
  leaving: Set<string>,
): Promise<void> {
  for (let after = ''; ; ) {
    const rows = await store.read(organizationId, (db) =>
      db
        .selectFrom('received_original')
        .select('digest')
        .where('digest', '>', after)
        .orderBy('digest')
        .limit(page)
        .execute(),
    )
    for (const { digest } of rows) {
      leaving.add(`${organizationId}/originals/${digest.slice('sha256:'.length)}`)
    }
    if (rows.length < page) return
    after = rows.at(-1)?.digest ?? after
  }
}
