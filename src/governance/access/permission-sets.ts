import { digestOf, PlinthError, readerToken } from '#kernel'
import { lockAccess, type Store, type Tx } from '#store'
import { normalizeEmail } from '../identity/users.ts'

const maxReaders = 1_000
const pageRows = 5_000
const maxOrganizations = 1_000
const maxRemembered = 2_000

/**
 * Readers as they are stored and compared: without doubles, sorted, addresses in lower case. Throws INVALID_INPUT for
 * a word that is no reader token. An empty list is valid: nobody.
 */
export function canonicalReaders(readers: readonly string[]): string[] {
  if (readers.length > maxReaders) {
    throw new PlinthError('TOO_LARGE', {
      detail: `${readers.length} readers are over the limit of ${maxReaders}.`,
      remedy: 'Put the readers into a group and name the group.',
    })
  }
  const out = new Set<string>()
  for (const reader of readers) {
    const token = reader.normalize('NFC').trim()
    if (!readerToken.safeParse(token).success || token.length > 300 || /\p{C}/u.test(token)) {
      throw new PlinthError('INVALID_INPUT', {
        detail: `"${reader.slice(0, 100)}" is not a reader.`,
        where: 'readers',
        remedy: 'Write "everyone", "user:<e-mail or id>" or "group:<name>".',
      })
    }
    const address = token.startsWith('user:') && token.includes('@')
    out.add(address ? `user:${normalizeEmail(token.slice(5))}` : token)
  }
  return [...out].sort()
}

/**
 * The id of the set of these readers, made on first use. Sets never change, so that an index may keep their ids.
 * A new one is made under the lock of access: ids of one organization become visible in order, which is what lets
 * `PermissionSets` ask for newer ones only. Call before the transaction's first audit event.
 */
export async function permissionSetFor(tx: Tx, readers: readonly string[]): Promise<number> {
  const canonical = canonicalReaders(readers)
  const digest = digestOf(canonical)
  const known = await findSet(tx, digest)
  if (known !== undefined) return known
  await lockAccess(tx)
  const made = await tx
    .insertInto('permission_set')
    .values({ readers: canonical, digest })
    .onConflict((conflict) => conflict.columns(['organization_id', 'digest']).doNothing())
    .returning('id')
    .executeTakeFirst()
  const id = made?.id ?? (await findSet(tx, digest))
  if (id === undefined) throw new PlinthError('INTERNAL', 'A permission set was not stored.')
  return id
}

async function findSet(tx: Tx, digest: string): Promise<number | undefined> {
  const row = await tx
    .selectFrom('permission_set')
    .select('id')
    .where('digest', '=', digest)
    .executeTakeFirst()
  return row?.id
}

/** The sets of one organization, turned around: which sets name a reader. */
interface Index {
  upTo: number
  byReader: Map<string, number[]>
  /** Answers already worked out, by reader tokens; dropped when a set is added. */
  remembered: Map<string, readonly number[]>
}

/**
 * Which permission sets somebody may read. Sets are evaluated, not documents, so the cost does not grow with
 * documents or groups; a call reads sets that are newer than those it knows (usually no row).
 */
export class PermissionSets {
  readonly #store: Store
  readonly #organizations = new Map<string, Index>()

  constructor(store: Store) {
    this.#store = store
  }

  /**
   * Ids of the sets that share a reader with these tokens, ascending. No tokens: none. `newest`: the highest id there
   * is, where the caller has read it; without it newer sets are asked for.
   */
  async readableBy(
    organizationId: string,
    readerTokens: readonly string[],
    newest = Number.POSITIVE_INFINITY,
  ): Promise<readonly number[]> {
    if (readerTokens.length === 0) return []
    const index = this.#indexOf(organizationId)
    if (index.upTo < newest) await this.#catchUp(organizationId, index)
    const key = JSON.stringify(readerTokens)
    const known = index.remembered.get(key)
    if (known) return known
    const ids = new Set<number>()
    for (const token of readerTokens) for (const id of index.byReader.get(token) ?? []) ids.add(id)
    const sorted = Object.freeze([...ids].sort((a, b) => a - b))
    if (index.remembered.size >= maxRemembered) index.remembered.clear()
    index.remembered.set(key, sorted)
    return sorted
  }

  #indexOf(organizationId: string): Index {
    let index = this.#organizations.get(organizationId)
    if (!index) {
      if (this.#organizations.size >= maxOrganizations) this.#organizations.clear()
      index = { upTo: 0, byReader: new Map(), remembered: new Map() }
      this.#organizations.set(organizationId, index)
    }
    return index
  }

  async #catchUp(organizationId: string, index: Index): Promise<void> {
    for (;;) {
      const from = index.upTo
      const rows = await this.#store.read(organizationId, (tx) =>
        tx
          .selectFrom('permission_set')
          .select(['id', 'readers'])
          .where('id', '>', from)
          .orderBy('id')
          .limit(pageRows)
          .execute(),
      )
      for (const { id, readers } of rows) {
        // Another call may have added it meanwhile.
        if (id <= index.upTo) continue
        for (const reader of readers) {
          const ids = index.byReader.get(reader)
          if (ids) ids.push(id)
          else index.byReader.set(reader, [id])
        }
        index.upTo = id
        index.remembered.clear()
      }
      if (rows.length < pageRows) return
    }
  }
}
