import type {
  BudgetAmount,
  BudgetStatus,
  CallQuery,
  ModelCall,
  ModelCallDetail,
  UsageGroup,
  UsageReport,
  UsageSums,
} from '@plinth/sdk'
import type { Command } from 'commander'
import type { ExitName } from '../exits.ts'
import { counted, time } from '../text.ts'
import { type Verb, type VerbCall, withLimit } from '../verb.ts'
import { momentOf } from './prices.ts'

export const usageVerbs: Verb[] = [
  {
    name: 'usage',
    summary: 'Sum calls of models: tokens, cost, errors, latency',
    needs: ['models.use'],
    define: (command) =>
      filtered(command)
        .option(
          '--by <what>',
          'one or two of day, hour, model, provider, user, key, project, useCase, outcome, with a comma between',
          'model',
        )
        .option('--csv', 'print CSV'),
    run: sums,
  },
  {
    name: 'calls',
    summary: 'List calls of models, newest first; with an id, one call with its attempts',
    needs: ['models.use'],
    define: (command) => withLimit(filtered(command.argument('[id]'))),
    run: calls,
  },
  {
    name: 'budgets',
    summary: 'Show what is spent of each budget in its current window',
    needs: ['models.use'],
    define: withLimit,
    run: budgets,
  },
]

const filters = {
  from: ['<time>', 'not before, a date or time in ISO 8601'],
  to: ['<time>', 'before'],
  model: ['<name>', 'answered by this Model'],
  provider: ['<name>', 'answered by this Provider'],
  user: ['<id>', 'of this user'],
  key: ['<id>', 'with this key'],
  project: ['<name>', 'of this project'],
  'use-case': ['<name>', 'for this use case'],
  outcome: ['<outcome>', 'answered, failed, cut, cancelled or refused'],
  fault: ['<whose>', 'caller, policy, provider or plinth'],
  door: ['<name>', 'through this API, for example openai.chat'],
} as const

function filtered(command: Command): Command {
  for (const [name, [value, text]] of Object.entries(filters)) {
    command.option(`--${name} ${value}`, text)
  }
  return command.option('--unpriced', 'whose price is not known')
}

function filterOf(call: VerbCall): CallQuery {
  const names = [
    'model',
    'provider',
    'user',
    'key',
    'project',
    'useCase',
    'outcome',
    'fault',
    'door',
  ]
  return {
    ...Object.fromEntries(names.map((name) => [name, call.option(name)])),
    from: momentOf(call.option('from')),
    to: momentOf(call.option('to')),
    ...(call.option<boolean>('unpriced') ? { unpriced: true } : {}),
  }
}

async function sums(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const query = { ...filterOf(call), by: call.option('by') }
  if (call.option<boolean>('csv')) {
    await call.io.out(await client.usage.csv(query))
    return 'ok'
  }
  const report = await client.usage.sums(query)
  await call.data(report)
  if (call.json) return 'ok'
  const keys = Object.fromEntries(
    report.by.map((one, i) => [one, ({ keys }: UsageGroup) => keyText(keys[i])]),
  )
  await call.rows(report.groups, { ...keys, ...figures }, 'No calls in this time.')
  await call.say(totalText(report))
  if (report.truncated) call.note('There are more groups: narrow the time, or filter.')
  return 'ok'
}

const figures: Record<string, (sums: Omit<UsageGroup, 'keys'>) => string> = {
  calls: (s) => String(s.calls),
  'tokens in': (s) => String(s.inputTokens),
  out: (s) => String(s.outputTokens),
  cost: costText,
  errors: errorText,
  'first token p50/p95': ({ firstTokenMs: p }) => spreadText(p),
  'total p50/p95': ({ totalMs: p }) => spreadText(p),
}

function keyText(key: UsageGroup['keys'][number] | undefined): string {
  return key?.name ?? key?.value ?? '(none)'
}

const dollars = (usd: number) => (usd === 0 ? '$0' : `$${usd.toFixed(usd < 0.01 ? 6 : 2)}`)

function costText({
  costUsd,
  unpricedCalls,
}: Pick<UsageSums, 'costUsd' | 'unpricedCalls'>): string {
  if (costUsd === null) return 'unknown'
  return unpricedCalls > 0 ? `${dollars(costUsd)} + ${unpricedCalls} unpriced` : dollars(costUsd)
}

function errorText({ errors }: Pick<UsageSums, 'errors'>): string {
  const some = Object.entries(errors).filter(([, n]) => n > 0)
  return some.map(([whose, n]) => `${whose} ${n}`).join(', ')
}

function spreadText(spread: UsageSums['totalMs']): string {
  return spread ? `${Math.round(spread.p50)}/${Math.round(spread.p95)} ms` : 'no data'
}

