import type { Check, DoctorDeps } from '../check.ts'
import { Findings } from '../findings.ts'

const ended = ['succeeded', 'failed', 'cancelled'] as const
const live = ['queued', 'running', 'waiting'] as const
const page = 1_000

/** Jobs are in states that the engine can bring about, and nothing waits for what has ended. */
export async function checkJobStates(deps: DoctorDeps, organizationId: string): Promise<Check[]> {
  const damage = new Findings(
    'jobs',
    'Cancel them and start the work again: plinth jobs cancel ID.',
  )
  for (let after = ''; ; ) {
    const rows = await deps.store.read(organizationId, (db) =>
      db
        .selectFrom('job as j')
        .leftJoin('job as p', 'p.id', 'j.parent_id')
        .select(['j.id', 'j.state', 'j.lease_owner', 'j.lease_until', 'j.finished_at', 'j.attempt'])
        .select(['p.state as parent_state'])
        .where('j.id', '>', after)
        .orderBy('j.id')
        .limit(page)
        .execute(),
    )
    for (const row of rows) {
      damage.looked++
      const wrong = wrongWith(row)
      if (wrong) damage.add(`${row.id} ${wrong}`)
    }
    if (rows.length < page) break
    after = rows.at(-1)?.id ?? after
  }
  for (const id of await waitingForNothing(deps, organizationId)) {
    damage.add(`${id} waits, and none of its parts is live`)
  }
  return [damage.check('jobs in legal states')]
}

interface JobRow {
  state: string
  lease_owner: string | null
  lease_until: Date | null
  finished_at: Date | null
  attempt: number
  parent_state: string | null
}

function wrongWith(row: JobRow): string | undefined {
  const over = (ended as readonly string[]).includes(row.state)
  if (row.state === 'running' && (row.lease_owner === null || row.lease_until === null)) {
    return 'runs without a lease'
  }
  if (row.state === 'running' && row.attempt < 1) return 'runs without an attempt'
  if (row.state !== 'running' && row.lease_owner !== null) return `is ${row.state} under a lease`
  if (over && row.finished_at === null) return `is ${row.state} without a time of its end`
  if (!over && row.finished_at !== null) return `is ${row.state} after its end`
  const parentOver = row.parent_state === 'succeeded'
  if (!over && parentOver) return `is ${row.state}, but what it belongs to has succeeded`
  return undefined
}

async function waitingForNothing({ store }: DoctorDeps, organizationId: string): Promise<string[]> {
  const rows = await store.within(organizationId, (tx) =>
    tx
      .selectFrom('job as j')
      .select('j.id')
      .where('j.state', '=', 'waiting')
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('job as c')
              .select('c.id')
              .whereRef('c.parent_id', '=', 'j.id')
              .where('c.state', 'in', [...live]),
          ),
        ),
      )
      .limit(1_000)
      .execute(),
  )
  return rows.map((row) => row.id)
}
