import { type ReactNode, useEffect, useState } from 'react'
import { absoluteText, count, sinceText } from '../data/format.ts'

interface EmptyStateProps {
  title: string
  /** What belongs here and why it helps. */
  children?: ReactNode
  /** The one next step. */
  action?: ReactNode
  icon?: ReactNode
}

export function EmptyState({ title, children, action, icon }: EmptyStateProps) {
  return (
    <div className="mx-auto grid max-w-md justify-items-center gap-2 px-4 py-16 text-center">
      {icon ? <div className="text-ink-3 [&_svg]:size-6">{icon}</div> : null}
      <p className="text-title font-semibold">{title}</p>
      {children ? <div className="text-ink-2">{children}</div> : null}
      {action ? <div className="mt-3">{action}</div> : null}
    </div>
  )
}

/** Lines where text will stand. Announced once, as busy. */
export function Skeleton({ lines = 6 }: { lines?: number }) {
  const widths = ['w-3/4', 'w-1/2', 'w-5/6', 'w-2/3']
  return (
    <div role="status" aria-label="Loading" className="grid gap-3 p-4">
      {Array.from({ length: lines }, (_, line) => (
        <div
          // biome-ignore lint/suspicious/noArrayIndexKey: the lines are all alike
          key={line}
          className={`pulse h-4 rounded bg-sunken ${widths[line % widths.length]}`}
        />
      ))}
    </div>
  )
}

const refreshMs = 30_000

/** Relative, absolute with its zone on hover. */
export function RelativeTime({ at }: { at: string | null }) {
  const [, refresh] = useState(0)
  useEffect(() => {
    const timer = setInterval(() => refresh((n) => n + 1), refreshMs)
    return () => clearInterval(timer)
  }, [])
  if (at === null) return <span className="text-ink-3">never</span>
  return (
    <time dateTime={at} title={absoluteText(at)} className="whitespace-nowrap">
      {sinceText(at)}
    </time>
  )
}

interface FigureProps {
  label: string
  /** Null: there is no data, which is not 0. */
  value: ReactNode
  /** Number of observations behind an estimate. */
  n?: number
  note?: ReactNode
  /** Takes a whole line. */
  wide?: boolean
}

/** A number with its name and what it was computed from. */
export function Figure({ label, value, n, note, wide }: FigureProps) {
  return (
    <div className={`grid min-w-0 content-start gap-0.5 ${wide ? 'col-span-full' : ''}`}>
      <dt className="text-small text-ink-3">{label}</dt>
      <dd className="min-w-0 break-words">
        {value === null || value === undefined ? (
          <span className="text-ink-3">no data</span>
        ) : (
          <span className="font-medium">{value}</span>
        )}
        {n !== undefined ? <span className="ml-1 text-small text-ink-3">n={count(n)}</span> : null}
        {note ? <div className="text-small text-ink-3">{note}</div> : null}
      </dd>
    </div>
  )
}

interface ProgressProps {
  label: string
  /** Null: how far is not known. */
  done: number | null
  total: number
  tone?: 'accent' | 'good' | 'blocked'
}

export function Progress({ label, done, total, tone = 'accent' }: ProgressProps) {
  const share = done === null || total === 0 ? 0 : Math.min(1, done / total)
  const tones = { accent: 'bg-accent', good: 'bg-good', blocked: 'bg-blocked' }
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      {...(done === null ? {} : { 'aria-valuenow': Math.round(share * 100) })}
      className="h-1 w-full overflow-hidden rounded-full bg-sunken"
    >
      <div
        className={`h-full rounded-full transition-[width] duration-100 ${tones[tone]}
          ${done === null ? 'pulse w-full' : ''}`}
        style={done === null ? undefined : { width: `${share * 100}%` }}
      />
    </div>
  )
}
