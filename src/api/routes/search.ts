import { retrieve } from '#data'
import { actorOf, detect, mask, PlaceholderScope } from '#governance'
import { Trace } from '#kernel'
import { writeTrace } from '#ops'
import { searchRequest, searchResponse } from '../contract/knowledge.ts'
import { constraintOf } from '../http/constraint.ts'
import { route } from '../http/route.ts'
import { maskedNames } from '../views/plain.ts'

export const searchRoutes = [
  route({
    method: 'POST',
    path: '/api/v1/search',
    permission: 'documents.read',
    summary: 'Search knowledge bases, with both legs and the fused order',
    tag: 'Knowledge',
    body: searchRequest,
    response: searchResponse,
    async handler({ context, body }, house) {
      const snapshot = await house.snapshots.get(context.organizationId)
      const bases = body.knowledgeBases.map((name) => snapshot.require('KnowledgeBase', name))
      const constraint = await constraintOf(house, context)
      const trace = new Trace(house.clock.now())
      const found = await retrieve(
        {
          organizationId: context.organizationId,
          text: body.query,
          bases,
          constraint,
          merge: false,
          signal: context.signal,
          ...(body.filter ? { filter: body.filter } : {}),
          ...(body.topK ? { topK: body.topK } : {}),
          ...(body.denseWeight === undefined ? {} : { denseWeight: body.denseWeight }),
        },
        house.answer,
        trace,
      )
      const name = mask(body.query, await detect(body.query), new PlaceholderScope().mint).text
      await house.store.within(context.organizationId, async (tx) => {
        const { first } = await house.appendAudit(tx, [
          {
            kind: 'documents.searched',
            actor: actorOf(context.principal),
            requestId: context.requestId,
            traceId: trace.id,
            details: { knowledgeBases: body.knowledgeBases, hits: found.candidates.length },
          },
        ])
        await writeTrace(tx, {
          id: trace.id,
          kind: 'search',
          name,
          principalId: context.principal.id,
          userId: context.principal.userId,
          assistant: null,
          outcome: found.candidates.length > 0 ? 'found' : 'nothing',
          releaseDigest: null,
          snapshotDigest: snapshot.digest,
          auditSeq: first,
          startedAt: trace.startedAt,
          durationMs: trace.elapsedMs(),
          inputTokens: null,
          outputTokens: null,
          costUsd: null,
          spans: trace.spans,
          detail: { knowledgeBases: body.knowledgeBases },
        })
      })
      const hits = found.candidates.map(
        ({ metadata: _, language: __, pageEnd: ___, ordinal: ____, lastOrdinal: _____, ...hit }) =>
          hit,
      )
      return {
        hits: await maskedNames(house, context, hits),
        terms: found.terms,
        dense: found.dense,
        tookMs: found.took,
        traceId: trace.id,
      }
    },
  }),
]
