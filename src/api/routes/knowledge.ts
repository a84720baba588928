import { z } from 'zod'
import { baseCounts, modelKey, requestSync } from '#data'
import { actorOf } from '#governance'
import { PlinthError, type RequestContext, type Resource } from '#kernel'
import { type JobRow, listJobs, type Snapshot } from '#store'
import { paging } from '../contract/basics.ts'
import { job, knowledgeBase, knowledgeBasePage, sourcePage } from '../contract/knowledge.ts'
import type { ApiHouse } from '../house.ts'
import { constraintOf } from '../http/constraint.ts'
import { route } from '../http/route.ts'
import { jobView } from '../views/jobs.ts'

const tag = 'Knowledge'
const named = z.object({ name: z.string() })
type Counts = Awaited<ReturnType<typeof baseCounts>>

export const knowledgeRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/knowledge-bases',
    permission: 'documents.read',
    summary: 'Knowledge bases with their state',
    tag,
    query: paging,
    response: knowledgeBasePage,
    async handler({ context }, house) {
      const { snapshot, counts } = await state(house, context)
      const items = snapshot
        .list('KnowledgeBase')
        .map((base) => baseView(base, { house, snapshot, counts }))
      return { items, nextCursor: null }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/knowledge-bases/:name',
    permission: 'documents.read',
    summary: 'One knowledge base with its state',
    tag,
    params: named,
    response: knowledgeBase,
    async handler({ context, params }, house) {
      const { snapshot, counts } = await state(house, context)
      const base = snapshot.require('KnowledgeBase', params.name)
      return baseView(base, { house, snapshot, counts })
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/sources',
    permission: 'documents.read',
    summary: 'Sources with their newest scan',
    tag,
    query: paging.extend({ knowledgeBase: z.string().optional() }),
    response: sourcePage,
    async handler({ context, query }, house) {
      const { snapshot, counts } = await state(house, context)
      const jobs = seesWork(context) ? await newestSyncs(house, context) : new Map()
      const wanted = snapshot
        .list('Source')
        .filter((s) => !query.knowledgeBase || s.spec.knowledgeBase === query.knowledgeBase)
      const items = wanted.map((source) => ({
        name: source.name,
        knowledgeBase: source.spec.knowledgeBase,
        kind: source.spec.folder ? ('folder' as const) : ('upload' as const),
        path: source.spec.folder?.path ?? null,
        watch: source.spec.folder?.watch ?? false,
        documents: sum(counts, (row) => row.source === source.name),
        failed: sum(counts, (row) => row.source === source.name && row.state === 'failed'),
        job: jobs.get(source.name) ?? null,
      }))
      return { items, nextCursor: null }
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/sources/:name/sync',
    permission: 'documents.write',
    summary: 'Scan a source now; a scan under way is joined',
    tag,
    params: named,
    query: z.object({ force: z.stringbool().default(false) }),
    response: job,
    status: 202,
    async handler({ context, params, query }, house) {
      const snapshot = await house.snapshots.get(context.organizationId)
      if (!snapshot.get('Source', params.name)) {
        throw new PlinthError('NOT_FOUND', `There is no source "${params.name}".`)
      }
      const started = await house.store.within(context.organizationId, async (tx) => {
        const input = { source: params.name, actor: actorOf(context.principal) }
        const wanted = query.force ? { ...input, force: true } : input
        const { id } = await requestSync(tx, wanted, context.principal.id)
        await house.appendAudit(tx, [
          {
            kind: 'source.ran',
            actor: actorOf(context.principal),
            target: { kind: 'source', id: params.name },
            requestId: context.requestId,
            details: { job: id, force: query.force },
          },
        ])
        return jobView(tx, id)
      })
      house.jobs.nudge()
      return started
    },
  }),
]

/** Who may see work sees how much of it there is; for others what they may not read is not counted either. */
async function state(house: ApiHouse, context: RequestContext) {
  const snapshot = await house.snapshots.get(context.organizationId)
  const constraint = seesWork(context) ? undefined : await constraintOf(house, context)
  const counts = await house.store.read(context.organizationId, (tx) => baseCounts(tx, constraint))
  return { snapshot, counts }
}

function seesWork({ principal }: RequestContext): boolean {
  return principal.permissions.has('jobs.read')
}

function sum(counts: Counts, wanted: (row: Counts['states'][number]) => boolean): number {
  return counts.states.filter(wanted).reduce((n, row) => n + row.n, 0)
}

function baseView(
  base: Resource<'KnowledgeBase'>,
  { house, snapshot, counts }: { house: ApiHouse; snapshot: Snapshot; counts: Counts },
) {
  const embedder = house.ingest.embedder(base)
  const model = embedder && modelKey(embedder)
  const rows = counts.states.filter((row) => row.knowledge_base === base.name)
  const of = (wanted: string) =>
    rows.filter((row) => row.state === wanted).reduce((n, row) => n + row.n, 0)
  const updated = rows.map((row) => row.updated_at.getTime())
  const embedded = counts.vectors.find((v) => v.knowledge_base === base.name && v.model === model)
  const sources = snapshot.list('Source').filter((s) => s.spec.knowledgeBase === base.name)
  const why =
    base.spec.embedder === 'none'
      ? 'Switched off in the KnowledgeBase resource.'
      : (house.facts().denseOff ?? `There is no model ${base.spec.embedder}.`)
  return {
    name: base.name,
    project: base.project,
    description: base.spec.description,
    maskingMode: base.spec.masking.mode,
    documents: { ready: of('ready'), pending: of('pending'), failed: of('failed') },
    chunks: rows.reduce((n, row) => n + row.chunks, 0),
    sources: sources.length,
    dense: {
      embedder: embedder?.id ?? null,
      embedded: embedded?.n ?? 0,
      off: embedder ? null : why,
    },
    denseWeight: base.spec.retrieval.denseWeight,
    updatedAt: updated.length > 0 ? new Date(Math.max(...updated)).toISOString() : null,
  }
}

/** The newest scan of each source among the last hundred. */
async function newestSyncs(house: ApiHouse, context: RequestContext) {
  return house.store.read(context.organizationId, async (tx) => {
    const rows = await listJobs(tx, { kind: 'source-sync', limit: 100 })
    const newest = new Map<string, JobRow>()
    for (const row of rows) {
      const { source } = row.input as { source: string }
      if (!newest.has(source)) newest.set(source, row)
    }
    const views = new Map<string, Awaited<ReturnType<typeof jobView>>>()
    for (const [source, row] of newest) views.set(source, await jobView(tx, row))
    return views
  })
}
