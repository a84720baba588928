import type { AuditActor } from '#governance'
import { PlinthError } from '#kernel'
import type { JobRow, Tx } from '#store'
import { requestBackfill } from '../embedding-backfill.ts'
import { requestIngest, requestSync, type SyncInput } from './sync.ts'

type BatchInput = Parameters<typeof requestIngest>[1]
type BackfillInput = Parameters<typeof requestBackfill>[1]

/**
 * Asks again, on behalf of who retries, for work that failed or was cancelled; the ended job stays as it is. Throws
 * CONFLICT for work that did not end so.
 */
export async function retryJob(
  tx: Tx,
  job: JobRow,
  actor: AuditActor,
): Promise<{ id: string; created: boolean }> {
  if (job.state !== 'failed' && job.state !== 'cancelled') {
    throw new PlinthError('CONFLICT', {
      detail: `Job ${job.id} is ${job.state}; what failed or was cancelled can be tried again.`,
      remedy: 'Wait for its end; try a single failed document again by its own id.',
    })
  }
  switch (job.kind) {
    case 'source-sync':
      return requestSync(tx, { ...(job.input as SyncInput), actor }, actor.id)
    case 'ingest':
      return requestIngest(tx, { ...(job.input as BatchInput), actor }, { createdBy: actor.id })
    case 'embed':
      return requestBackfill(tx, job.input as BackfillInput, actor.id)
    default:
      throw new PlinthError('UNSUPPORTED', `Work of kind ${job.kind} cannot be tried again.`)
  }
}

/** Asks for another reading of a document that failed. Throws CONFLICT for one that did not, NOT_FOUND for none. */
export async function retryDocument(
  tx: Tx,
  id: string,
  actor: AuditActor,
): Promise<{ id: string; created: boolean }> {
  const row = await tx
    .selectFrom('document')
    .select(['state', 'change_mark'])
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
  if (!row) throw new PlinthError('NOT_FOUND', `There is no document ${id}.`)
  if (row.state !== 'failed') {
    throw new PlinthError('CONFLICT', {
      detail: `The document ${id} is ${row.state}, not failed.`,
      remedy: 'Scan its source again to look for changes.',
    })
  }
  const items = [{ documentId: id, changeMark: row.change_mark }]
  return requestIngest(tx, { actor, items }, { createdBy: actor.id, dedupeKey: `retry:${id}` })
}
