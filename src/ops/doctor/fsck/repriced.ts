import type { Tx } from '#store'

const eventPage = 200

/** Batches that were priced anew, by the id that they were booked with, as the audit log tells of them so far. */
export interface Repriced {
  upTo: number
  /** The digest before the first time and after the last one; `broken`: one time did not begin where the one before ended. */
  batches: Map<string, { before: string; after: string; broken: boolean }>
}

export function noneRepriced(): Repriced {
  return { upTo: -1, batches: new Map() }
}

/** Adds what the log says since then. */
export async function followRepriced(tx: Tx, known: Repriced): Promise<Repriced> {
  for (;;) {
    const events = await tx
      .selectFrom('audit_event')
      .select(['seq', 'canonical'])
      .where('kind', '=', 'calls.repriced')
      .where('seq', '>', known.upTo)
      .orderBy('seq')
      .limit(eventPage)
      .execute()
    for (const { seq, canonical } of events) {
      known.upTo = seq
      for (const batch of batchesOf(canonical)) add(known, batch)
    }
    if (events.length < eventPage) return known
  }
}

interface Told {
  first: string
  before: string
  after: string
}

function batchesOf(canonical: string): readonly Told[] {
  const { details } = JSON.parse(canonical) as { details?: { batches?: Told[] } }
  return details?.batches ?? []
}

function add({ batches }: Repriced, { first, before, after }: Told): void {
  const known = batches.get(first)
  if (!known) batches.set(first, { before, after, broken: false })
  else {
    known.broken ||= known.after !== before
    known.after = after
  }
}
