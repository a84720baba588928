import { sql } from 'kysely'
import type { Tx } from '#store'
import type { CallRow } from './call-row.ts'

/**
 * Stores a batch of calls in one statement, sorted by their ids, as one JSON parameter: a row of thirty parameters each costs
 * three times as much. Returns how many were new: a batch whose answer was lost is not stored twice.
 */
export async function writeCalls(
  tx: Tx,
  organizationId: string,
  calls: readonly CallRow[],
): Promise<number> {
  if (calls.length === 0) return 0
  const sorted = [...calls].sort((a, b) => (a.id < b.id ? -1 : 1))
  const result = await sql`
    insert into model_call (organization_id, id, at, door, principal_id, user_id, project, use_case, asked, model,
      provider, upstream_model, streamed, outcome, error_code, fault, cache, input_tokens, cached_tokens, output_tokens,
      reasoning_tokens, estimated, cost_nanousd, first_token_ms, total_ms, attempts, snapshot_digest, detail, booked_with)
    select ${organizationId}, c."id", c."at", c."door", c."principalId", c."userId", c."project", c."useCase", c."asked",
      c."model", c."provider", c."upstreamModel", c."streamed", c."outcome", c."errorCode", c."fault", c."cache",
      c."inputTokens", c."cachedTokens", c."outputTokens", c."reasoningTokens", c."estimated", c."costNanousd",
      c."firstTokenMs", c."totalMs", c."attempts", c."snapshotDigest", c."detail",
      ${sorted[0]?.id}
    from json_to_recordset(${JSON.stringify(sorted)}::json) as c("id" text, "at" timestamptz, "door" text,
      "principalId" text, "userId" text, "project" text, "useCase" text, "asked" text, "model" text, "provider" text,
      "upstreamModel" text, "streamed" boolean, "outcome" text, "errorCode" text, "fault" text, "cache" text,
      "inputTokens" integer, "cachedTokens" integer, "outputTokens" integer, "reasoningTokens" integer,
      "estimated" boolean, "costNanousd" bigint, "firstTokenMs" real, "totalMs" real, "attempts" smallint,
      "snapshotDigest" text, "detail" jsonb)
    on conflict do nothing`.execute(tx)
  return Number(result.numAffectedRows ?? 0)
}
