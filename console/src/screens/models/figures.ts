import { costText, count } from '../../data/format.ts'
import type { Sums } from './periods.ts'

/** A cost of some calls whose price is not known is at least so much; one of no others is unknown. */
export function moneyText({ costUsd, unpricedCalls }: Pick<Sums, 'costUsd' | 'unpricedCalls'>) {
  if (costUsd === null) return 'unknown'
  return unpricedCalls > 0 ? `≥ ${costText(costUsd)}` : costText(costUsd)
}

export function unpricedNote({ unpricedCalls }: Pick<Sums, 'unpricedCalls'>): string | undefined {
  if (unpricedCalls === 0) return undefined
  const calls = unpricedCalls === 1 ? '1 call has' : `${count(unpricedCalls)} calls have`
  return `${calls} no known price`
}

export const faults = ['caller', 'policy', 'provider', 'plinth'] as const

export function errorsOf({ errors }: Pick<Sums, 'errors'>): number {
  return faults.reduce((sum, whose) => sum + errors[whose], 0)
}

/** A number short enough for an axis. */
export function shortNumber(value: number): string {
  const units = ['', 'k', 'M', 'G']
  let unit = 0
  let rest = value
  while (Math.abs(rest) >= 1_000 && unit < units.length - 1) {
    rest /= 1_000
    unit++
  }
  return `${Number(rest.toPrecision(3))}${units[unit]}`
}
