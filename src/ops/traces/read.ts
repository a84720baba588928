import type { Constraint } from '#governance'
import type { Tx } from '#store'

export interface TraceFilter {
  kind?: string | undefined
  outcome?: string | undefined
  assistant?: string | undefined
  user?: string | undefined
  search?: string | undefined
  from?: string | undefined
  to?: string | undefined
  /** Sort key of the last one shown: start and id. */
  before?: readonly [string, string] | undefined
  /** Only this user's own, for those without the right to see all. */
  ownOf?: string | undefined
  /** Traces of documents are shown to their readers only: they carry the title. */
  constraint: Constraint
  limit: number
}

export interface TraceRow {
  id: string
  kind: string
  name: string
  user: string | null
  userId: string | null
  assistant: string | null
  documentId: string | null
  outcome: string
  startedAt: Date
  durationMs: number
  inputTokens: number | null
  outputTokens: number | null
  costUsd: number | null
  rating: number | null
}

export interface FullTrace extends TraceRow {
  auditSeq: number | null
  releaseDigest: string | null
  snapshotDigest: string | null
  spans: unknown[]
  detail: Record<string, unknown>
}

/** Traces, newest first. */
export async function listTraces(tx: Tx, filter: TraceFilter): Promise<TraceRow[]> {
  let query = traceQuery(tx, filter.constraint)
    .orderBy('t.started_at', 'desc')
    .orderBy('t.id', 'desc')
    .limit(filter.limit)
  if (filter.ownOf) query = query.where('t.user_id', '=', filter.ownOf)
  if (filter.kind) query = query.where('t.kind', '=', filter.kind)
  if (filter.outcome) query = query.where('t.outcome', '=', filter.outcome)
  if (filter.assistant) query = query.where('t.assistant', '=', filter.assistant)
  if (filter.user) query = query.where('t.user_id', '=', filter.user)
  if (filter.from) query = query.where('t.started_at', '>=', new Date(filter.from))
  if (filter.to) query = query.where('t.started_at', '<', new Date(filter.to))
  if (filter.search) {
    query = query.where('t.name', 'ilike', `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`)
  }
  if (filter.before) {
    const [time, id] = filter.before
    query = query.where((eb) =>
      eb(eb.refTuple('t.started_at', 't.id'), '<', eb.tuple(new Date(time), id)),
    )
  }
  return (await query.execute()).map(toRow)
}

/** One trace with its spans; undefined where there is none, or it is another's or of a document and may not be seen. */
export async function readTrace(
  tx: Tx,
  id: string,
  only: { ownOf?: string | undefined; constraint: Constraint },
): Promise<FullTrace | undefined> {
  let query = traceQuery(tx, only.constraint)
    .select(['t.audit_seq', 't.release_digest', 't.snapshot_digest', 't.spans', 't.detail'])
    .where('t.id', '=', id)
  if (only.ownOf) query = query.where('t.user_id', '=', only.ownOf)
  const row = await query.executeTakeFirst()
  if (!row) return undefined
  return {
    ...toRow(row),
    auditSeq: row.audit_seq,
    releaseDigest: row.release_digest,
    snapshotDigest: row.snapshot_digest,
    spans: row.spans,
    detail: row.detail,
  }
}

/** Ratings and comments on the answer of a trace, oldest first. */
export async function feedbackOf(tx: Tx, traceId: string) {
  const rows = await tx
    .selectFrom('feedback as f')
    .leftJoin('app_user as u', 'u.id', 'f.user_id')
    .select(['f.rating', 'f.comment', 'f.created_at', 'u.name', 'f.user_id'])
    .where('f.trace_id', '=', traceId)
    .orderBy('f.created_at')
    .limit(1_000)
    .execute()
  return rows.map((row) => ({
    user: row.name ?? row.user_id,
    rating: row.rating,
    comment: row.comment,
    at: row.created_at.toISOString(),
  }))
}

/** Every version whose text may show in the stored record of an answer, whether the answer cites it or not. */
export function groundsOf({ detail }: Pick<FullTrace, 'detail'>): string[] {
  const {
    answer,
    passages = [],
    grounds = [],
  } = detail as {
    answer?: { citations: { versionId: string }[] }
    passages?: { versionId: string }[]
    grounds?: string[]
  }
  const shown = [...passages, ...(answer?.citations ?? [])].map(({ versionId }) => versionId)
  return [...new Set([...grounds, ...shown])]
}

function traceQuery(tx: Tx, { permissionSetIds }: Constraint) {
  const query = tx
    .selectFrom('trace as t')
    .leftJoin('app_user as u', 'u.id', 't.user_id')
    .select(['t.id', 't.kind', 't.name', 't.user_id', 't.assistant', 't.document_id'])
    .select(['t.outcome', 't.started_at', 't.duration_ms', 't.input_tokens', 't.output_tokens'])
    .select(['t.cost_usd', 'u.name as user_name'])
    .select((eb) =>
      eb
        .selectFrom('feedback as f')
        .select('f.rating')
        .whereRef('f.trace_id', '=', 't.id')
        .orderBy('f.created_at', 'desc')
        .limit(1)
        .as('rating'),
    )
  return query.where((eb) => {
    const none = eb('t.document_id', 'is', null)
    if (permissionSetIds.length === 0) return none
    const readable = eb
      .selectFrom('document as d')
      .select('d.id')
      .whereRef('d.id', '=', 't.document_id')
      .where('d.permission_set_id', 'in', [...permissionSetIds])
    return eb.or([none, eb.exists(readable)])
  })
}

type Row = Awaited<ReturnType<ReturnType<typeof traceQuery>['execute']>>[number]

function toRow(row: Row): TraceRow {
  return {
    id: row.id,
    kind: row.kind,
    name: row.name,
    user: row.user_name,
    userId: row.user_id,
    assistant: row.assistant,
    documentId: row.document_id,
    outcome: row.outcome,
    startedAt: row.started_at,
    durationMs: row.duration_ms,
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    costUsd: row.cost_usd,
    rating: row.rating,
  }
}
