import { type RawBuilder, sql } from 'kysely'
import { PlinthError } from '#kernel'
import type { Tx } from '#store'
import { type CallFilter, whereOf } from './filter.ts'

/** What usage can be summed by. */
export const usageDimensions = [
  'day',
  'hour',
  'model',
  'asked',
  'provider',
  'user',
  'key',
  'project',
  'useCase',
  'outcome',
  'fault',
  'door',
] as const

export type UsageDimension = (typeof usageDimensions)[number]

/** Days and hours are those of UTC. */
const columns: Record<UsageDimension, RawBuilder<string | null>> = {
  day: sql`to_char(at at time zone 'UTC', 'YYYY-MM-DD')`,
  hour: sql`to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:00:00"Z"')`,
  model: sql`model`,
  asked: sql`asked`,
  provider: sql`provider`,
  user: sql`user_id`,
  key: sql`case when principal_id <> user_id then principal_id end`,
  project: sql`project`,
  useCase: sql`use_case`,
  outcome: sql`outcome`,
  fault: sql`fault`,
  door: sql`door`,
}

/** Milliseconds of the calls that were answered; null where none was. */
export interface Percentiles {
  p50: number
  p95: number
  calls: number
}

export interface UsageSums {
  calls: number
  answered: number
  inputTokens: number
  cachedTokens: number
  outputTokens: number
  reasoningTokens: number
  /** Calls whose tokens the provider did not count. */
  estimatedCalls: number
  /** Of all calls whose price is known, in billionths of a US dollar. */
  costNanousd: number
  /** Calls that a model answered or began to, whose price is not known: their cost is in no sum. */
  unpricedCalls: number
  /** Calls answered without asking a model, and what that saved where the price is known. */
  cacheHits: number
  savedNanousd: number
  savedTokens: number
  errors: { caller: number; policy: number; provider: number; plinth: number }
  /** Of streams. */
  firstTokenMs: Percentiles | null
  totalMs: Percentiles | null
}

export interface UsageGroup extends UsageSums {
  /** By dimension; null where the calls have none. */
  keys: Partial<Record<UsageDimension, string | null>>
}

/** Sums of calls: of all of them, and by dimension. */
export interface Usage {
  total: UsageSums
  /** Those with the most calls first. */
  groups: UsageGroup[]
}

/** Sums of all calls that fit, and by dimension, in one pass over them; at most `limit` groups. */
export async function sumUsage(
  tx: Tx,
  filter: CallFilter,
  { by, limit }: { by: readonly UsageDimension[]; limit: number },
): Promise<Usage> {
  let query = sumQuery(tx, filter)
  for (const [i, one] of by.entries()) query = query.select(columns[one].as(`key${i}`))
  if (by.length > 0) {
    const keys = sql.join(by.map((one) => columns[one]))
    query = query
      .select(sql<number>`grouping(${keys})`.as('all'))
      .groupBy(sql`grouping sets ((), (${keys}))`)
      .orderBy('all', 'desc')
      .orderBy('calls', 'desc')
      .limit(limit + 1)
  }
  const [total, ...rows] = await query.execute()
  if (!total) throw new PlinthError('INTERNAL', 'The sum of all calls is missing.')
  const groups = rows.map((row) => {
    const found = row as SumRow & Record<string, string | null>
    const keys = Object.fromEntries(by.map((one, i) => [one, found[`key${i}`] ?? null]))
    return { keys, ...toSums(row) }
  })
  return { total: toSums(total), groups }
}

function sumQuery(tx: Tx, filter: CallFilter) {
  const spread = (column: 'first_token_ms' | 'total_ms') =>
    sql<
      number[] | null
    >`percentile_disc(array[0.5, 0.95]) within group (order by ${sql.ref(column)})
      filter (where outcome = 'answered')`
  return tx
    .selectFrom('model_call')
    .where(whereOf(filter))
    .select((eb) => [
      eb.fn.countAll<number>().as('calls'),
      eb.fn.countAll<number>().filterWhere('outcome', '=', 'answered').as('answered'),
      sql<number>`coalesce(sum(input_tokens), 0)::bigint`.as('input'),
      sql<number>`coalesce(sum(cached_tokens), 0)::bigint`.as('cached'),
      sql<number>`coalesce(sum(output_tokens), 0)::bigint`.as('output'),
      sql<number>`coalesce(sum(reasoning_tokens), 0)::bigint`.as('reasoning'),
      sql<number>`coalesce(sum(cost_nanousd), 0)::bigint`.as('cost'),
      eb.fn.countAll<number>().filterWhere('estimated', '=', true).as('estimated'),
      sql<number>`count(*) filter (where cost_nanousd is null and model is not null)`.as(
        'unpriced',
      ),
      eb.fn.countAll<number>().filterWhere('cache', '=', 'hit').as('hits'),
      sql<number>`coalesce(sum(saved_nanousd), 0)::bigint`.as('saved_nanousd'),
      sql<number>`coalesce(sum(saved_tokens), 0)::bigint`.as('saved_tokens'),
      eb.fn.countAll<number>().filterWhere('fault', '=', 'caller').as('caller'),
      eb.fn.countAll<number>().filterWhere('fault', '=', 'policy').as('policy'),
      eb.fn.countAll<number>().filterWhere('fault', '=', 'provider').as('provider_fault'),
      eb.fn.countAll<number>().filterWhere('fault', '=', 'plinth').as('plinth'),
      sql<number>`count(first_token_ms) filter (where outcome = 'answered')`.as('first_tokens'),
      spread('first_token_ms').as('first_token'),
      spread('total_ms').as('total'),
    ])
}

type SumRow = Awaited<ReturnType<ReturnType<typeof sumQuery>['executeTakeFirstOrThrow']>>

function toSums(row: SumRow): UsageSums {
  const answered = Number(row.answered)
  return {
    calls: Number(row.calls),
    answered,
    inputTokens: Number(row.input),
    cachedTokens: Number(row.cached),
    outputTokens: Number(row.output),
    reasoningTokens: Number(row.reasoning),
    estimatedCalls: Number(row.estimated),
    costNanousd: Number(row.cost),
    unpricedCalls: Number(row.unpriced),
    cacheHits: Number(row.hits),
    savedNanousd: Number(row.saved_nanousd),
    savedTokens: Number(row.saved_tokens),
    errors: {
      caller: Number(row.caller),
      policy: Number(row.policy),
      provider: Number(row.provider_fault),
      plinth: Number(row.plinth),
    },
    firstTokenMs: percentiles(row.first_token, Number(row.first_tokens)),
    totalMs: percentiles(row.total, answered),
  }
}

function percentiles(values: number[] | null, calls: number): Percentiles | null {
  const [p50, p95] = values ?? []
  return calls === 0 || p50 == null || p95 == null ? null : { p50, p95, calls }
}
