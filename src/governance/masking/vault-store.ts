import { newId, PlinthError } from '#kernel'
import type { Tx } from '#store'
import type { SealBinding, Sealer } from '../sealing.ts'
import { PlaceholderScope, type ScopeEntry } from './placeholder.ts'

/** Where a scope of placeholders lives: one version of a document, or one conversation. */
export type VaultPlace = { organizationId: string } & (
  | { documentVersionId: string }
  | { conversationId: string }
)

export interface Vault {
  tx: Tx
  sealer: Sealer
  place: VaultPlace
}

/** Rows of one insert or look-up. */
const batchRows = 500

/**
 * Keeps the values of a scope, sealed each to its own row; what is kept already stays as it is. Returns how many are
 * new. Two writers of one place must take turns: throws CONFLICT where a placeholder already stands for another
 * value.
 */
export async function keepInVault(vault: Vault, entries: Iterable<ScopeEntry>): Promise<number> {
  const { tx, sealer, place } = vault
  let added = 0
  for (const batch of batches(entries)) {
    const known = await knownRows(vault, batch)
    const rows = []
    for (const { kind, placeholder, value } of batch) {
      const digest = sealer.fingerprint(value, fingerprintScope(place))
      const before = known.get(placeholder)
      if (before && !isSame(vault, before, { digest, value })) throw taken(placeholder)
      if (before) continue
      const id = newId('vlt')
      const sealed = sealer.seal(value, bindingOf(place, id))
      rows.push({ id, ...columnsOf(place), placeholder, entity: kind, value_hmac: digest, sealed })
    }
    if (rows.length > 0) await tx.insertInto('vault_entry').values(rows).execute()
    added += rows.length
  }
  return added
}

/**
 * The values of some placeholders in the clear; those that were never kept are absent. The caller decides whether
 * this may be (`documents.unmask`) and writes the audit event first.
 */
export async function revealFromVault(
  vault: Vault,
  placeholders: readonly string[],
): Promise<Map<string, string>> {
  const revealed = new Map<string, string>()
  for (let from = 0; from < placeholders.length; from += batchRows) {
    const rows = await inPlace(vault)
      .select(['id', 'placeholder', 'sealed'])
      .where('placeholder', 'in', placeholders.slice(from, from + batchRows))
      .execute()
    for (const row of rows) revealed.set(row.placeholder, open(vault, row))
  }
  return revealed
}

/**
 * The scope of a place with all its values, to mask or unmask more of the same conversation or
 * document.
 */
export async function openVaultScope(vault: Vault): Promise<PlaceholderScope> {
  const entries: ScopeEntry[] = []
  let after = ''
  for (;;) {
    const rows = await inPlace(vault)
      .select(['id', 'placeholder', 'entity', 'sealed'])
      .where('id', '>', after)
      .orderBy('id')
      .limit(batchRows)
      .execute()
    for (const row of rows) {
      entries.push({ kind: row.entity, placeholder: row.placeholder, value: open(vault, row) })
    }
    if (rows.length < batchRows) return PlaceholderScope.of(entries)
    after = rows.at(-1)!.id
  }
}

function inPlace({ tx, place }: Vault) {
  const all = tx.selectFrom('vault_entry')
  return 'documentVersionId' in place
    ? all.where('document_version_id', '=', place.documentVersionId)
    : all.where('conversation_id', '=', place.conversationId)
}

interface KnownRow {
  id: string
  placeholder: string
  value_hmac: Uint8Array
  sealed: Uint8Array
}

async function knownRows(
  vault: Vault,
  batch: readonly ScopeEntry[],
): Promise<Map<string, KnownRow>> {
  const names = batch.map((entry) => entry.placeholder)
  const rows = await inPlace(vault)
    .select(['id', 'placeholder', 'value_hmac', 'sealed'])
    .where('placeholder', 'in', names)
    .execute()
  return new Map(rows.map((row) => [row.placeholder, row]))
}

/** A digest of an earlier master key says nothing: then the value itself is compared. */
function isSame(vault: Vault, row: KnownRow, now: { digest: Uint8Array; value: string }): boolean {
  return Buffer.from(row.value_hmac).equals(now.digest) || open(vault, row) === now.value
}

function columnsOf(place: VaultPlace) {
  return 'documentVersionId' in place
    ? { document_version_id: place.documentVersionId, conversation_id: null }
    : { document_version_id: null, conversation_id: place.conversationId }
}

function fingerprintScope(place: VaultPlace) {
  const purpose = 'documentVersionId' in place ? place.documentVersionId : place.conversationId
  return { organizationId: place.organizationId, purpose: `vault_entry/${purpose}` }
}

function bindingOf({ organizationId }: VaultPlace, rowId: string): SealBinding {
  return { organizationId, table: 'vault_entry', rowId, column: 'sealed' }
}

const open = ({ sealer, place }: Vault, row: { id: string; sealed: Uint8Array }) =>
  sealer.openText(row.sealed, bindingOf(place, row.id))

function taken(placeholder: string): PlinthError {
  return new PlinthError('CONFLICT', {
    detail: `${placeholder} already stands for another value here.`,
    remedy: 'Open the scope again, mask the text with it and keep the result.',
  })
}

function* batches(entries: Iterable<ScopeEntry>): Generator<ScopeEntry[]> {
  let batch: ScopeEntry[] = []
  for (const entry of entries) {
    batch.push(entry)
    if (batch.length < batchRows) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
