import type { UsageReport } from '@plinth/sdk'
import { useMemo } from 'react'
import { costText, count, durationText } from '../../data/format.ts'
import { ChartPanel, type Line } from './ChartPanel.tsx'
import { faults, shortNumber, unpricedNote } from './figures.ts'
import { type Sums, stepsOf } from './periods.ts'

interface UsageChartsProps {
  report: UsageReport
  onSave: () => void
}

const errorTones = {
  caller: 'ink-3',
  policy: 'warning',
  provider: 'blocked',
  plinth: 'accent',
} as const

/** Cost, tokens, latency and errors through time. */
export function UsageCharts({ report, onSave }: UsageChartsProps) {
  const step = report.by[0] === 'hour' ? 'hour' : 'day'
  const { times, lines } = useMemo(() => seriesOf(report), [report])
  const common = { times, step, onSave } as const
  return (
    <div className="grid gap-4 xl:grid-cols-2">
      <ChartPanel
        {...common}
        title="Cost"
        unit={`US dollars each ${step}`}
        note={unpricedNote(report.total) && `${unpricedNote(report.total)}: not in it`}
        kind="bars"
        lines={lines.cost}
        axis={dollars}
        format={costText}
      />
      <ChartPanel
        {...common}
        title="Tokens"
        unit={`each ${step}`}
        kind="bars"
        lines={lines.tokens}
        axis={shortNumber}
        format={count}
      />
      <ChartPanel
        {...common}
        title="Latency"
        unit="of answered calls"
        kind="lines"
        lines={lines.latency}
        axis={shortTime}
        format={durationText}
      />
      <ChartPanel
        {...common}
        title="Errors"
        unit={`by whose fault, each ${step}`}
        kind="bars"
        lines={lines.errors}
        axis={shortNumber}
        format={count}
      />
    </div>
  )
}

const shortTime = (ms: number) =>
  ms >= 1_000 ? `${Number((ms / 1_000).toPrecision(3))} s` : ms === 0 ? '0' : `${Math.round(ms)} ms`
const dollars = (usd: number) => `$${Number(usd.toPrecision(2))}`

function seriesOf(report: UsageReport) {
  const steps = stepsOf(report)
  const values = (read: (sums: Sums) => number | null, nobody: number | null) =>
    steps.map(({ sums }) => (sums ? read(sums) : nobody))
  const latency: Line[] = [
    { label: 'whole p50', tone: 'accent', values: values((s) => s.totalMs?.p50 ?? null, null) },
    {
      label: 'whole p95',
      tone: 'accent',
      dashed: true,
      values: values((s) => s.totalMs?.p95 ?? null, null),
    },
    {
      label: 'first token p50',
      tone: 'good',
      values: values((s) => s.firstTokenMs?.p50 ?? null, null),
    },
    {
      label: 'first token p95',
      tone: 'good',
      dashed: true,
      values: values((s) => s.firstTokenMs?.p95 ?? null, null),
    },
  ]
  const cost: Line[] = [{ label: 'cost', tone: 'accent', values: values((s) => s.costUsd, 0) }]
  const tokens: Line[] = [
    { label: 'in', tone: 'accent', values: values((s) => s.inputTokens, 0) },
    { label: 'out', tone: 'good', values: values((s) => s.outputTokens, 0) },
  ]
  const errors: Line[] = faults.map((whose) => ({
    label: whose,
    tone: errorTones[whose],
    values: values((s) => s.errors[whose], 0),
  }))
  return { times: steps.map(({ at }) => at), lines: { latency, cost, tokens, errors } }
}
