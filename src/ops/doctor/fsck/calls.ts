import type { Json } from '#kernel'
import type { Tx } from '#store'
import { digestOfCalls, type ToldCall } from '../../usage/digest.ts'
import type { Check, DoctorDeps } from '../check.ts'
import { Findings } from '../findings.ts'
import { followRepriced, noneRepriced, type Repriced } from './repriced.ts'

/** Events, and rows, that are read together. */
const eventPage = 200
const rowPage = 5_000
/** Rows may have ended that long before they were booked. */
const marginMs = 3_600_000

const remedy =
  'Treat the database as compromised: secure it, and compare with a backup and an exported audit log.'

interface Booked {
  seq: number
  at: Date
  first: string
  last: string
  calls: number
  digest: string
}

/** Rows by the batch that they were booked with; a long call lies among the ids of an earlier batch than its own. */
type Open = Map<string, ToldCall[]>

/** Calls of models are those that the audit log says were booked, in number and content. Expired ones are not missed. */
export async function checkCalls(
  deps: DoctorDeps,
  organizationId: string,
  signal?: AbortSignal,
): Promise<Check[]> {
  const damage = new Findings('calls', remedy)
  const { store } = deps
  const expired = await store.read(organizationId, expiredBefore)
  const repriced = await store.read(organizationId, (tx) => followRepriced(tx, noneRepriced()))
  const open: Open = new Map()
  let upTo = ''
  for (let after = -1; ; ) {
    signal?.throwIfAborted()
    const events = await store.read(organizationId, (tx) => bookedAfter(tx, after))
    const last = [upTo, ...events.map((event) => event.last)].sort().at(-1) as string
    for (let from = upTo; from !== undefined; ) {
      const rows = await store.read(organizationId, (tx) => rowsBetween(tx, from, last))
      for (const { booked_with, ...row } of rows) {
        // Booked before batches were marked: nothing can be said of it.
        if (booked_with === null) continue
        const batch = open.get(booked_with)
        if (batch) batch.push(row)
        else open.set(booked_with, [row])
      }
      if (rows.length < rowPage) break
      from = rows.at(-1)?.id ?? last
    }
    for (const event of events) {
      const calls = open.get(event.first) ?? []
      open.delete(event.first)
      damage.looked += calls.length
      const young = event.at.getTime() >= expired + marginMs
      let wrong = wrongWith(event, calls, { young, repriced })
      if (wrong) {
        // It may have been priced anew while this looked: then both are read again, at one moment.
        const again = await store.read(organizationId, async (tx) => ({
          calls: await batchOf(tx, event.first),
          repriced: await followRepriced(tx, repriced),
        }))
        wrong = wrongWith(event, again.calls, { young, repriced })
      }
      if (wrong) damage.add(`event ${event.seq} booked ${event.calls} calls: ${wrong}`)
    }
    upTo = last
    if (events.length < eventPage) break
    after = events.at(-1)?.seq ?? after
  }
  await resolveLate(deps, organizationId, open)
  for (const [batch, calls] of open) {
    damage.add(`${calls.length} calls with ${batch} were never booked`)
  }
  return [damage.check('calls as they were booked')]
}

/** A batch may have been booked while this looked. */
async function resolveLate(deps: DoctorDeps, organizationId: string, open: Open): Promise<void> {
  if (open.size === 0) return
  const newest = await deps.store.read(organizationId, (tx) =>
    tx
      .selectFrom('audit_event')
      .select('canonical')
      .where('kind', '=', 'calls.booked')
      .orderBy('seq', 'desc')
      .limit(eventPage)
      .execute(),
  )
  for (const { canonical } of newest) open.delete(String(detailsOf(canonical).first))
}

function wrongWith(
  event: Booked,
  calls: readonly ToldCall[],
  { young, repriced }: { young: boolean; repriced: Repriced },
): string | undefined {
  if (calls.length < event.calls) {
    return young ? `${event.calls - calls.length} are missing` : undefined
  }
  if (calls.length > event.calls) return `${calls.length - event.calls} were added`
  const later = repriced.batches.get(event.first)
  if (later && (later.broken || later.before !== event.digest)) {
    return 'they were changed before they were priced anew'
  }
  return digestOfCalls(calls) === (later?.after ?? event.digest) ? undefined : 'they were changed'
}

/** Milliseconds since 1970 before which calls were deleted on purpose. */
async function expiredBefore(tx: Tx): Promise<number> {
  const row = await tx
    .selectFrom('audit_event')
    .select('canonical')
    .where('kind', '=', 'calls.expired')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
  const before = row && detailsOf(row.canonical).before
  return typeof before === 'string' ? Date.parse(before) : 0
}

function detailsOf(canonical: string): Record<string, Json | undefined> {
  return (JSON.parse(canonical) as { details?: Record<string, Json> }).details ?? {}
}

async function bookedAfter(tx: Tx, after: number): Promise<Booked[]> {
  const rows = await tx
    .selectFrom('audit_event')
    .select(['seq', 'at', 'canonical'])
    .where('kind', '=', 'calls.booked')
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(eventPage)
    .execute()
  return rows.map(({ seq, at, canonical }) => {
    const { first, last, calls, digest } = detailsOf(canonical)
    const texts = { first: String(first), last: String(last), digest: String(digest) }
    return { seq, at, ...texts, calls: Number(calls) }
  })
}

function toldRows(tx: Tx) {
  return tx
    .selectFrom('model_call')
    .select(['id', 'booked_with', 'principal_id as principalId', 'model', 'outcome'])
    .select(['input_tokens as inputTokens', 'cached_tokens as cachedTokens'])
    .select(['output_tokens as outputTokens', 'reasoning_tokens as reasoningTokens'])
    .select('cost_nanousd as costNanousd')
}

async function batchOf(tx: Tx, first: string): Promise<ToldCall[]> {
  const rows = await toldRows(tx).where('booked_with', '=', first).limit(rowPage).execute()
  return rows.map((row) => ({ ...row, outcome: row.outcome as ToldCall['outcome'] }))
}

async function rowsBetween(tx: Tx, after: string, upTo: string) {
  const rows = await toldRows(tx)
    .where('id', '>', after)
    .where('id', '<=', upTo)
    .orderBy('id')
    .limit(rowPage)
    .execute()
  return rows.map((row) => ({
    ...row,
    outcome: row.outcome as ToldCall['outcome'],
  }))
}
