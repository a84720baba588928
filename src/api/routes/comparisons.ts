import { z } from 'zod'
import { type Compared, type CompareInput, candidateOf } from '#apps'
import { actorOf, requireHeld } from '#governance'
import { PlinthError } from '#kernel'
import { enqueue, getJob, type JobRow, listJobs } from '#store'
import { paging } from '../contract/basics.ts'
import { comparison, comparisonPage, comparisonRequest } from '../contract/comparisons.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { route } from '../http/route.ts'

const tag = 'Models'
const kind = 'compare'

export const comparisonRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/comparisons',
    permission: 'models.write',
    summary: 'Comparisons of models, newest first',
    tag,
    query: paging,
    response: comparisonPage,
    async handler({ context, query }, house) {
      const before = decodeCursor(query.cursor, 'string')?.[0]
      const rows = await house.store.read(context.organizationId, (tx) =>
        listJobs(tx, { kind, limit: query.limit + 1, ...(before ? { before } : {}) }),
      )
      const page = pageOf(rows, query.limit, ({ id }) => [id])
      return { items: page.items.map(shown), nextCursor: page.nextCursor }
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/comparisons',
    permission: 'models.write',
    summary: 'Ask several models the same questions over the same knowledge; as a job',
    tag,
    body: comparisonRequest,
    response: comparison,
    status: 202,
    async handler({ context, body }, house) {
      const { organizationId, principal, requestId } = context
      requireHeld(context, 'answers.ask')
      const snapshot = await house.snapshots.get(organizationId)
      for (const name of body.models) candidateOf(house.answer, snapshot, name)
      const actor = actorOf(principal)
      const { assistant, ...rest } = body
      const input: CompareInput = { ...rest, actor, ...(assistant ? { assistant } : {}) }
      const row = await house.store.within(organizationId, async (tx) => {
        const { id } = await enqueue(tx, { kind, input, createdBy: principal.id, maxAttempts: 3 })
        await house.appendAudit(tx, [
          {
            kind: 'models.compared',
            outcome: 'intended',
            actor,
            target: { kind: 'job', id },
            requestId,
            details: { models: body.models, questions: body.questions.length },
          },
        ])
        return getJob(tx, id)
      })
      house.jobs.nudge()
      return shown(row!)
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/comparisons/:id',
    permission: 'models.write',
    summary: 'One comparison: a line for each model, once it has ended',
    tag,
    params: z.object({ id: z.string().max(200) }),
    response: comparison,
    async handler({ context, params }, house) {
      const row = await house.store.read(context.organizationId, (tx) => getJob(tx, params.id))
      if (row?.kind === kind) return shown(row)
      throw new PlinthError('NOT_FOUND', `There is no comparison ${params.id}.`)
    },
  }),
]

function shown(row: JobRow): z.input<typeof comparison> {
  const { name, models, questions, concurrency, volume, dataClasses, regions } =
    row.input as CompareInput
  const result = row.result as { candidates?: Compared[] } | null
  return {
    id: row.id,
    state: row.state,
    ...{ name, models, concurrency, volume, dataClasses, regions },
    questions: questions.length,
    createdAt: row.createdAt.toISOString(),
    finishedAt: row.finishedAt?.toISOString() ?? null,
    error: row.error,
    candidates: result?.candidates ?? [],
  }
}
