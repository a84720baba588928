import type { UsageReport } from '@plinth/sdk'

/** How far back the usage page looks, and in which steps. */
export const periods = {
  '24h': { label: '24 hours', hours: 24, step: 'hour' },
  '7d': { label: '7 days', hours: 168, step: 'hour' },
  '30d': { label: '30 days', hours: 720, step: 'day' },
  '90d': { label: '90 days', hours: 2_160, step: 'day' },
} as const

export type Period = keyof typeof periods
export const periodNames = Object.keys(periods) as Period[]

const stepMs = { hour: 3_600_000, day: 86_400_000 }

/** The first moment of a period that ends now, at the beginning of a step: no step is cut. */
export function beginOf(period: Period, now: number): string {
  const { hours, step } = periods[period]
  const length = stepMs[step]
  const first = Math.floor(now / length) * length - hours * stepMs.hour + length
  return new Date(first).toISOString()
}

export type Sums = UsageReport['total']

export interface Step {
  /** Seconds since 1970. */
  at: number
  sums: Sums | undefined
}

/** Sums through time without a gap: a step in which nobody called stands there, too. */
export function stepsOf({ by, from, to, groups }: UsageReport): Step[] {
  const length = stepMs[by[0] === 'hour' ? 'hour' : 'day']
  const known = new Map(groups.map((group) => [Date.parse(group.keys[0]?.value ?? ''), group]))
  const steps: Step[] = []
  const begin = Math.floor(Date.parse(from) / length) * length
  for (let at = begin; at < Date.parse(to); at += length) {
    steps.push({ at: at / 1_000, sums: known.get(at) })
  }
  return steps
}