function totalText({ total, from, to, own }: UsageReport): string {
  const whose = own ? ' of your own' : ''
  const tokens = `${total.inputTokens} tokens in, ${total.outputTokens} out`
  return `${counted(total.calls, 'call')}${whose}, ${tokens}, ${costText(total)}, from ${time(from)} to ${time(to)}`
}

async function calls(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const id = call.arg(0)
  if (id !== undefined) return show(call, await client.usage.call(id))
  const filter = filterOf(call)
  const items = await call.pages((paging) => client.usage.calls({ ...filter, ...paging }))
  await call.rows(
    items,
    {
      at: (one) => time(one.at),
      id: (one) => one.id,
      by: (one) => one.keyName ?? one.userName,
      asked: (one) => one.asked,
      model: (one) => one.model ?? '',
      outcome: outcomeText,
      tokens: (one) => `${one.inputTokens} + ${one.outputTokens}`,
      cost: callCost,
      took: (one) => `${Math.round(one.totalMs)} ms`,
    },
    'No calls.',
  )
  return 'ok'
}

function outcomeText({ outcome, fault }: ModelCall): string {
  return fault ? `${outcome} (${fault})` : outcome
}

function callCost({ costUsd, unpriced }: ModelCall): string {
  if (costUsd !== null) return dollars(costUsd)
  return unpriced ? 'unknown' : ''
}

async function show(call: VerbCall, one: ModelCallDetail): Promise<ExitName> {
  await call.data(one)
  const lines = [
    `${one.id}  ${outcomeText(one)}${one.errorCode ? `  ${one.errorCode}` : ''}`,
    one.reason ?? '',
    `at      ${one.at}, through ${one.door}${one.streamed ? ', streamed' : ''}`,
    `by      ${one.keyName ?? one.userName}, project ${one.project}${one.useCase ? `, use case ${one.useCase}` : ''}`,
    `model   asked ${one.asked}, answered ${one.model ?? '(none)'}${one.provider ? ` of ${one.provider} (${one.upstreamModel})` : ''}`,
    `tokens  ${one.inputTokens} in (${one.cachedTokens} cached), ${one.outputTokens} out (${one.reasoningTokens} reasoning)${one.estimated ? ', estimated' : ''}`,
    `cost    ${callCost(one) || 'nothing answered'}`,
    `took    ${Math.round(one.totalMs)} ms${one.firstTokenMs === null ? '' : `, first token after ${Math.round(one.firstTokenMs)} ms`}`,
    ...one.tries.map(
      (t, i) =>
        `try ${i + 1}   ${t.model} of ${t.provider}, ${Math.round(t.ms)} ms${t.code ? `: ${t.code} ${t.detail ?? ''}` : ''}`,
    ),
    ...one.choices.map(({ model, reason }) => `choice  ${model}: ${reason}`),
    ...one.skipped.map(({ model, reason }) => `skipped ${model}: ${reason}`),
  ]
  await call.say(lines.filter(Boolean).join('\n'))
  return 'ok'
}

async function budgets(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const items = await call.pages((paging) => client.usage.budgets(paging))
  if (call.json) {
    for (const item of items) await call.data(item)
    return 'ok'
  }
  const lines = items.flatMap((budget): BudgetLine[] => {
    const counters = budget.counters.flatMap(({ subjectName, amounts }) =>
      amounts.map((amount) => ({ budget, who: subjectName, amount })),
    )
    return counters.length > 0 ? counters : [{ budget, who: 'nobody yet', amount: undefined }]
  })
  await call.rows(lines, budgetColumns, 'No budget: `plinth apply -f` one of kind Budget.')
  for (const { name, more } of items) {
    if (more) call.note(`${name} counts more subjects than are shown.`)
  }
  return 'ok'
}

interface BudgetLine {
  budget: BudgetStatus
  who: string
  amount: BudgetAmount | undefined
}

const budgetColumns: Record<string, (line: BudgetLine) => string> = {
  budget: ({ budget }) => `${budget.name}${budget.enforce === 'soft' ? ' (soft)' : ''}`,
  of: ({ who }) => who,
  window: ({ budget }) => budget.window,
  spent: ({ amount: a }) => (a ? amountText(a, a.spent) : ''),
  limit: ({ amount: a }) => (a ? amountText(a, a.limit) : ''),
  share: ({ amount: a }) => (a ? `${(a.share * 100).toFixed(1)} %` : ''),
  'at its end': ({ amount: a }) => (a?.forecast ? amountText(a, a.forecast.atEnd) : 'no data'),
  'reached at': ({ amount }) => time(amount?.forecast?.reachedAt ?? null),
  ends: ({ budget }) => time(budget.windowEnd),
}

function amountText({ unit }: BudgetAmount, value: number): string {
  return unit === 'usd' ? dollars(value) : `${Math.round(value)} ${unit}`
}
