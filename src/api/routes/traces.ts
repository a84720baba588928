import { z } from 'zod'
import { readDocument, readParsed, readVersion, textOf } from '#data'
import type { Constraint } from '#governance'
import { actorOf } from '#governance'
import { PlinthError, type RequestContext } from '#kernel'
import { type FullTrace, feedbackOf, listTraces, readTrace, type TraceRow } from '#ops'
import type { ParsedDocument } from '#ports'
import { traceDetail, tracePage, traceQuery } from '../contract/answers.ts'
import type { ApiHouse } from '../house.ts'
import { constraintOf } from '../http/constraint.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { route } from '../http/route.ts'
import { maySeePlain } from '../views/plain.ts'

const tag = 'Activity'

export const traceRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/traces',
    permission: 'answers.ask',
    summary: 'What happened: everything for those with traces.read, else one’s own questions',
    tag,
    query: traceQuery,
    response: tracePage,
    async handler({ context, query }, house) {
      const before = decodeCursor(query.cursor, 'time', 'string')
      const { limit, cursor: _, ...filter } = query
      const only = { before, ownOf: ownOnly(context), constraint: await seenBy(house, context) }
      const rows = await house.store.read(context.organizationId, (tx) =>
        listTraces(tx, { ...filter, ...only, limit: limit + 1 }),
      )
      const page = pageOf(rows, limit, (row) => [row.startedAt.toISOString(), row.id])
      return { items: page.items.map(summaryOf), nextCursor: page.nextCursor }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/traces/:id',
    permission: 'answers.ask',
    summary: 'One question or document: timeline, passages, route, checks, cost',
    tag,
    params: z.object({ id: z.string() }),
    response: traceDetail,
    async handler({ context, params }, house) {
      const constraint = await seenBy(house, context)
      const found = await house.store.within(context.organizationId, async (tx) => {
        const trace = await readTrace(tx, params.id, { ownOf: ownOnly(context), constraint })
        if (!trace) throw new PlinthError('NOT_FOUND', `There is no trace ${params.id}.`)
        const foreign = trace.userId !== null && trace.userId !== context.principal.userId
        if (foreign) await house.appendAudit(tx, [openedEvent(context, trace.id)])
        return { trace, feedback: await feedbackOf(tx, trace.id) }
      })
      return {
        ...(await detailOf(house, context, { ...found, constraint })),
        feedback: found.feedback,
      }
    },
  }),
]

function seenBy(house: ApiHouse, context: RequestContext): Promise<Constraint> {
  return constraintOf(house, context, 'answers.ask')
}

function ownOnly(context: RequestContext): string | undefined {
  const { permissions, userId } = context.principal
  return permissions.has('traces.read') ? undefined : userId
}

function openedEvent(context: RequestContext, id: string) {
  return {
    kind: 'trace.opened' as const,
    actor: actorOf(context.principal),
    target: { kind: 'trace', id },
    requestId: context.requestId,
  }
}

/** Field by field: a full trace holds, in its detail, what not everybody may read. */
function summaryOf(row: TraceRow) {
  const { id, name, user, assistant, outcome, durationMs } = row
  const { inputTokens, outputTokens, costUsd, rating } = row
  return {
    ...{ id, kind: row.kind as 'answer', name, user, assistant, outcome },
    startedAt: row.startedAt.toISOString(),
    ...{ durationMs, inputTokens, outputTokens, costUsd, rating },
  }
}

interface StoredPassage {
  documentId: string
  versionId: string
  start: number
  end: number
}

interface StoredDetail {
  answer?: { text: string; citations: StoredPassage[] }
  passages?: StoredPassage[]
  route?: { model: string; reason: string; used: boolean }[]
  checks?: { check: string; result: string; detail: string }[]
}

/** Not even the title of what the viewer may not read. */
const unreadable = {
  title: '(You may not read this document.)',
  headingPath: [],
  text: '(You may not read this document.)',
}

const hidden = '(You may not read a document that this answer is drawn from.)'

/**
 * Passages and quotes are read again under the viewer's own rights: what the asker could read, a viewer may not. An
 * answer that cites what the viewer may not read is hidden whole.
 */
async function detailOf(
  house: ApiHouse,
  context: RequestContext,
  { trace, constraint }: { trace: FullTrace; constraint: Constraint },
) {
  const detail = trace.detail as StoredDetail
  const texts = new SpanTexts(house, context, constraint)
  const passages = []
  for (const passage of detail.passages ?? []) {
    const text = await texts.of(passage)
    passages.push(text === undefined ? { ...passage, ...unreadable } : { ...passage, text })
  }
  return {
    ...summaryOf(trace),
    auditSeq: trace.auditSeq,
    releaseDigest: trace.releaseDigest,
    snapshotDigest: trace.snapshotDigest,
    spans: trace.spans as never[],
    answer: detail.answer ? await readableAnswer(detail.answer, texts) : null,
    passages: passages as never[],
    route: detail.route ?? [],
    checks: detail.checks ?? [],
  }
}

async function readableAnswer(answer: NonNullable<StoredDetail['answer']>, texts: SpanTexts) {
  const citations = []
  for (const citation of answer.citations) {
    const quote = await texts.of(citation)
    if (quote === undefined)
      return { ...answer, text: hidden, citations: [], unsupported: [] } as never
    citations.push({ ...citation, quote })
  }
  return { ...answer, citations } as never
}

/** Reads spans of stored versions, each version once. */
class SpanTexts {
  readonly #house: ApiHouse
  readonly #context: RequestContext
  readonly #constraint: Constraint
  readonly #parsed = new Map<string, Promise<ParsedDocument | undefined>>()

  constructor(house: ApiHouse, context: RequestContext, constraint: Constraint) {
    this.#house = house
    this.#context = context
    this.#constraint = constraint
  }

  async of(span: StoredPassage): Promise<string | undefined> {
    let parsed = this.#parsed.get(span.versionId)
    if (!parsed) {
      parsed = this.#read(span)
      this.#parsed.set(span.versionId, parsed)
    }
    const document = await parsed
    return document && textOf(document, span)
  }

  async #read(span: StoredPassage): Promise<ParsedDocument | undefined> {
    try {
      const at = { documentId: span.documentId, versionId: span.versionId }
      const { organizationId } = this.#context
      const { version, found } = await this.#house.store.read(organizationId, async (tx) => ({
        version: await readVersion(tx, this.#constraint, at),
        found: await readDocument(tx, this.#constraint, at.documentId),
      }))
      const snapshot = await this.#house.snapshots.get(organizationId)
      const plain = maySeePlain(snapshot, this.#context, found.knowledgeBase)
      if (!plain && !version.masked) return undefined
      return await readParsed(this.#house.objects, version)
    } catch (error) {
      if (error instanceof PlinthError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }
}
