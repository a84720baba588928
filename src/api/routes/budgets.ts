import {
  actorNames,
  type BudgetCount,
  type BudgetStanding,
  budgetStandings,
  forecastOf,
} from '#governance'
import type { Tx } from '#store'
import { paging } from '../contract/basics.ts'
import { budgetPage } from '../contract/usage.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { route } from '../http/route.ts'
import { ownOf, usdOf } from './calls.ts'

/** Subjects of one budget that are shown. */
const most = 100
/** Budgets whose subjects are people and keys: those of the asker are shown to everybody. */
const personal: ReadonlySet<string> = new Set(['user', 'key'])

export const budgetRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/budgets',
    permission: 'models.use',
    orElse: { inProject: true, permissions: ['traces.read'] },
    summary:
      'Budgets with what is spent of them in this window: all with traces.read, else one’s own',
    tag: 'Usage',
    query: paging,
    response: budgetPage,
    async handler({ context, query }, house) {
      const after = decodeCursor(query.cursor, 'string')?.[0]
      const snapshot = await house.snapshots.get(context.organizationId)
      const own = ownOf(context)
      const all = snapshot
        .list('Budget')
        .filter(({ spec }) => own === undefined || personal.has(spec.per))
      const next = after === undefined ? all : all.filter(({ name }) => name > after)
      const page = pageOf(next.slice(0, query.limit + 1), query.limit, ({ name }) => [name])
      const at = house.clock.now().getTime()
      const { standings, name } = await house.store.read(context.organizationId, async (tx) => {
        const only = own === undefined ? {} : { only: await subjectsOf(tx, own) }
        const standings = await budgetStandings(tx, page.items, { at, most, ...only })
        const actors = standings.filter((_, i) => personal.has(page.items[i]!.spec.per))
        const ids = actors.flatMap(({ counts }) => counts.map(({ subject }) => subject))
        return { standings, name: await actorNames(tx, ids, context) }
      })
      const items = page.items.map(({ name: budget, project, spec }, i) => {
        const { description, per, only, window, enforce, alerts } = spec
        const standing = standings[i]!
        return {
          ...{ name: budget, project, description, per, only, window, enforce, alerts },
          windowStart: new Date(standing.start).toISOString(),
          windowEnd: new Date(standing.end).toISOString(),
          counters: standing.counts.map((count) => ({
            subject: count.subject,
            subjectName: nameOf(per, count.subject, name),
            amounts: amountsOf(standing, count, at),
          })),
          more: standing.more,
        }
      })
      return { items, nextCursor: page.nextCursor }
    },
  }),
]

async function subjectsOf(tx: Tx, userId: string): Promise<string[]> {
  const keys = await tx
    .selectFrom('api_key')
    .select('id')
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .limit(1_000)
    .execute()
  return [userId, ...keys.map(({ id }) => id)]
}

function nameOf(per: string, subject: string, name: (id: string) => string): string {
  if (subject === '*') return 'The organization'
  return personal.has(per) ? name(subject) : subject
}

const units = [
  ['usd', 'nanousd', usdOf],
  ['tokens', 'tokens', Number],
  ['requests', 'requests', Number],
] as const

/** In each unit that the budget limits. */
function amountsOf({ limits, start, end }: BudgetStanding, count: BudgetCount, now: number) {
  return units
    .filter(([, dimension]) => limits[dimension] !== Number.POSITIVE_INFINITY)
    .map(([unit, dimension, shown]) => {
      const [limit, spent] = [limits[dimension], count.spent[dimension]]
      const forecast = forecastOf({ spent, limit }, { start, end }, now)
      const reachedAt = forecast?.reachedAt
      return {
        unit,
        limit: shown(limit),
        spent: shown(spent),
        leased: shown(count.leased[dimension]),
        share: spent / limit,
        forecast: forecast
          ? {
              atEnd: shown(forecast.atEnd),
              reachedAt: reachedAt === undefined ? null : new Date(reachedAt).toISOString(),
            }
          : null,
      }
    })
}
