export { type Amounts, dimensions } from './amounts.ts'
export type { LeaseReport } from './leases.ts'
export { type Booked, type BudgetAlert, BudgetLedger, type Reservation } from './ledger.ts'
export {
  type BudgetRule,
  compileBudgets,
  counterAt,
  type Spender,
  subjectOf,
  subjectRules,
} from './rules.ts'
export {
  type BudgetCount,
  type BudgetStanding,
  budgetStandings,
  type Forecast,
  forecastOf,
} from './standing.ts'
export { windowAround } from './windows.ts'
