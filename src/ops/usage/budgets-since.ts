import { type BudgetRule, compileBudgets } from '#governance'
import type { ResourceSpec } from '#kernel'
import type { Tx } from '#store'

/** Current budgets, each with when it became what it is: calls of before were not counted by it. */
export async function budgetsSince(tx: Tx): Promise<{ rule: BudgetRule; changedAt: Date }[]> {
  const rows = await tx
    .selectFrom('resource as r')
    .innerJoin('resource_version as v', (on) =>
      on
        .onRef('v.kind', '=', 'r.kind')
        .onRef('v.name', '=', 'r.name')
        .onRef('v.revision', '=', 'r.revision'),
    )
    .select(['r.name', 'v.spec', 'v.created_at'])
    .where('r.kind', '=', 'Budget')
    .where('r.deleted_at', 'is', null)
    .execute()
  return rows.map(({ name, spec, created_at }) => {
    const [rule] = compileBudgets([{ name, spec: spec as ResourceSpec<'Budget'> }])
    return { rule: rule as BudgetRule, changedAt: created_at }
  })
}
