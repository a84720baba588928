import type { ExpressionBuilder } from 'kysely'
import type { Schema } from '#store'

/** Which calls. A name that is empty stands for calls that have none there: `model: ''`, those no model answered. */
export interface CallFilter {
  from?: Date | undefined
  to?: Date | undefined
  model?: string | undefined
  asked?: string | undefined
  provider?: string | undefined
  user?: string | undefined
  key?: string | undefined
  project?: string | undefined
  useCase?: string | undefined
  outcome?: string | undefined
  fault?: string | undefined
  door?: string | undefined
  /** Calls whose price is not known. */
  unpriced?: boolean | undefined
  /** Only this user's own, for those without the right to see all. */
  ownOf?: string | undefined
}

const named = {
  model: 'model',
  asked: 'asked',
  provider: 'provider',
  user: 'user_id',
  project: 'project',
  useCase: 'use_case',
  outcome: 'outcome',
  fault: 'fault',
  door: 'door',
} as const

/** The filter as a condition on `model_call`. */
export function whereOf(filter: CallFilter) {
  return (eb: ExpressionBuilder<Schema, 'model_call'>) => {
    const all = []
    const { from, to, ownOf, key, unpriced } = filter
    if (from) all.push(eb('at', '>=', from))
    if (to) all.push(eb('at', '<', to))
    if (ownOf !== undefined) all.push(eb('user_id', '=', ownOf))
    if (key === '') all.push(eb('principal_id', '=', eb.ref('user_id')))
    else if (key !== undefined) {
      all.push(eb('principal_id', '=', key), eb('principal_id', '<>', eb.ref('user_id')))
    }
    if (unpriced) all.push(eb('cost_nanousd', 'is', null), eb('model', 'is not', null))
    for (const [name, column] of Object.entries(named) as [keyof typeof named, never][]) {
      const value = filter[name]
      if (value === '') all.push(eb(column, 'is', null))
      else if (value !== undefined) all.push(eb(column, '=', value as never))
    }
    return eb.and(all)
  }
}
