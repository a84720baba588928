import type { ResourceSpec } from '#kernel'
import { type Amounts, limitsOf } from './amounts.ts'
import { type BudgetWindowKind, windowAround } from './windows.ts'

/** Whom a call is counted for. */
export interface Spender {
  project: string
  useCase?: string
  userId: string
  /** Of the API key; absent for a signed-in person. */
  keyId?: string
  /** Name of the Model or Route resource that was asked for. */
  model: string
}

/** A Budget as calls are checked against it. */
export interface BudgetRule {
  name: string
  per: ResourceSpec<'Budget'>['per']
  only: ReadonlySet<string>
  window: BudgetWindowKind
  limits: Amounts
  hard: boolean
  alerts: readonly number[]
}

/** What one rule counts for one subject in one window. */
export interface CounterKey {
  rule: BudgetRule
  subject: string
  start: number
  end: number
}

/** Budgets of a snapshot as rules, in the order of their names: the order in which counters are locked. */
export function compileBudgets(
  budgets: readonly { name: string; spec: ResourceSpec<'Budget'> }[],
): BudgetRule[] {
  return budgets
    .map(({ name, spec }) => ({
      name,
      per: spec.per,
      only: new Set(spec.only),
      window: spec.window,
      limits: limitsOf(spec.limits),
      hard: spec.enforce === 'hard',
      alerts: [...spec.alerts].sort((a, b) => a - b),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** The subject that a rule counts a call for; undefined where the rule does not concern it. */
export function subjectOf(rule: BudgetRule, spender: Spender): string | undefined {
  const subject = subjects[rule.per](spender)
  if (subject === undefined || (rule.only.size > 0 && !rule.only.has(subject))) return undefined
  return subject
}

const subjects: Record<BudgetRule['per'], (spender: Spender) => string | undefined> = {
  organization: () => '*',
  project: (s) => s.project,
  'use-case': (s) => s.useCase,
  user: (s) => s.userId,
  key: (s) => s.keyId,
  model: (s) => s.model,
}

/** The counter of a rule for a call at a moment. */
export function counterAt(rule: BudgetRule, subject: string, at: number): CounterKey {
  return { rule, subject, ...windowAround(rule.window, at) }
}

/** The rules that concern a call. */
export function subjectRules(rules: readonly BudgetRule[], spender: Spender): BudgetRule[] {
  return rules.filter((rule) => subjectOf(rule, spender) !== undefined)
}
