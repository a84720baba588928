import { z } from 'zod'
import { retryJob } from '#data'
import { actorOf } from '#governance'
import { limits, PlinthError, type RequestContext } from '#kernel'
import { getJob, listJobs, requestCancel } from '#store'
import { paging } from '../contract/basics.ts'
import { job, jobPage } from '../contract/knowledge.ts'
import type { ApiHouse } from '../house.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { EventStream } from '../http/events.ts'
import { type Call, replied, route } from '../http/route.ts'
import { authenticateRequest } from '../http/sign-in.ts'
import { type JobView, jobView } from '../views/jobs.ts'

const tag = 'Jobs'
const byId = z.object({ id: z.string() })
const state = z.enum(['queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'])
/** Milliseconds between looks at running work for the event stream. */
const lookEveryMs = 700

export const jobRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/jobs',
    permission: 'jobs.read',
    summary: 'Work, newest first',
    tag,
    query: paging.extend({ state: state.optional(), kind: z.string().max(100).optional() }),
    response: jobPage,
    async handler({ context, query }, house) {
      const before = decodeCursor(query.cursor, 'string')?.[0]
      return house.store.read(context.organizationId, async (tx) => {
        const rows = await listJobs(tx, {
          limit: query.limit + 1,
          ...(query.state ? { state: query.state } : {}),
          ...(query.kind ? { kind: query.kind } : {}),
          ...(before ? { before } : {}),
        })
        const page = pageOf(rows, query.limit, (row) => [row.id])
        const items: JobView[] = []
        for (const row of page.items) items.push(await jobView(tx, row))
        return { items, nextCursor: page.nextCursor }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/jobs/events',
    permission: 'jobs.read',
    summary: 'Server-sent events: each job whose progress changed',
    tag,
    produces: 'text/event-stream',
    async handler(call, house) {
      return streamJobs(call, house)
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/jobs/:id',
    permission: 'jobs.read',
    summary: 'One piece of work',
    tag,
    params: byId,
    response: job,
    async handler({ context, params }, house) {
      return house.store.read(context.organizationId, (tx) => jobView(tx, params.id))
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/jobs/:id/cancel',
    permission: 'jobs.write',
    summary: 'Stop work; what is done stays done',
    tag,
    params: byId,
    response: job,
    async handler({ context, params }, house) {
      return house.store.within(context.organizationId, async (tx) => {
        if (!(await getJob(tx, params.id))) {
          throw new PlinthError('NOT_FOUND', `There is no job ${params.id}.`)
        }
        await requestCancel(tx, params.id)
        await house.appendAudit(tx, [
          {
            kind: 'job.cancelled',
            actor: actorOf(context.principal),
            target: { kind: 'job', id: params.id },
            requestId: context.requestId,
          },
        ])
        return jobView(tx, params.id)
      })
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/jobs/:id/retry',
    permission: 'jobs.write',
    summary: 'Start failed or cancelled work again, as a new job',
    tag,
    params: byId,
    response: job,
    status: 202,
    async handler({ context, params }, house) {
      const started = await house.store.within(context.organizationId, async (tx) => {
        const ended = await getJob(tx, params.id)
        if (!ended) throw new PlinthError('NOT_FOUND', `There is no job ${params.id}.`)
        const { id } = await retryJob(tx, ended, actorOf(context.principal))
        await house.appendAudit(tx, [retried(context, id, { of: params.id, kind: ended.kind })])
        return jobView(tx, id)
      })
      house.jobs.nudge()
      return started
    },
  }),
]

/** The event of work that is started again, before it runs. */
export function retried(context: RequestContext, id: string, details: Record<string, string>) {
  return {
    kind: 'job.retried' as const,
    actor: actorOf(context.principal),
    target: { kind: 'job', id },
    requestId: context.requestId,
    details,
  }
}

/** Streams that are open in this process: each looks at the database again and again. */
let streams = 0

/** Ends when the client leaves, or with the right to see work: who asks is found out anew at each look. */
async function streamJobs(
  call: Call<unknown, unknown, unknown>,
  house: ApiHouse,
): Promise<typeof replied> {
  if (streams >= limits.jobStreams) {
    throw new PlinthError('TOO_MANY_REQUESTS', {
      detail: `${streams} streams of jobs are open on this server.`,
      remedy: 'Close some, or ask for the list of jobs from time to time.',
    })
  }
  streams++
  const events = new EventStream(call.reply)
  try {
    const sent = new Map<string, string>()
    while (events.open && !call.context.signal.aborted && (await maySee(call, house))) {
      for (const view of await liveJobs(house, call.context, sent)) {
        const text = JSON.stringify(view)
        if (sent.get(view.id) === text) continue
        sent.set(view.id, text)
        await events.send(text, 'job')
      }
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs))
    }
  } finally {
    streams--
    events.end()
  }
  return replied
}

async function maySee({ request }: Call<unknown, unknown, unknown>, house: ApiHouse) {
  const found = await authenticateRequest(request, house)
  return 'principal' in found && found.principal.permissions.has('jobs.read')
}

/** Jobs that live, and once more those that ended since they were last told about. */
async function liveJobs(
  house: ApiHouse,
  context: RequestContext,
  sent: ReadonlyMap<string, string>,
): Promise<JobView[]> {
  return house.store.read(context.organizationId, async (tx) => {
    const rows = await listJobs(tx, { limit: 50 })
    const views: JobView[] = []
    for (const row of rows) {
      const ended = row.finishedAt !== null
      if (ended && !sent.has(row.id)) continue
      views.push(await jobView(tx, row))
    }
    return views
  })
}
