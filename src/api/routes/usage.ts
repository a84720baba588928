import type { z } from 'zod'
import { actorNames } from '#governance'
import { limits, PlinthError } from '#kernel'
import { sumUsage, type UsageDimension, type UsageGroup, type UsageSums } from '#ops'
import { usageQuery, usageReport } from '../contract/usage.ts'
import { csvText } from '../http/csv.ts'
import { replied, route } from '../http/route.ts'
import { callFilterOf, ownOf, usdOf } from './calls.ts'

const dayMs = 86_400_000
const usualDays = 30

export const usageRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/usage',
    permission: 'models.use',
    orElse: { inProject: true, permissions: ['traces.read'] },
    summary: 'Sums of calls, tokens, cost, errors and latency; with `Accept: text/csv` as CSV',
    tag: 'Usage',
    query: usageQuery,
    response: usageReport,
    produces: 'text/csv',
    async handler({ context, query, request, reply }, house) {
      const range = rangeOf(query, house.clock.now())
      const by = (query.by?.split(',') ?? []) as UsageDimension[]
      checkRange(by, range)
      const filter = { ...callFilterOf(query, context), ...range }
      const { total, groups } = await house.store.read(context.organizationId, async (tx) => {
        const limit = limits.usageGroups + 1
        const usage = await sumUsage(tx, filter, { by, limit })
        const groups = await namesOf(usage.groups, (ids) => actorNames(tx, ids, context))
        return { total: usage.total, groups }
      })
      const report = {
        from: range.from.toISOString(),
        to: range.to.toISOString(),
        by,
        total: sumsOf(total),
        groups: inOrder(by, groups.slice(0, limits.usageGroups)),
        truncated: groups.length > limits.usageGroups,
        own: ownOf(context) !== undefined,
      }
      if (!wantsCsv(request.headers.accept)) return report
      await reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${fileName(by, report)}"`)
        .send(csvOf(report))
      return replied
    },
  }),
]

type Report = z.input<typeof usageReport>
type Group = Report['groups'][number]

function wantsCsv(accept: string | undefined): boolean {
  return accept?.split(',').some((one) => one.trim().startsWith('text/csv')) === true
}

function rangeOf(
  { from, to }: { from?: string | undefined; to?: string | undefined },
  now: Date,
): { from: Date; to: Date } {
  const end = to === undefined ? now : new Date(to)
  const start = from === undefined ? new Date(end.getTime() - usualDays * dayMs) : new Date(from)
  return { from: start, to: end }
}

/** @throws INVALID_INPUT for a range that is none, or in more steps than anybody can look at. */
function checkRange(by: readonly UsageDimension[], { from, to }: { from: Date; to: Date }): void {
  const days = (to.getTime() - from.getTime()) / dayMs
  const most = by.includes('hour') ? limits.usageHourDays : limits.usageDays
  if (days > 0 && days <= most) return
  throw new PlinthError('INVALID_INPUT', {
    detail:
      days > 0
        ? `From ${from.toISOString()} to ${to.toISOString()} are more than ${most} days.`
        : `${from.toISOString()} is not before ${to.toISOString()}.`,
    where: 'query/from',
    remedy:
      days > 0 && by.includes('hour') ? 'Sum by day, or ask for less.' : 'Ask for another range.',
  })
}

function sumsOf({ costNanousd, savedNanousd, ...sums }: UsageSums) {
  const unknown = sums.unpricedCalls > 0 && costNanousd === 0
  return { ...sums, costUsd: unknown ? null : usdOf(costNanousd), savedUsd: usdOf(savedNanousd) }
}

/** Groups with what users and keys in them are called. */
async function namesOf(
  groups: readonly UsageGroup[],
  look: (ids: string[]) => Promise<(id: string) => string>,
): Promise<Group[]> {
  const ids = groups.flatMap(({ keys }) => [keys.user, keys.key]).filter((id) => id != null)
  const name = ids.length > 0 ? await look(ids) : String
  return groups.map(({ keys, ...sums }) => ({
    ...sumsOf(sums),
    keys: Object.entries(keys).map(([dimension, value]) => {
      const actor = (dimension === 'user' || dimension === 'key') && value !== null
      return { value, name: actor ? name(value) : null }
    }),
  }))
}

/** Through time where time is in it, then as they came: those with the most calls first. */
function inOrder(by: readonly UsageDimension[], groups: Group[]): Group[] {
  const at = by.findIndex((one) => one === 'day' || one === 'hour')
  if (at < 0) return groups
  const timeOf = ({ keys }: Group) => keys[at]?.value ?? ''
  return groups.sort((a, b) => (timeOf(a) < timeOf(b) ? -1 : timeOf(a) > timeOf(b) ? 1 : 0))
}

function fileName(by: readonly string[], { from, to }: Report): string {
  return ['usage', ...by, from.slice(0, 10), to.slice(0, 10)].join('-').concat('.csv')
}

const figures: Record<string, (sums: Omit<Group, 'keys'>) => number | null> = {
  calls: (s) => s.calls,
  answered: (s) => s.answered,
  inputTokens: (s) => s.inputTokens,
  cachedTokens: (s) => s.cachedTokens,
  outputTokens: (s) => s.outputTokens,
  reasoningTokens: (s) => s.reasoningTokens,
  estimatedCalls: (s) => s.estimatedCalls,
  costUsd: (s) => s.costUsd,
  unpricedCalls: (s) => s.unpricedCalls,
  cacheHits: (s) => s.cacheHits,
  savedUsd: (s) => s.savedUsd,
  savedTokens: (s) => s.savedTokens,
  errorsCaller: (s) => s.errors.caller,
  errorsPolicy: (s) => s.errors.policy,
  errorsProvider: (s) => s.errors.provider,
  errorsPlinth: (s) => s.errors.plinth,
  firstTokenP50Ms: (s) => s.firstTokenMs?.p50 ?? null,
  firstTokenP95Ms: (s) => s.firstTokenMs?.p95 ?? null,
  totalP50Ms: (s) => s.totalMs?.p50 ?? null,
  totalP95Ms: (s) => s.totalMs?.p95 ?? null,
}

/** One line for each group, or one with the sum of all; what is not known is left empty. */
function csvOf({ by, groups, total }: Report): string {
  const named = (one: string) => one === 'user' || one === 'key'
  const head = by.flatMap((one) => (named(one) ? [one, `${one}Name`] : [one]))
  const rows = by.length === 0 ? [{ ...total, keys: [] }] : groups
  return csvText([
    [...head, ...Object.keys(figures)],
    ...rows.map((row) => [
      ...row.keys.flatMap(({ value, name }, i) => (named(by[i] ?? '') ? [value, name] : [value])),
      ...Object.values(figures).map((figure) => figure(row)),
    ]),
  ])
}
