import type { BudgetAmount, BudgetStatus } from '@plinth/sdk'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus, Wallet } from 'lucide-react'
import { Badge } from '../../components/Badge.tsx'
import { buttonClass } from '../../components/Button.tsx'
import { EmptyState } from '../../components/States.tsx'
import { absoluteText, costText, count, sinceText } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { useMay } from '../../data/session.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { ModelsFrame } from './ModelsFrame.tsx'

export function BudgetsScreen() {
  const mayWrite = useMay('resources.write')
  const create = mayWrite ? (
    <Link to="/resources/new" search={{ kind: 'Budget' }} className={buttonClass('primary')}>
      <Plus aria-hidden /> New budget
    </Link>
  ) : null
  return (
    <ModelsFrame tab="/models/budgets" actions={create}>
      <Budgets />
    </ModelsFrame>
  )
}

function Budgets() {
  const budgets = useQuery(queries.budgets())
  return (
    <div className="min-h-0 flex-1 overflow-y-auto">
      <Loaded query={budgets} lines={8}>
        {({ items }) =>
          items.length === 0 ? (
            <NoBudgets />
          ) : (
            <div className="grid gap-4 p-4 xl:grid-cols-2 xl:items-start">
              {items.map((budget) => (
                <BudgetPanel key={budget.name} budget={budget} />
              ))}
            </div>
          )
        }
      </Loaded>
    </div>
  )
}

function NoBudgets() {
  const readsAll = useMay('traces.read')
  return (
    <EmptyState
      icon={<Wallet aria-hidden />}
      title={readsAll ? 'Nothing bounds what models may cost' : 'No budget counts you or your keys'}
    >
      A Budget says what an organization, project, use case, user, key or model may spend in an
      hour, a day or a month. A call reserves what it may cost before it is made; what does not fit
      is refused.
    </EmptyState>
  )
}

const whose: Record<BudgetStatus['per'], string> = {
  organization: 'the organization',
  project: 'each project',
  'use-case': 'each use case',
  user: 'each user',
  key: 'each key',
  model: 'each model',
}

function BudgetPanel({ budget }: { budget: BudgetStatus }) {
  const { name, per, window, enforce, description, counters, windowEnd, more } = budget
  const mayRead = useMay('resources.read')
  return (
    <section
      aria-label={`Budget ${name}`}
      className="grid min-w-0 gap-3 rounded-lg border border-line bg-surface p-4"
    >
      <div className="grid gap-0.5">
        <div className="flex flex-wrap items-center gap-2">
          <h2 className="min-w-0 truncate font-semibold">
            {mayRead ? (
              <Link
                to="/resources/$kind/$name"
                params={{ kind: 'Budget', name }}
                className="rounded hover:underline"
              >
                {name}
              </Link>
            ) : (
              name
            )}
          </h2>
          <Badge tone={enforce === 'hard' ? 'neutral' : 'warning'}>{enforce}</Badge>
          <span className="ml-auto text-small text-ink-3" title={absoluteText(windowEnd)}>
            begins anew {sinceText(windowEnd)}
          </span>
        </div>
        <p className="text-small text-ink-3">
          {`For ${whose[per]}, each ${window}`}
          {description ? `. ${description}` : ''}
        </p>
      </div>
      {counters.length === 0 ? (
        <p className="text-ink-3">Nobody has spent anything of it in this {window}.</p>
      ) : null}
      <ul className="grid gap-3">
        {counters.map(({ subject, subjectName, amounts }) => (
          <li key={subject} className="grid gap-1.5">
            <span className="truncate">{subjectName}</span>
            {amounts.map((amount) => (
              <Meter key={amount.unit} label={`${name}, ${subjectName}`} {...{ amount, budget }} />
            ))}
          </li>
        ))}
      </ul>
      {more ? (
        <p className="text-small text-ink-3">
          The {counters.length} that spent most; the others spent less.
        </p>
      ) : null}
    </section>
  )
}

interface MeterProps {
  label: string
  amount: BudgetAmount
  budget: BudgetStatus
}

/** Spent, held and forecast against the limit. */
function Meter({ label, amount, budget }: MeterProps) {
  const { unit, spent, limit, leased, share, forecast } = amount
  const part = (value: number) => `${Math.min(100, (value / limit) * 100)}%`
  const firstAlert = Math.min(...budget.alerts, 1)
  const tone = share >= 1 ? 'bg-blocked' : share >= firstAlert ? 'bg-warning' : 'bg-accent'
  return (
    <div className="grid gap-1">
      <div
        role="meter"
        aria-label={`${label}: ${unit}`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.min(100, Math.round(share * 100))}
        aria-valuetext={`${textOf(unit, spent)} of ${textOf(unit, limit)}`}
        className="relative h-2 overflow-hidden rounded-full bg-sunken"
      >
        <span
          className="absolute inset-y-0 left-0 bg-accent-soft"
          style={{ width: part(spent + leased) }}
        />
        <span className={`absolute inset-y-0 left-0 ${tone}`} style={{ width: part(spent) }} />
        {forecast && forecast.atEnd < limit ? (
          <span
            className="absolute inset-y-0 w-0.5 bg-ink-2"
            style={{ left: part(forecast.atEnd) }}
          />
        ) : null}
      </div>
      <div className="flex flex-wrap gap-x-3 text-small text-ink-2 tabular-nums">
        <span>
          <span className="font-medium text-ink">{textOf(unit, spent)}</span> of{' '}
          {textOf(unit, limit)} ({(share * 100).toFixed(share < 0.1 ? 1 : 0)} %)
        </span>
        {leased > 0 ? <span className="text-ink-3">{textOf(unit, leased)} held</span> : null}
        <span className="ml-auto">
          <Forecast amount={amount} />
        </span>
      </div>
    </div>
  )
}

function Forecast({ amount: { unit, forecast, limit, spent } }: { amount: BudgetAmount }) {
  if (!forecast) return <span className="text-ink-3">forecast: no data</span>
  if (spent >= limit) return <span className="text-blocked">used up</span>
  const { atEnd, reachedAt } = forecast
  if (reachedAt) {
    return (
      <span className="text-warning" title={absoluteText(reachedAt)}>
        used up {sinceText(reachedAt)}, at this pace
      </span>
    )
  }
  return <span className="text-ink-3">{textOf(unit, atEnd)} at its end, at this pace</span>
}

function textOf(unit: BudgetAmount['unit'], value: number): string {
  if (unit === 'usd') return value >= 1 ? `$${value.toFixed(2)}` : costText(value)
  return `${count(value)} ${unit}`
}
