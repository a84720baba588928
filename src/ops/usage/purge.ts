import { type AuditEventInput, systemActor } from '#governance'
import type { Store, Tx } from '#store'

export interface PurgeDeps {
  store: Store
  appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<unknown>
}

const stepRows = 5_000
/** Steps of one run and organization; what is left waits for the next one. */
const maxSteps = 2_000
const dayMs = 86_400_000
/** The longest window of a budget. */
const windowMs = 31 * dayMs
/** This window and the one before: a budget by the minute counts half a million windows a year for each key. */
const countersKeptMs = 2 * windowMs

/**
 * Deletes calls that ended before the day of `before` (UTC), and the counts of budget windows that were over by then,
 * in steps that are each a transaction of their own. The first one of an organization leaves an audit event.
 */
export async function purgeCalls(deps: PurgeDeps, before: Date): Promise<number> {
  const day = new Date(Math.floor(before.getTime() / dayMs) * dayMs)
  const organizations = await deps.store.system((tx) =>
    tx.selectFrom('organization').select('organization_id').execute(),
  )
  let gone = 0
  for (const { organization_id } of organizations) {
    gone += await purgeOf(deps, organization_id, day)
  }
  return gone
}

async function purgeOf(
  { store, appendAudit }: PurgeDeps,
  organizationId: string,
  before: Date,
): Promise<number> {
  let gone = 0
  for (let step = 0; step < maxSteps; step++) {
    const calls = await store.within(organizationId, async (tx) => {
      const old = await oldCalls(tx, before)
      if (old.length === 0) return 0
      if (step === 0) await appendAudit(tx, [expiredEvent(before)])
      await tx.deleteFrom('model_call').where('id', 'in', old).execute()
      return old.length
    })
    gone += calls
    if (calls < stepRows) break
  }
  const over = new Date(Math.max(before.getTime() - windowMs, Date.now() - countersKeptMs))
  for (let step = 0; step < maxSteps; step++) {
    if ((await store.within(organizationId, (tx) => deleteCounters(tx, over))) < stepRows) break
  }
  return gone
}

async function oldCalls(tx: Tx, before: Date): Promise<string[]> {
  const rows = await tx
    .selectFrom('model_call')
    .select('id')
    .where('at', '<', before)
    .orderBy('at')
    .limit(stepRows)
    .execute()
  return rows.map(({ id }) => id)
}

async function deleteCounters(tx: Tx, startedBefore: Date): Promise<number> {
  const result = await tx
    .deleteFrom('budget_counter')
    .where((eb) =>
      eb(
        eb.refTuple('budget', 'subject', 'window_start'),
        'in',
        eb
          .selectFrom('budget_counter')
          .select(['budget', 'subject', 'window_start'])
          .where('window_start', '<', startedBefore)
          .limit(stepRows)
          .$asTuple('budget', 'subject', 'window_start'),
      ),
    )
    .executeTakeFirst()
  return Number(result.numDeletedRows)
}

function expiredEvent(before: Date): AuditEventInput {
  return {
    kind: 'calls.expired',
    actor: systemActor,
    outcome: 'intended',
    details: { before: before.toISOString() },
  }
}
