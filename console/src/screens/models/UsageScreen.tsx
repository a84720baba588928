import type { UsageQuery, UsageReport } from '@plinth/sdk'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { ChartColumn, Download } from 'lucide-react'
import type { ReactNode } from 'react'
import { Button } from '../../components/Button.tsx'
import { Toolbar } from '../../components/Page.tsx'
import { Segments } from '../../components/Segments.tsx'
import { EmptyState, Figure } from '../../components/States.tsx'
import { toast } from '../../components/Toast.tsx'
import { plinth, problemOf } from '../../data/client.ts'
import { saveFile } from '../../data/files.ts'
import { costText, count, durationText } from '../../data/format.ts'
import { queries } from '../../data/queries.ts'
import { Loaded } from '../../frame/Screens.tsx'
import { Chips } from './Chips.tsx'
import { errorsOf, faults, moneyText, unpricedNote } from './figures.ts'
import { Groups } from './Groups.tsx'
import { ModelsFrame } from './ModelsFrame.tsx'
import { beginOf, type Period, periodNames, periods } from './periods.ts'
import { UsageCharts } from './UsageCharts.tsx'

const route = getRouteApi('/app/models/usage')

export function UsageScreen() {
  return (
    <ModelsFrame tab="/models/usage">
      <Usage />
    </ModelsFrame>
  )
}

function Usage() {
  const { period = '30d', by = 'model', ...filter } = route.useSearch()
  const navigate = route.useNavigate()
  const { step } = periods[period]
  const begin = () => beginOf(period, Date.now())
  const time = useQuery({
    ...queries.usage(period, begin, { ...filter, by: step }),
    placeholderData: keepPreviousData,
  })
  const groups = useQuery({
    ...queries.usage(period, begin, { ...filter, by }),
    placeholderData: keepPreviousData,
  })
  const save = (query: UsageQuery) => void saveCsv(period, { ...filter, ...query })
  const named = groups.data?.groups ?? []
  return (
    <>
      <Toolbar>
        <Segments
          label="Period"
          value={period}
          onChange={(value) =>
            void navigate({ search: (old) => ({ ...old, period: value as Period }), replace: true })
          }
          choices={periodNames.map((value) => ({ value, label: periods[value].label }))}
        />
        <Chips
          filter={filter}
          nameOf={(dimension, value) =>
            dimension === by
              ? (named.find(({ keys }) => keys[0]?.value === value)?.keys[0]?.name ?? undefined)
              : undefined
          }
          onRemove={(name) =>
            void navigate({ search: (old) => ({ ...old, [name]: undefined }), replace: true })
          }
        />
        <span role="status" className="ml-auto text-small text-ink-3">
          {time.data?.own ? 'Your own calls' : ''}
        </span>
      </Toolbar>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Loaded query={time} lines={10}>
          {(report) =>
            report.total.calls === 0 && Object.keys(filter).length === 0 ? (
              <NoCalls />
            ) : (
              <div className="grid gap-6 p-4">
                <Totals report={report} filter={filter} />
                <UsageCharts report={report} onSave={() => save({ by: step })} />
                <Loaded query={groups} lines={4}>
                  {(sums) => (
                    <Groups
                      by={by}
                      report={sums}
                      filter={filter}
                      actions={
                        <Button icon={<Download aria-hidden />} onClick={() => save({ by })}>
                          CSV
                        </Button>
                      }
                    />
                  )}
                </Loaded>
              </div>
            )
          }
        </Loaded>
      </div>
    </>
  )
}

async function saveCsv(period: Period, query: UsageQuery): Promise<void> {
  try {
    const from = beginOf(period, Date.now())
    saveFile(`usage-${query.by}-${period}.csv`, await plinth.usage.csv({ ...query, from }))
  } catch (cause) {
    toast({ tone: 'blocked', title: problemOf(cause).detail })
  }
}

interface TotalsProps {
  report: UsageReport
  filter: Record<string, unknown>
}

/** The sums; each number leads to the calls that it was computed from. */
function Totals({ report, filter }: TotalsProps) {
  const { total, from, to } = report
  const errors = errorsOf(total)
  const calls = (more: Record<string, unknown>, text: ReactNode) => (
    <Link
      to="/models/calls"
      search={{ ...filter, from, to, ...more }}
      className="rounded text-accent hover:underline"
    >
      {text}
    </Link>
  )
  const unpriced = unpricedNote(total)
  return (
    <dl className="grid grid-cols-2 gap-x-4 gap-y-4 md:grid-cols-3 xl:grid-cols-6">
      <Figure
        label="Cost"
        value={moneyText(total)}
        note={unpriced && calls({ unpriced: true }, unpriced)}
      />
      <Figure
        label="Calls"
        value={calls({}, count(total.calls))}
        note={calls({ outcome: 'answered' }, `${count(total.answered)} answered`)}
      />
      <Figure
        label="Tokens in and out"
        value={`${count(total.inputTokens)} + ${count(total.outputTokens)}`}
        note={
          total.estimatedCalls > 0
            ? `${count(total.estimatedCalls)} calls estimated`
            : total.cachedTokens > 0
              ? `${count(total.cachedTokens)} of the input cached`
              : undefined
        }
      />
      <Figure
        label="Given from the cache"
        value={count(total.cacheHits)}
        note={
          total.cacheHits > 0
            ? `saved ${costText(total.savedUsd)}, ${count(total.savedTokens)} tokens`
            : undefined
        }
      />
      <Figure
        label="Errors, by whose fault"
        value={count(errors)}
        note={
          errors === 0 ? undefined : (
            <span className="flex flex-wrap gap-x-2">
              {faults
                .filter((whose) => total.errors[whose] > 0)
                .map((whose) => (
                  <span key={whose}>
                    {calls({ fault: whose }, `${whose} ${count(total.errors[whose])}`)}
                  </span>
                ))}
            </span>
          )
        }
      />
      <Spread label="First token, p50 and p95" spread={total.firstTokenMs} what="streams" />
      <Spread label="Whole call, p50 and p95" spread={total.totalMs} what="calls" />
    </dl>
  )
}

interface SpreadProps {
  label: string
  spread: UsageReport['total']['totalMs']
  what: string
}

function Spread({ label, spread, what }: SpreadProps) {
  return (
    <Figure
      label={label}
      value={spread && `${durationText(spread.p50)} · ${durationText(spread.p95)}`}
      note={spread ? `of ${count(spread.calls)} answered ${what}` : `no answered ${what}`}
    />
  )
}

function NoCalls() {
  return (
    <EmptyState icon={<ChartColumn aria-hidden />} title="No application has called a model yet">
      Point the OpenAI client of an application at <code>{`${location.origin}/v1`}</code> and give
      it an API key of this server. Each call then counts here: its tokens, its cost, how long it
      took, and whose fault it was where it failed.
    </EmptyState>
  )
}
