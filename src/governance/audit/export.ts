import { PlinthError } from '#kernel'
import type { Store } from '#store'
import { treeAt } from './proofs.ts'
import type { CheckpointSigner } from './signer.ts'

export interface ExportOptions {
  signer: CheckpointSigner
  /** First sequence number; default 0, the whole log. */
  from?: number
  /**
   * Number after the last event; the export runs on to the next checkpoint. Default: everything.
   */
  to?: number
  signal?: AbortSignal
}

const pageSize = 1_000

/**
 * The log as lines of JSON (each with its newline), format `plinth-audit/1`: a header, the events
 * with their canonical text, and each checkpoint directly after the last event it covers. A fresh
 * checkpoint bounds it; as events never change, pages read one by one are one consistent state, and
 * no transaction stays open while a slow client reads. Record `audit.exported` first.
 * @throws NOT_FOUND for a range that the log does not have; INTEGRITY when the log cannot be
 * signed.
 */
export async function* exportAudit(
  store: Store,
  organizationId: string,
  options: ExportOptions,
): AsyncGenerator<string> {
  const { signer, from = 0 } = options
  const fresh = await signer.checkpointNow(organizationId)
  const { size } = fresh
  const to = await endOf(store, organizationId, { signer, size, to: options.to ?? size })
  if (!(Number.isSafeInteger(from) && from >= 0 && from <= to)) {
    throw new PlinthError('NOT_FOUND', `The audit log has no events ${from} to ${to}.`)
  }
  const { frontier } = await store.within(organizationId, (tx) => treeAt(tx, from))
  yield line({
    format: 'plinth-audit/1',
    organization: organizationId,
    origin: signer.origin(organizationId),
    vkey: signer.vkey(organizationId),
    from,
    to,
    frontier: frontier.map((hash) => Buffer.from(hash).toString('base64')),
  })
  let next = from
  do {
    options.signal?.throwIfAborted()
    const end = Math.min(next + pageSize, to)
    const page = await readPage(store, organizationId, { next, end })
    // Between pages of a long export the last checkpoint of a page is the first of the next:
    // written once.
    const notes = page.notes.filter((note) => signer.signed(organizationId, note.note))
    const bySize = new Map(notes.map(({ size, note }) => [Number(size), note]))
    // Where a former key signed this very size, the stored note is not ours.
    if (fresh.size >= next && fresh.size <= end) bySize.set(fresh.size, fresh.note)
    if (next === from && bySize.has(from)) yield line({ checkpoint: bySize.get(from) })
    for (const event of page.events) {
      const seq = Number(event.seq)
      yield line({ seq, leaf: event.canonical })
      const note = bySize.get(seq + 1)
      if (note) yield line({ checkpoint: note })
    }
    next = end
  } while (next < to)
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

/** The size of the first checkpoint by this key at or after the wanted end. */
async function endOf(
  store: Store,
  organizationId: string,
  { signer, size, to }: { signer: CheckpointSigner; size: number; to: number },
): Promise<number> {
  if (to >= size) return size
  const notes = await store.read(organizationId, (db) =>
    db
      .selectFrom('audit_checkpoint')
      .select(['size', 'note'])
      .where('size', '>=', Math.max(0, to))
      .orderBy('size')
      .limit(pageSize)
      .execute(),
  )
  const first = notes.find(({ note }) => signer.signed(organizationId, note))
  return Math.min(size, Number(first?.size ?? size))
}

async function readPage(
  store: Store,
  organizationId: string,
  { next, end }: { next: number; end: number },
) {
  return store.read(organizationId, async (db) => ({
    events: await db
      .selectFrom('audit_event')
      .select(['seq', 'canonical'])
      .where('seq', '>=', next)
      .where('seq', '<', end)
      .orderBy('seq')
      .execute(),
    notes: await db
      .selectFrom('audit_checkpoint')
      .select(['size', 'note'])
      .where('size', '>=', next)
      .where('size', '<=', end)
      .execute(),
  }))
}
