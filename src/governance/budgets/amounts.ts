import type { ResourceSpec } from '#kernel'

/** What is counted: billionths of a US dollar, tokens of input and output together, calls. */
export interface Amounts {
  nanousd: number
  tokens: number
  requests: number
}

export const dimensions = ['nanousd', 'tokens', 'requests'] as const

export const nothing = (): Amounts => ({ nanousd: 0, tokens: 0, requests: 0 })

/** Limits as amounts; a dimension without a limit is infinite. */
export function limitsOf(limits: ResourceSpec<'Budget'>['limits']): Amounts {
  return {
    nanousd: limits.usd === undefined ? Number.POSITIVE_INFINITY : Math.round(limits.usd * 1e9),
    tokens: limits.tokens ?? Number.POSITIVE_INFINITY,
    requests: limits.requests ?? Number.POSITIVE_INFINITY,
  }
}
