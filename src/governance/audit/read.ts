import { type Json, limits, PlinthError } from '#kernel'
import type { Tx } from '#store'
import type { AuditKind, AuditRecord } from './events.ts'
import { findSubjectKey, type KeySealer, openPersonal } from './personal.ts'
import type { CheckpointSigner } from './signer.ts'

export interface AuditFilter {
  kind?: AuditKind | readonly AuditKind[]
  /** Principal id. */
  actor?: string
  /** `kind:id`. */
  target?: string
  /** Not before, ISO 8601. */
  from?: string
  /** Before, ISO 8601. */
  to?: string
  /** Occurs in the canonical text, in any case. */
  text?: string
}

export interface AuditPage {
  /** Newest first. */
  events: AuditView[]
  /** Pass as `cursor` for what is older; null at the end. */
  next: number | null
}

/** Personal data of an event as a reader meets it. */
export type PersonalView =
  | { subject: string; state: 'sealed' | 'erased' }
  | { subject: string; state: 'shown'; data: Json }

export interface AuditView extends Omit<AuditRecord, 'personal'> {
  /** RFC 6962 leaf hash of the canonical text, 64 hexadecimal digits. */
  leafHash: string
  personal?: PersonalView
}

/**
 * Events that match, newest first. A text filter looks at `limits.auditTextScanEvents` events at
 * most; the page may then be short or empty while `next` leads on.
 */
export async function listAudit(
  tx: Tx,
  filter: AuditFilter = {},
  page: { cursor?: number | null; limit?: number } = {},
): Promise<AuditPage> {
  const limit = Math.min(page.limit ?? limits.pageSizeDefault, limits.pageSizeMax)
  const tree = await tx.selectFrom('audit_tree').select('size').executeTakeFirst()
  const below = Math.min(page.cursor ?? Number.MAX_SAFE_INTEGER, Number(tree?.size ?? 0))
  const floor = filter.text ? Math.max(0, below - limits.auditTextScanEvents) : 0
  let query = tx
    .selectFrom('audit_event')
    .select(['canonical', 'leaf_hash'])
    .where('seq', '<', below)
    .where('seq', '>=', floor)
  if (filter.kind) query = query.where('kind', 'in', [filter.kind].flat())
  if (filter.actor) query = query.where('actor_id', '=', filter.actor)
  if (filter.target) query = query.where('target', '=', filter.target)
  if (filter.from) query = query.where('at', '>=', timeOf(filter.from))
  if (filter.to) query = query.where('at', '<', timeOf(filter.to))
  if (filter.text) query = query.where('canonical', 'ilike', `%${escapeLike(filter.text)}%`)
  const rows = await query.orderBy('seq', 'desc').limit(limit).execute()
  const events = rows.map(viewOf)
  const last = events.at(-1)?.seq
  const next = events.length === limit && last !== undefined ? last : floor
  return { events, next: next > 0 ? next : null }
}

/**
 * One event. With a sealer (for those who may see it; record `subject.revealed` first) its personal
 * data is decrypted, unless the subject was erased. Throws NOT_FOUND.
 */
export async function readEvent(tx: Tx, seq: number, sealer?: KeySealer): Promise<AuditView> {
  const row = Number.isSafeInteger(seq)
    ? await tx
        .selectFrom('audit_event')
        .select(['canonical', 'leaf_hash'])
        .where('seq', '=', seq)
        .executeTakeFirst()
    : undefined
  if (!row) throw new PlinthError('NOT_FOUND', `There is no audit event ${seq}.`)
  const record = JSON.parse(row.canonical) as AuditRecord
  const view = viewOf(row)
  const sealed = record.personal
  if (!sealed || 'erased' in sealed) return view
  if (!sealer) {
    const key = await tx
      .selectFrom('audit_subject_key')
      .select('erased_at')
      .where('subject_id', '=', sealed.subject)
      .executeTakeFirst()
    const state = key && key.erased_at === null ? 'sealed' : 'erased'
    return { ...view, personal: { subject: sealed.subject, state } }
  }
  const place = { organization: record.organization, seq, subjectId: sealed.subject }
  const key = await findSubjectKey(tx, place, sealer)
  if (key === undefined || key === 'erased') {
    return { ...view, personal: { subject: sealed.subject, state: 'erased' } }
  }
  const data = openPersonal(sealed, key, place)
  return { ...view, personal: { subject: sealed.subject, state: 'shown', data } }
}

function viewOf(row: { canonical: string; leaf_hash: Uint8Array }): AuditView {
  const { personal, ...rest } = JSON.parse(row.canonical) as AuditRecord
  const view = { ...rest, leafHash: Buffer.from(row.leaf_hash).toString('hex') }
  if (!personal) return view
  const state = 'erased' in personal ? 'erased' : 'sealed'
  return { ...view, personal: { subject: personal.subject, state } }
}

export interface AuditState {
  /** Events in the log now. */
  size: number
  origin: string
  /** What auditors note to verify this log. */
  vkey: string
  checkpoint: { size: number; note: string; at: string } | null
}

/** How long the log is, by whom it is signed, and its newest checkpoint. */
export async function auditState(
  tx: Tx,
  organizationId: string,
  signer: Pick<CheckpointSigner, 'origin' | 'vkey'>,
): Promise<AuditState> {
  const tree = await tx.selectFrom('audit_tree').select('size').executeTakeFirst()
  const newest = await tx
    .selectFrom('audit_checkpoint')
    .select(['size', 'note', 'at'])
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst()
  return {
    size: Number(tree?.size ?? 0),
    origin: signer.origin(organizationId),
    vkey: signer.vkey(organizationId),
    checkpoint: newest
      ? { size: Number(newest.size), note: newest.note, at: new Date(newest.at).toISOString() }
      : null,
  }
}

function timeOf(text: string): Date {
  const time = new Date(text)
  if (!Number.isNaN(time.getTime())) return time
  throw new PlinthError('INVALID_INPUT', `"${text}" is not a time (ISO 8601).`)
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, (char) => `\\${char}`)
}
