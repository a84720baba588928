import { createHash } from 'node:crypto'
import { segmentsPrefix } from '#store'
import { type Check, type DoctorDeps, ok, warning } from './check.ts'

const name = 'stored indexes'
const remedy =
  'Nothing is lost: the rows answer instead, and a running server writes the index anew once it has moved on.'
const shownMost = 5

/** Whether every part of a search index that a row names lies in the object store, with its length or (fsck) its bytes. */
export async function checkStoredIndexes(
  deps: DoctorDeps,
  options: { bytes: boolean; signal?: AbortSignal | undefined } = { bytes: false },
): Promise<Check> {
  let indexes = 0
  let bytes = 0
  let loose = 0
  const wrong: string[] = []
  for (const organizationId of deps.organizationIds) {
    const lying = new Set<string>()
    for await (const key of deps.objects.list(segmentsPrefix(organizationId))) lying.add(key)
    for (const row of await rowsOf(deps, organizationId)) {
      options.signal?.throwIfAborted()
      if (row.id.endsWith('/manifest')) indexes++
      bytes += row.bytes
      const isThere = lying.delete(row.object_key)
      if (!isThere) wrong.push(`${row.knowledge_base}: ${row.object_key} is missing`)
      else if (options.bytes && (await digestOf(deps, row.object_key)) !== row.digest) {
        wrong.push(`${row.knowledge_base}: ${row.object_key} has other bytes than were written`)
      }
    }
    loose += lying.size
  }
  if (wrong.length > 0) {
    const more = wrong.length > shownMost ? `; and ${wrong.length - shownMost} more` : ''
    return warning(name, `${wrong.slice(0, shownMost).join('; ')}${more}`, remedy)
  }
  const parts = loose > 0 ? `, ${loose} parts that a running server clears away` : ''
  return ok(name, `${indexes} search indexes, ${(bytes / 1024 ** 2).toFixed(1)} MiB${parts}`)
}

function rowsOf({ store }: DoctorDeps, organizationId: string) {
  return store.read(organizationId, (db) =>
    db
      .selectFrom('index_segment')
      .select(['id', 'knowledge_base', 'object_key', 'digest', 'bytes'])
      .execute(),
  )
}

async function digestOf({ objects }: DoctorDeps, key: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of await objects.open(key)) hash.update(piece as Buffer)
  return `sha256:${hash.digest('hex')}`
}
