import type { Selectable } from 'kysely'
import type { Schema, Tx } from '#store'
import type { CallRow } from './call-row.ts'
import { type CallFilter, whereOf } from './filter.ts'

/** Calls, newest first. `before`: time and id of the last one shown. */
export async function listCalls(
  tx: Tx,
  filter: CallFilter,
  { before, limit }: { before?: readonly [string, string] | undefined; limit: number },
): Promise<CallRow[]> {
  let query = tx
    .selectFrom('model_call')
    .selectAll()
    .where(whereOf(filter))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
  if (before) {
    const [time, id] = before
    query = query.where((eb) => eb(eb.refTuple('at', 'id'), '<', eb.tuple(new Date(time), id)))
  }
  return (await query.execute()).map(toCall)
}

/** One call; undefined where there is none, or it is another's and may not be seen. */
export async function readCall(
  tx: Tx,
  id: string,
  only: { ownOf?: string | undefined },
): Promise<CallRow | undefined> {
  const row = await tx
    .selectFrom('model_call')
    .selectAll()
    .where('id', '=', id)
    .where(whereOf(only))
    .executeTakeFirst()
  return row && toCall(row)
}

/** A row as it was noted. */
export function toCall(row: Selectable<Schema['model_call']>): CallRow {
  return {
    id: row.id,
    at: row.at,
    door: row.door,
    principalId: row.principal_id,
    userId: row.user_id,
    project: row.project,
    useCase: row.use_case,
    asked: row.asked,
    model: row.model,
    provider: row.provider,
    upstreamModel: row.upstream_model,
    streamed: row.streamed,
    outcome: row.outcome as CallRow['outcome'],
    errorCode: row.error_code,
    fault: row.fault as CallRow['fault'],
    cache: row.cache,
    inputTokens: row.input_tokens,
    cachedTokens: row.cached_tokens,
    outputTokens: row.output_tokens,
    reasoningTokens: row.reasoning_tokens,
    estimated: row.estimated,
    costNanousd: row.cost_nanousd,
    firstTokenMs: row.first_token_ms,
    totalMs: row.total_ms,
    attempts: row.attempts,
    snapshotDigest: row.snapshot_digest,
    detail: row.detail,
    savedNanousd: row.saved_nanousd,
    savedTokens: row.saved_tokens,
  }
}
