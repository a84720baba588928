import { z } from 'zod'
import { actorNames } from '#governance'
import { PlinthError, type RequestContext } from '#kernel'
import { type CallFilter, type CallRow, listCalls, readCall } from '#ops'
import type { Tx } from '#store'
import { callDetail, callPage, callQuery } from '../contract/usage.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { route } from '../http/route.ts'

const tag = 'Usage'

export const callRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/calls',
    permission: 'models.use',
    orElse: { inProject: true, permissions: ['traces.read'] },
    summary: 'Calls of models: everybody’s for those with traces.read, else one’s own',
    tag,
    query: callQuery,
    response: callPage,
    async handler({ context, query }, house) {
      const before = decodeCursor(query.cursor, 'time', 'string')
      const filter = callFilterOf(query, context)
      return house.store.read(context.organizationId, async (tx) => {
        const rows = await listCalls(tx, filter, { before, limit: query.limit + 1 })
        const page = pageOf(rows, query.limit, (row) => [row.at.toISOString(), row.id])
        const name = await namesOf(tx, page.items, context)
        return {
          items: page.items.map((row) => summaryOf(row, name)),
          nextCursor: page.nextCursor,
        }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/calls/:id',
    permission: 'models.use',
    orElse: { inProject: true, permissions: ['traces.read'] },
    summary: 'One call of a model: tokens, cost, attempts, and why this model',
    tag,
    params: z.object({ id: z.string().max(200) }),
    response: callDetail,
    async handler({ context, params }, house) {
      return house.store.read(context.organizationId, async (tx) => {
        const row = await readCall(tx, params.id, { ownOf: ownOf(context) })
        if (!row) throw new PlinthError('NOT_FOUND', `There is no call ${params.id}.`)
        return detailOf(row, await namesOf(tx, [row], context))
      })
    },
  }),
]

/** Whose calls only: undefined for those who may see all. */
export function ownOf({ principal }: RequestContext): string | undefined {
  return principal.permissions.has('traces.read') ? undefined : principal.userId
}

/** The filter of a query string, confined to what the asker may see. */
export function callFilterOf(
  asked: Omit<z.output<typeof callQuery>, 'limit' | 'cursor'>,
  context: RequestContext,
): CallFilter {
  const { model, provider, user, key, project, useCase, outcome, fault, door } = asked
  return {
    ...{ model, provider, user, key, project, useCase, outcome, fault, door },
    asked: asked.asked,
    unpriced: asked.unpriced,
    from: asked.from === undefined ? undefined : new Date(asked.from),
    to: asked.to === undefined ? undefined : new Date(asked.to),
    ownOf: ownOf(context),
  }
}

function namesOf(tx: Tx, rows: readonly CallRow[], { principal }: RequestContext) {
  return actorNames(tx, new Set(rows.flatMap((row) => [row.userId, row.principalId])), {
    principal,
  })
}

export const usdOf = (nanousd: number): number => nanousd / 1e9

function summaryOf(row: CallRow, name: (id: string) => string) {
  const { detail: _, snapshotDigest: __, savedTokens: ___, ...told } = row
  const { principalId, costNanousd, savedNanousd, at, ...rest } = told
  const keyId = principalId === row.userId ? null : principalId
  return {
    ...rest,
    at: at.toISOString(),
    userName: name(row.userId),
    keyId,
    keyName: keyId && name(keyId),
    costUsd: costNanousd === null ? null : usdOf(costNanousd),
    savedUsd: savedNanousd == null ? null : usdOf(savedNanousd),
    unpriced: costNanousd === null && row.model !== null,
  }
}

/** As `src/apps/gateway` writes it; what a newer one may add is left out. */
interface StoredDetail {
  attempts?: { model: string; provider: string; ms: number; code?: string; detail?: string }[]
  choices?: { model: string; reason: string }[]
  skipped?: { model: string; reason: string }[]
  detail?: string
  cache?: { reason: string; notKept?: string }
}

function detailOf(row: CallRow, name: (id: string) => string) {
  const {
    attempts = [],
    choices = [],
    skipped = [],
    detail,
    cache,
  } = (row.detail ?? {}) as StoredDetail
  const only = ({ model, reason }: { model: string; reason: string }) => ({ model, reason })
  const tries = attempts.map(({ model, provider, ms, code, detail }) => ({
    ...{ model, provider, ms },
    code: code ?? null,
    detail: detail ?? null,
  }))
  return {
    ...summaryOf(row, name),
    snapshotDigest: row.snapshotDigest,
    tries: tries.length > 0 || row.cache === 'hit' ? tries : soleTry(row),
    choices: choices.map(only),
    skipped: skipped.map(only),
    reason: detail ?? null,
    cacheReason: cache
      ? [cache.reason, cache.notKept && `not kept: ${cache.notKept}`].filter(Boolean).join('; ')
      : null,
  }
}

/** Where the only model answered at once, nothing more was stored. */
function soleTry({ model, provider, totalMs }: CallRow) {
  if (model === null || provider === null) return []
  return [{ model, provider, ms: totalMs, code: null, detail: null }]
}
