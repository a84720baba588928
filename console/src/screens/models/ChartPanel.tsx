import { Download, Table2 } from 'lucide-react'
import { lazy, type ReactNode, Suspense, useMemo, useState } from 'react'
import { IconButton } from '../../components/Button.tsx'
import { patiently } from '../../data/reach.ts'

const Plot = lazy(() => patiently(() => import('./Plot.tsx')))

export interface Line {
  label: string
  /** Name of a colour of the theme. */
  tone: 'accent' | 'good' | 'warning' | 'blocked' | 'ink-3'
  dashed?: boolean
  /** Null: there is no data. */
  values: (number | null)[]
}

const swatches: Record<Line['tone'], string> = {
  accent: 'bg-accent',
  good: 'bg-good',
  warning: 'bg-warning',
  blocked: 'bg-blocked',
  'ink-3': 'bg-ink-3',
}

interface ChartPanelProps {
  title: string
  /** What a number is, for the table and the axis. */
  unit: string
  /** Seconds since 1970, and how long a step is. */
  times: number[]
  step: 'hour' | 'day'
  lines: Line[]
  kind: 'bars' | 'lines'
  /** Short, for the axis; whole, for what is pointed at and the table. */
  axis: (value: number) => string
  format: (value: number) => string
  note?: ReactNode
  onSave: () => void
}

/** A chart through time with its numbers: pointed at, as a table, and as a file. */
export function ChartPanel(props: ChartPanelProps) {
  const { title, unit, times, step, lines, kind, axis, note, onSave } = props
  const [asTable, setAsTable] = useState(false)
  const [pointed, setPointed] = useState<number | null>(null)
  const empty = lines.every(({ values }) => values.every((value) => !value))
  return (
    <section aria-label={title} className="min-w-0 rounded-lg border border-line bg-surface">
      <div className="flex h-11 items-center gap-2 pr-1.5 pl-3">
        <h2 className="font-semibold">{title}</h2>
        <span className="min-w-0 flex-1 truncate text-small text-ink-3">{note ?? unit}</span>
        <IconButton
          label={asTable ? 'Show the chart' : 'Show as a table'}
          pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          <Table2 aria-hidden />
        </IconButton>
        <IconButton label={`Save ${title.toLowerCase()} as CSV`} onClick={onSave}>
          <Download aria-hidden />
        </IconButton>
      </div>
      {asTable ? (
        <StepTable {...props} />
      ) : (
        <>
          <Legend {...props} pointed={pointed} />
          <div className="px-2 pb-1.5">
            {empty ? (
              <p className="grid h-42 place-items-center text-ink-3">No data in this time</p>
            ) : (
              <Suspense fallback={<div className="h-42" />}>
                <Plot times={times} lines={lines} kind={kind} format={axis} onPoint={setPointed} />
              </Suspense>
            )}
          </div>
          <p className="sr-only">
            {`${lines.map(({ label }) => label).join(', ')} by ${step}, as a chart. The table beside the title shows its numbers.`}
          </p>
        </>
      )}
    </section>
  )
}

/** What the colours mean; with a step pointed at, its numbers. */
function Legend({
  lines,
  times,
  step,
  format,
  pointed,
}: ChartPanelProps & { pointed: number | null }) {
  const at = pointed === null ? undefined : times[pointed]
  return (
    <div className="flex min-h-5 flex-wrap items-center gap-x-3 px-3 text-small whitespace-nowrap text-ink-2">
      {lines.map(({ label, tone, dashed, values }) => (
        <span key={label} className="inline-flex items-center gap-1.5">
          <span aria-hidden className="flex w-3 gap-0.5">
            <span className={`h-0.75 flex-1 ${swatches[tone]}`} />
            {dashed ? <span className={`h-0.75 flex-1 ${swatches[tone]}`} /> : null}
          </span>
          {label}
          {pointed === null ? null : (
            <span className="text-ink tabular-nums">{textOf(values[pointed], format)}</span>
          )}
        </span>
      ))}
      {at === undefined ? null : (
        <span className="ml-auto text-ink-3 max-sm:hidden">{stepText(at, step)}</span>
      )}
    </div>
  )
}

function StepTable({ title, times, step, lines, format }: ChartPanelProps) {
  const rows = useMemo(() => times.map((at, i) => ({ at, i })).reverse(), [times])
  return (
    <section
      aria-label={`${title}, table`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also by keyboard
      tabIndex={0}
      className="h-50 overflow-auto border-t border-line"
    >
      <table className="w-full text-small tabular-nums">
        <thead className="sticky top-0 bg-surface text-ink-3">
          <tr>
            <th scope="col" className="px-3 py-1 text-left font-normal">
              Time (UTC)
            </th>
            {lines.map(({ label }) => (
              <th key={label} scope="col" className="px-3 py-1 text-right font-normal">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ at, i }) => (
            <tr key={at} className="border-t border-line">
              <th scope="row" className="px-3 py-1 text-left font-normal whitespace-nowrap">
                {stepText(at, step)}
              </th>
              {lines.map(({ label, values }) => (
                <td key={label} className="px-3 py-1 text-right">
                  {textOf(values[i], format)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}

function textOf(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? 'no data' : format(value)
}

const isoOf = (seconds: number) => new Date(seconds * 1_000).toISOString()

function stepText(seconds: number, step: 'hour' | 'day'): string {
  const iso = isoOf(seconds)
  return step === 'day' ? iso.slice(0, 10) : `${iso.slice(0, 10)} ${iso.slice(11, 16)}`
}
