import { sql } from 'kysely'
import { type Amounts, type BudgetRule, dimensions, windowAround } from '#governance'
import type { Tx } from '#store'
import { budgetsSince } from '../../usage/budgets-since.ts'
import type { Check, DoctorDeps } from '../check.ts'
import { Findings } from '../findings.ts'

/** A call counts in the window in which it was let in, this long at most before its first try began. */
const entryMs = 60_000
/** No call lasts longer. */
const longestMs = 86_400_000
const most = 10_000

interface Compared {
  subject: string
  counted: Amounts | undefined
  /** Of the calls that were in this window for sure, and of those that may have been. */
  sure: Amounts
  possible: Amounts
}

/**
 * What budgets count is what their calls add up to, in the windows of now and before. A window in which the Budget was
 * changed says nothing; nor does a call at the edge of a window, which may count in either.
 */
export async function checkBudgets(deps: DoctorDeps, organizationId: string): Promise<Check[]> {
  const damage = new Findings('budgets', 'Restore the database from a backup.')
  const { store } = deps
  const budgets = await store.read(organizationId, budgetsSince)
  for (const { rule, changedAt } of budgets) {
    const now = windowAround(rule.window, deps.now().getTime())
    for (const window of [now, windowAround(rule.window, now.start - 1)]) {
      if (window.start < changedAt.getTime() + entryMs) continue
      const compared = await store.read(organizationId, (tx) => compare(tx, rule, window))
      for (const one of compared) {
        if (rule.only.size > 0 && !rule.only.has(one.subject)) continue
        damage.looked++
        const wrong = wrongWith(one)
        const place = `${rule.name} of ${one.subject} since ${new Date(window.start).toISOString()}`
        if (wrong) damage.add(`${place} ${wrong}`)
      }
    }
  }
  return [damage.check('counts of budgets that equal their calls')]
}

function wrongWith({ counted, sure, possible }: Compared): string | undefined {
  for (const one of dimensions) {
    const spent = counted?.[one] ?? 0
    if (spent >= sure[one] && spent <= possible[one]) continue
    const bounds = sure[one] === possible[one] ? sure[one] : `${sure[one]} to ${possible[one]}`
    return `counts ${spent} ${one}, its calls add up to ${bounds}`
  }
  return undefined
}

const subjects: Record<BudgetRule['per'], string> = {
  organization: `'*'`,
  project: 'project',
  'use-case': 'use_case',
  user: 'user_id',
  key: 'case when principal_id <> user_id then principal_id end',
  model: 'asked',
}

const amounts: Record<keyof Amounts, string> = {
  nanousd: 'coalesce(cost_nanousd, 0)',
  tokens: 'input_tokens::bigint + output_tokens',
  requests: '1',
}

/** In one statement: counts and calls of the same moment. */
async function compare(
  tx: Tx,
  { name, per }: BudgetRule,
  { start, end }: { start: number; end: number },
): Promise<Compared[]> {
  const [from, to] = [new Date(start), new Date(end)]
  const began = sql`at - make_interval(secs => (total_ms + ${entryMs}::int) / 1000)`
  const sums = dimensions.flatMap((one) => {
    const sum = sql`coalesce(sum(${sql.raw(amounts[one])})`
    const sure = sql`${sum} filter (where ${began} >= ${from} and at < ${to}), 0)::bigint`
    return [
      sql<number>`${sure}`.as(`sure_${one}`),
      sql<number>`${sum}, 0)::bigint`.as(`possible_${one}`),
    ]
  })
  const calls = tx
    .selectFrom('model_call')
    .select(sql<string>`${sql.raw(subjects[per])}`.as('subject'))
    .select(sums)
    .where('at', '>=', from)
    .where('at', '<', new Date(end + longestMs))
    .where(sql<boolean>`${began} < ${to}`)
    .where('outcome', '<>', 'refused')
    .where(sql<boolean>`${sql.raw(subjects[per])} is not null`)
    .groupBy(sql`1`)
  const counts = tx
    .selectFrom('budget_counter')
    .select(['subject', 'spent_nanousd', 'spent_tokens', 'spent_requests'])
    .where('budget', '=', name)
    .where('window_start', '=', from)
  const rows = await tx
    .with('called', () => calls)
    .with('counted', () => counts)
    .selectFrom('counted as c')
    .fullJoin('called as m', 'm.subject', 'c.subject')
    .selectAll('m')
    .select(['c.subject as counted', 'c.spent_nanousd', 'c.spent_tokens', 'c.spent_requests'])
    .limit(most)
    .execute()
  return rows.map((row) => toCompared(row as Record<string, unknown>))
}

function toCompared(row: Record<string, unknown>): Compared {
  const of = (prefix: string): Amounts => ({
    nanousd: Number(row[`${prefix}_nanousd`] ?? 0),
    tokens: Number(row[`${prefix}_tokens`] ?? 0),
    requests: Number(row[`${prefix}_requests`] ?? 0),
  })
  const counted = row.counted === null ? undefined : of('spent')
  const subject = String(row.counted ?? row.subject)
  return { subject, counted, sure: of('sure'), possible: of('possible') }
}
