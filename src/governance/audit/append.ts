import { type Clock, limits, PlinthError, systemClock } from '#kernel'
import type { Tx } from '#store'
import {
  type AuditActor,
  type AuditEventInput,
  canonicalRecord,
  recordOf,
  type SealedPersonal,
  targetText,
} from './events.ts'
import { destroySubjectKey, type KeySealer, sealPersonal, subjectKey } from './personal.ts'
import { appendLeaves, joinFrontier, leafHash, splitFrontier, type Tree } from './tree.ts'

export interface AppendOptions {
  clock?: Clock
  /** Needed where an event has personal data. */
  sealer?: KeySealer
}

/**
 * Appends one event to the organization's audit log, inside the transaction of what it records:
 * both are committed or neither. Locks the log's row until the transaction ends, so record late in
 * a transaction.
 * @returns the event's sequence number: 0, 1, 2 … without gaps.
 */
export async function appendAudit(
  tx: Tx,
  event: AuditEventInput,
  options: AppendOptions = {},
): Promise<{ seq: number }> {
  const { first } = await appendAuditAll(tx, [event], options)
  return { seq: first }
}

/**
 * Appends several events at the price of one lock; they get consecutive numbers.
 * @throws TOO_LARGE over `limits.auditEventsPerAppend` events or an event over
 * `limits.auditEventChars`.
 */
export async function appendAuditAll(
  tx: Tx,
  events: readonly AuditEventInput[],
  options: AppendOptions = {},
): Promise<{ first: number; count: number }> {
  if (events.length > limits.auditEventsPerAppend) {
    const detail = `${events.length} audit events at once are over auditEventsPerAppend (${limits.auditEventsPerAppend}).`
    throw new PlinthError('TOO_LARGE', detail)
  }
  const tree = await lockTree(tx)
  if (events.length === 0) return { first: tree.size, count: 0 }
  const at = (options.clock ?? systemClock).now()
  const seal = personalSealer(tx, tree.organization, options.sealer)
  const rows = []
  for (const [i, event] of events.entries()) {
    const place = { seq: tree.size + i, at, organization: tree.organization }
    const canonical = canonicalRecord(recordOf(event, place, await seal(event, place.seq)))
    rows.push({
      seq: place.seq,
      at,
      kind: event.kind,
      actor_id: event.actor.id,
      target: targetText(event.target),
      canonical,
      leaf_hash: leafHash(canonical),
    })
  }
  await writeRows(tx, tree, rows)
  return { first: tree.size, count: rows.length }
}

interface EventRow {
  seq: number
  at: Date
  kind: string
  actor_id: string
  target: string
  canonical: string
  leaf_hash: Uint8Array
}

async function writeRows(tx: Tx, tree: Tree, rows: readonly EventRow[]): Promise<void> {
  // PostgreSQL takes 65,535 parameters in a statement.
  for (let i = 0; i < rows.length; i += 1000) {
    await tx
      .insertInto('audit_event')
      .values(rows.slice(i, i + 1000))
      .execute()
  }
  const grown = appendLeaves(
    tree,
    rows.map((row) => row.leaf_hash),
  )
  if (grown.completed.length > 0) {
    const subtrees = grown.completed.map(({ level, index, hash }) => ({ level, index, hash }))
    await tx.insertInto('audit_subtree').values(subtrees).execute()
  }
  await tx
    .updateTable('audit_tree')
    .set({ size: grown.size, frontier: joinFrontier(grown) })
    .execute()
}

/**
 * Locks the organization's tree row, made on first use. Throws INTERNAL outside an organization's
 * transaction.
 */
async function lockTree(tx: Tx): Promise<Tree & { organization: string }> {
  let rows = await readLocked(tx)
  if (rows.length === 0) {
    await tx
      .insertInto('audit_tree')
      .values({ size: 0, frontier: new Uint8Array(0) })
      .onConflict((conflict) => conflict.columns(['organization_id']).doNothing())
      .execute()
    rows = await readLocked(tx)
  }
  const [row] = rows
  if (!row || rows.length > 1) {
    throw new PlinthError('INTERNAL', 'An audit event was written outside an organization.')
  }
  return {
    organization: row.organization_id,
    size: Number(row.size),
    frontier: splitFrontier(row.frontier),
  }
}

function readLocked(tx: Tx) {
  return tx
    .selectFrom('audit_tree')
    .select(['organization_id', 'size', 'frontier'])
    .limit(2)
    .forUpdate()
    .execute()
}

/** Seals the personal part of events; each subject's key is read once. */
function personalSealer(tx: Tx, organization: string, sealer: KeySealer | undefined) {
  const keys = new Map<string, Uint8Array | 'erased'>()
  return async (event: AuditEventInput, seq: number): Promise<SealedPersonal | undefined> => {
    if (!event.personal) return undefined
    if (!sealer) throw new PlinthError('INTERNAL', 'Personal data was recorded without a sealer.')
    const { subjectId, data } = event.personal
    const key = keys.get(subjectId) ?? (await subjectKey(tx, { organization, subjectId }, sealer))
    keys.set(subjectId, key)
    if (key === 'erased') return { subject: subjectId, erased: true }
    return sealPersonal(data, key, { organization, seq, subjectId })
  }
}

/**
 * Erases a subject's personal data from the whole log by destroying its key, and records that. The
 * tree stays valid: the ciphertext stands, nobody can read it. Copies of the key row live on in
 * backups until those are deleted.
 */
export async function eraseSubject(
  tx: Tx,
  subjectId: string,
  by: { actor: AuditActor; reason?: string; clock?: Clock },
): Promise<{ seq: number }> {
  const clock = by.clock ?? systemClock
  // Recording first takes the log's lock: no writer can be using the key at the same time.
  const recorded = await appendAudit(
    tx,
    {
      kind: 'subject.erased',
      actor: by.actor,
      target: { kind: 'subject', id: subjectId },
      ...(by.reason && { details: { reason: by.reason } }),
    },
    { clock },
  )
  await destroySubjectKey(tx, subjectId, clock.now())
  return recorded
}
