import { sql } from 'kysely'
import type { Tx } from '#store'
import { type Amounts, dimensions, nothing } from './amounts.ts'
import type { CounterKey } from './rules.ts'

/** Seconds after which a lease that its server did not renew is nobody's any more. */
export const leaseSeconds = 15
/** A lease is at most this part of a limit: what two servers can overspend together is one lease. */
const share = 1 / 50

/** Rows of a window are kept for the counts of past windows; leases end by themselves. */
const window = (key: CounterKey) => ({
  budget: key.rule.name,
  subject: key.subject,
  window_start: new Date(key.start),
})

/** What a lease asked for was given, and what the counter held. */
export interface Leased {
  granted: Amounts
  /** Spent and reported by all servers so far. */
  spent: Amounts
}

/**
 * Takes a part of a budget for this server, in the caller's transaction: at least `least` in each dimension, or
 * nothing at all; up to `wanted`, which calls wait for, or the usual share. A soft budget is lent without limit.
 * Leases of servers that are gone are taken back first.
 */
export async function takeLease(
  tx: Tx,
  key: CounterKey,
  { holder, least, wanted }: { holder: string; least: Amounts; wanted: Amounts },
): Promise<Leased> {
  const at = window(key)
  await tx
    .insertInto('budget_counter')
    .values(at)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const counter = await tx
    .selectFrom('budget_counter')
    .selectAll()
    .where('budget', '=', at.budget)
    .where('subject', '=', at.subject)
    .where('window_start', '=', at.window_start)
    .forUpdate()
    .executeTakeFirstOrThrow()
  const expired = await takeBackExpired(tx, key)
  const spent = nothing()
  const granted = nothing()
  const { limits, hard } = key.rule
  let enough = true
  for (const one of dimensions) {
    spent[one] = counter[`spent_${one}`]
    const leased = counter[`leased_${one}`] - expired[one]
    const ask = Math.max(least[one], wanted[one], Math.floor(limits[one] * share))
    if (limits[one] === Number.POSITIVE_INFINITY) continue
    const free = limits[one] - spent[one] - leased
    granted[one] = hard ? Math.max(0, Math.min(free, ask)) : ask
    if (granted[one] < least[one]) enough = false
  }
  const given = enough ? granted : nothing()
  await changeLeased(tx, key, { add: given, take: expired })
  if (enough) await addToLease(tx, key, { holder, add: given })
  return { granted: given, spent }
}

/** Leases that their servers did not renew are deleted; gives back what they held. */
async function takeBackExpired(tx: Tx, key: CounterKey): Promise<Amounts> {
  const at = window(key)
  const rows = await tx
    .deleteFrom('budget_lease')
    .where('budget', '=', at.budget)
    .where('subject', '=', at.subject)
    .where('window_start', '=', at.window_start)
    .where('expires_at', '<', sql<Date>`now()`)
    .returning(['nanousd', 'tokens', 'requests'])
    .execute()
  const sum = nothing()
  for (const row of rows) for (const one of dimensions) sum[one] += row[one]
  return sum
}

async function changeLeased(
  tx: Tx,
  key: CounterKey,
  { add, take }: { add: Amounts; take: Amounts },
): Promise<void> {
  const at = window(key)
  await tx
    .updateTable('budget_counter')
    .set((eb) => ({
      leased_nanousd: eb('leased_nanousd', '+', add.nanousd - take.nanousd),
      leased_tokens: eb('leased_tokens', '+', add.tokens - take.tokens),
      leased_requests: eb('leased_requests', '+', add.requests - take.requests),
    }))
    .where('budget', '=', at.budget)
    .where('subject', '=', at.subject)
    .where('window_start', '=', at.window_start)
    .execute()
}

async function addToLease(
  tx: Tx,
  key: CounterKey,
  { holder, add }: { holder: string; add: Amounts },
): Promise<void> {
  await tx
    .insertInto('budget_lease')
    .values({ ...window(key), holder, ...add, expires_at: endsAt() as never })
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id', 'budget', 'subject', 'window_start', 'holder'])
        .doUpdateSet((eb) => ({
          nanousd: eb('budget_lease.nanousd', '+', add.nanousd),
          tokens: eb('budget_lease.tokens', '+', add.tokens),
          requests: eb('budget_lease.requests', '+', add.requests),
          expires_at: endsAt() as never,
        })),
    )
    .execute()
}

/** By the database's clock: servers' clocks differ. */
const endsAt = () => sql<Date>`now() + make_interval(secs => ${leaseSeconds})`

/** What a server reports of one counter: spent since the last report, and given back unspent. */
export interface LeaseReport {
  key: CounterKey
  spent: Amounts
  back: Amounts
}

/** What a report found: the counter's sums after it, and whether the lease was still this server's. */
export interface Reported {
  spent: Amounts
  held: boolean
}

/**
 * Books what was spent, gives back what is not needed and renews the lease, in the transaction that also stores the
 * calls: sums of calls and counters cannot differ. Callers report counters in the order of their keys.
 */
export async function reportLease(
  tx: Tx,
  { key, spent, back }: LeaseReport,
  holder: string,
): Promise<Reported> {
  const at = window(key)
  const off = nothing()
  for (const one of dimensions) {
    if (key.rule.limits[one] !== Number.POSITIVE_INFINITY) off[one] = spent[one] + back[one]
  }
  const lease = await tx
    .updateTable('budget_lease')
    .set((eb) => ({
      nanousd: eb('nanousd', '-', off.nanousd),
      tokens: eb('tokens', '-', off.tokens),
      requests: eb('requests', '-', off.requests),
      expires_at: endsAt() as never,
    }))
    .where('budget', '=', at.budget)
    .where('subject', '=', at.subject)
    .where('window_start', '=', at.window_start)
    .where('holder', '=', holder)
    .returning('holder')
    .executeTakeFirst()
  const unleased = lease ? off : nothing()
  const row = await tx
    .updateTable('budget_counter')
    .set((eb) => ({
      spent_nanousd: eb('spent_nanousd', '+', spent.nanousd),
      spent_tokens: eb('spent_tokens', '+', spent.tokens),
      spent_requests: eb('spent_requests', '+', spent.requests),
      leased_nanousd: eb('leased_nanousd', '-', unleased.nanousd),
      leased_tokens: eb('leased_tokens', '-', unleased.tokens),
      leased_requests: eb('leased_requests', '-', unleased.requests),
    }))
    .where('budget', '=', at.budget)
    .where('subject', '=', at.subject)
    .where('window_start', '=', at.window_start)
    .returning(['spent_nanousd', 'spent_tokens', 'spent_requests'])
    .executeTakeFirstOrThrow()
  return {
    held: lease !== undefined,
    spent: {
      nanousd: row.spent_nanousd,
      tokens: row.spent_tokens,
      requests: row.spent_requests,
    },
  }
}
