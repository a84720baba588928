import { sql } from 'kysely'
import type { ResourceSpec } from '#kernel'
import type { Tx } from '#store'
import { type Amounts, dimensions, limitsOf, nothing } from './amounts.ts'
import { windowAround } from './windows.ts'

/** How a budget stands with one subject in its current window. */
export interface BudgetCount {
  subject: string
  spent: Amounts
  /** Held by servers for calls that may come; what they do not need comes back. */
  leased: Amounts
}

export interface BudgetStanding {
  name: string
  start: number
  end: number
  limits: Amounts
  counts: BudgetCount[]
  /** There are more subjects than were asked for. */
  more: boolean
}

interface Budget {
  name: string
  spec: ResourceSpec<'Budget'>
}

/**
 * Budgets with what was spent of them in the window around `at`, the subjects that spent most first. `only`: of
 * these subjects. A subject that a Budget names, and the organization as a whole, stand there with nothing spent, too.
 */
export async function budgetStandings(
  tx: Tx,
  budgets: readonly Budget[],
  { at, most, only }: { at: number; most: number; only?: readonly string[] },
): Promise<BudgetStanding[]> {
  const standings = budgets.map(({ name, spec }) => ({
    name,
    ...windowAround(spec.window, at),
    limits: limitsOf(spec.limits),
    counts: [] as BudgetCount[],
    more: false,
  }))
  const rows = new Map<string, BudgetCount[]>()
  for (const [start, of] of Map.groupBy(standings, (one) => one.start)) {
    for (const row of await countsOf(tx, of, { start: new Date(start), most, only })) {
      const list = rows.get(row.budget)
      if (list) list.push(row)
      else rows.set(row.budget, [row])
    }
  }
  return standings.map((standing, i) => {
    const found = rows.get(standing.name) ?? []
    const counts = [...found.slice(0, most), ...unspent(budgets[i]!.spec, found, only)]
    return { ...standing, counts: counts.slice(0, most), more: found.length > most }
  })
}

function unspent(
  { per, only: named }: Budget['spec'],
  found: readonly BudgetCount[],
  only: readonly string[] | undefined,
): BudgetCount[] {
  const known = new Set(found.map(({ subject }) => subject))
  const subjects = per === 'organization' ? ['*'] : named
  return subjects
    .filter((one) => !known.has(one) && (only === undefined || only.includes(one)))
    .map((subject) => ({ subject, spent: nothing(), leased: nothing() }))
}

/** Counters of one window: of each budget one more than asked, so that what is left out is seen. */
async function countsOf(
  tx: Tx,
  budgets: readonly BudgetStanding[],
  { start, most, only }: { start: Date; most: number; only: readonly string[] | undefined },
): Promise<(BudgetCount & { budget: string })[]> {
  const names = budgets.map(({ name }) => name)
  const held = tx
    .selectFrom('budget_lease')
    .where('budget', 'in', names)
    .where('window_start', '=', start)
    .where('expires_at', '>=', sql<Date>`now()`)
    .groupBy(['budget', 'subject'])
    .select(['budget', 'subject'])
    .select(dimensions.map((one) => sql<number>`sum(${sql.ref(one)})::bigint`.as(one)))
  let ranked = tx
    .selectFrom('budget_counter')
    .where('budget', 'in', names)
    .where('window_start', '=', start)
    .select(['budget', 'subject', 'spent_nanousd', 'spent_tokens', 'spent_requests'])
    .select(
      sql<number>`row_number() over (partition by budget
        order by spent_nanousd desc, spent_tokens desc, spent_requests desc, subject)`.as('rank'),
    )
  if (only) ranked = ranked.where('subject', 'in', only.length > 0 ? only : [''])
  const rows = await tx
    .with('ranked', () => ranked)
    .with('held', () => held)
    .selectFrom('ranked as r')
    .leftJoin('held as h', (on) =>
      on.onRef('h.budget', '=', 'r.budget').onRef('h.subject', '=', 'r.subject'),
    )
    .select(['r.budget', 'r.subject', 'r.spent_nanousd', 'r.spent_tokens', 'r.spent_requests'])
    .select(['h.nanousd', 'h.tokens', 'h.requests'])
    .where('r.rank', '<=', most + 1)
    .orderBy('r.rank')
    .execute()
  return rows.map((row) => ({
    budget: row.budget,
    subject: row.subject,
    spent: {
      nanousd: Number(row.spent_nanousd),
      tokens: Number(row.spent_tokens),
      requests: Number(row.spent_requests),
    },
    leased: amountsOf(row),
  }))
}

function amountsOf(row: { nanousd: unknown; tokens: unknown; requests: unknown }): Amounts {
  return {
    nanousd: Math.max(0, Number(row.nanousd ?? 0)),
    tokens: Math.max(0, Number(row.tokens ?? 0)),
    requests: Math.max(0, Number(row.requests ?? 0)),
  }
}

/** A pace of less than this part of a window says nothing about the rest of it. */
const leastShare = 0.02

export interface Forecast {
  /** Spent at the end of the window, if it goes on like this. */
  atEnd: number
  /** Milliseconds since 1970 at which the limit is reached; absent where it is not within the window. */
  reachedAt?: number
}

/** By the pace of the window so far; undefined where there is none yet. */
export function forecastOf(
  { spent, limit }: { spent: number; limit: number },
  { start, end }: { start: number; end: number },
  now: number,
): Forecast | undefined {
  const elapsed = now - start
  if (spent <= 0 || elapsed < (end - start) * leastShare) return undefined
  const pace = spent / elapsed
  const reachedAt = start + limit / pace
  return { atEnd: pace * (end - start), ...(reachedAt < end ? { reachedAt } : {}) }
}
