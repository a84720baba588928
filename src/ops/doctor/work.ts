import { sql } from 'kysely'
import { type Check, type DoctorDeps, failed, ok, warning } from './check.ts'

/** Minutes after which a job that nobody works on counts as stuck. */
const stuckMinutes = 10

/** Jobs that should be worked on and are not. */
export async function checkJobs(deps: DoctorDeps): Promise<Check> {
  const name = 'work'
  let live = 0
  let late = 0
  let orphaned = 0
  let failedToday = 0
  for (const organizationId of deps.organizationIds) {
    const rows = await deps.store.read(organizationId, (db) =>
      db
        .selectFrom('job')
        .select((eb) => [
          eb.fn.countAll<number>().filterWhere('state', 'in', live_).as('live'),
          eb.fn
            .countAll<number>()
            .filterWhere('state', '=', 'queued')
            .filterWhere('run_at', '<', ago(stuckMinutes))
            .as('late'),
          eb.fn
            .countAll<number>()
            .filterWhere('state', '=', 'running')
            .filterWhere('lease_until', '<', ago(stuckMinutes))
            .as('orphaned'),
          eb.fn
            .countAll<number>()
            .filterWhere('state', '=', 'failed')
            .filterWhere('finished_at', '>', ago(24 * 60))
            .as('failed'),
        ])
        .executeTakeFirstOrThrow(),
    )
    live += Number(rows.live)
    late += Number(rows.late)
    orphaned += Number(rows.orphaned)
    failedToday += Number(rows.failed)
  }
  if (late + orphaned > 0 && deps.working) {
    const detail = `${late} jobs wait and ${orphaned} lost their worker for over ${stuckMinutes} minutes`
    const remedy =
      'Start a process that works (PLINTH_WORKERS over 0), or cancel them: plinth jobs list.'
    return warning(name, detail, remedy)
  }
  if (failedToday > 0) {
    const remedy = 'See why: plinth jobs list --state failed.'
    return warning(name, `${failedToday} jobs failed in the last day, ${live} are live`, remedy)
  }
  return ok(name, `${live} jobs are live, none is stuck`)
}

const live_ = ['queued', 'running', 'waiting'] as const

const ago = (minutes: number) => sql<Date>`now() - make_interval(mins => ${minutes})`

/** Documents that could not be read. */
export async function checkDocuments(deps: DoctorDeps): Promise<Check> {
  const name = 'documents'
  const counts = new Map<string, number>()
  const failedIn: string[] = []
  for (const organizationId of deps.organizationIds) {
    const rows = await deps.store.read(organizationId, (db) =>
      db
        .selectFrom('document')
        .select(['knowledge_base', 'state', (eb) => eb.fn.countAll<number>().as('n')])
        .where('deleted_at', 'is', null)
        .groupBy(['knowledge_base', 'state'])
        .orderBy('knowledge_base')
        .execute(),
    )
    for (const { knowledge_base, state, n } of rows) {
      counts.set(state, (counts.get(state) ?? 0) + Number(n))
      if (state === 'failed') failedIn.push(`${n} in ${knowledge_base}`)
    }
  }
  const detail = ['ready', 'pending', 'failed'].map((s) => `${counts.get(s) ?? 0} ${s}`).join(', ')
  if (failedIn.length === 0) return ok(name, detail)
  const remedy = 'See why: plinth documents list --state failed.'
  return warning(name, `${detail} (${failedIn.join(', ')})`, remedy)
}

/** Seconds after which new audit events must be under a signed checkpoint. */
const uncoveredSeconds = 60

/** Whether the newest events are signed for. */
export async function checkCheckpoints(deps: DoctorDeps): Promise<Check> {
  const name = 'audit checkpoints'
  const refusals = [...(deps.signerProblems?.() ?? [])].filter(
    ([organization]) => organization === '*' || deps.organizationIds.includes(organization),
  )
  const [refusal] = refusals
  if (refusal) {
    const [, error] = refusal
    return failed(name, `the signer refuses: ${error.message}`, error.remedy)
  }
  let events = 0
  const open: string[] = []
  for (const organizationId of deps.organizationIds) {
    const state = await deps.store.read(organizationId, async (db) => {
      const tree = await db.selectFrom('audit_tree').select('size').executeTakeFirst()
      const point = await db
        .selectFrom('audit_checkpoint')
        .select((eb) => eb.fn.max('size').as('size'))
        .executeTakeFirst()
      const covered = Number(point?.size ?? 0)
      const first = await db
        .selectFrom('audit_event')
        .select('at')
        .where('seq', '=', covered)
        .executeTakeFirst()
      return { size: Number(tree?.size ?? 0), covered, since: first?.at }
    })
    events += state.size
    const age = state.since ? (deps.now().getTime() - state.since.getTime()) / 1000 : 0
    if (state.covered < state.size && age > uncoveredSeconds) {
      open.push(`${state.size - state.covered} events since ${state.since?.toISOString()}`)
    }
  }
  if (open.length === 0) return ok(name, `${events} events, all but the newest signed for`)
  const detail = `no checkpoint covers ${open.join('; ')}`
  const remedy = deps.working
    ? 'Look into the server’s log for "audit checkpoint refused"; restart the server.'
    : 'They are signed when the server starts.'
  return deps.working ? failed(name, detail, remedy) : warning(name, detail, remedy)
}
