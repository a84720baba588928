import { z } from 'zod'
import { readableVersions, readParsed, readVersion, type Sight, textOf } from '#data'
import { actorOf } from '#governance'
import { PlinthError, type RequestContext } from '#kernel'
import { type FullTrace, feedbackOf, groundsOf, listTraces, readTrace, type TraceRow } from '#ops'
import type { ParsedDocument } from '#ports'
import { traceDetail, tracePage, traceQuery } from '../contract/answers.ts'
import type { ApiHouse } from '../house.ts'
import { sightIn } from '../http/constraint.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { route } from '../http/route.ts'

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
      const only = {
        before,
        ownOf: ownOnly(context),
        constraint: (await seenBy(house, context)).constraint,
      }
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
      const sight = await seenBy(house, context)
      const { constraint } = sight
      const found = await house.store.within(context.organizationId, async (tx) => {
        const trace = await readTrace(tx, params.id, { ownOf: ownOnly(context), constraint })
        if (!trace) throw new PlinthError('NOT_FOUND', `There is no trace ${params.id}.`)
        const foreign = trace.userId !== null && trace.userId !== context.principal.userId
        if (foreign) await house.appendAudit(tx, [openedEvent(context, trace.id)])
        const readable = await readableVersions(tx, sight, groundsOf(trace))
        return { trace, readable, feedback: await feedbackOf(tx, trace.id) }
      })
      return {
        ...(await detailOf(house, context, { ...found, sight })),
        feedback: found.feedback,
      }
    },
  }),
]

function seenBy(house: ApiHouse, context: RequestContext): Promise<Sight> {
  return sightIn(house, context, 'answers.ask')
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

const hidden = '(This answer is withheld: you may not read a document that it was made from.)'

interface Seen {
  trace: FullTrace
  sight: Sight
  /** Those of its versions that the viewer may read now. */
  readable: ReadonlySet<string>
}

/**
 * Passages and quotes are read again under the viewer's own rights: what the asker could read, a viewer may not, nor the
 * asker any more. An answer is withheld whole when it was made from anything that the viewer may not read.
 */
async function detailOf(
  house: ApiHouse,
  context: RequestContext,
  { trace, sight, readable }: Seen,
) {
  const detail = trace.detail as StoredDetail
  const texts = new SpanTexts(house, context, { sight, readable })
  const whole = groundsOf(trace).every((id) => readable.has(id))
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
    answer: detail.answer ? await readableAnswer(detail.answer, texts, whole) : null,
    passages: passages as never[],
    route: detail.route ?? [],
    checks: (detail.checks ?? []).map((check) => (whole ? check : { ...check, detail: '' })),
  }
}

async function readableAnswer(
  answer: NonNullable<StoredDetail['answer']>,
  texts: SpanTexts,
  whole: boolean,
) {
  const nothing = { outcome: 'withheld', text: hidden, reason: null, citations: [] }
  const withheld = { ...answer, ...nothing, unsupported: [] } as never
  if (!whole) return withheld
  const citations = []
  for (const citation of answer.citations) {
    const quote = await texts.of(citation)
    if (quote === undefined) return withheld
    citations.push({ ...citation, quote })
  }
  return { ...answer, citations } as never
}

/** Reads spans of stored versions, each version once. */
class SpanTexts {
  readonly #house: ApiHouse
  readonly #context: RequestContext
  readonly #seen: Pick<Seen, 'sight' | 'readable'>
  readonly #parsed = new Map<string, Promise<ParsedDocument | undefined>>()

  constructor(house: ApiHouse, context: RequestContext, seen: Pick<Seen, 'sight' | 'readable'>) {
    this.#house = house
    this.#context = context
    this.#seen = seen
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
    const { sight, readable } = this.#seen
    if (!readable.has(span.versionId)) return undefined
    try {
      const at = { documentId: span.documentId, versionId: span.versionId }
      const version = await this.#house.store.read(this.#context.organizationId, (tx) =>
        readVersion(tx, sight.constraint, at),
      )
      return await readParsed(this.#house.objects, version)
    } catch (error) {
      if (error instanceof PlinthError && error.code === 'NOT_FOUND') return undefined
      throw error
    }
  }
}
