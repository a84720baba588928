import type { ResourceSpec } from '#kernel'

export type BudgetWindowKind = ResourceSpec<'Budget'>['window']

const lengths = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const

/** Where the calendar window (UTC) around a moment begins and ends, in milliseconds since 1970. */
export function windowAround(kind: BudgetWindowKind, at: number): { start: number; end: number } {
  if (kind === 'month') {
    const day = new Date(at)
    const [year, month] = [day.getUTCFullYear(), day.getUTCMonth()]
    return { start: Date.UTC(year, month, 1), end: Date.UTC(year, month + 1, 1) }
  }
  const length = lengths[kind]
  const start = Math.floor(at / length) * length
  return { start, end: start + length }
}
