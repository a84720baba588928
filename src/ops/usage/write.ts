import { sql } from 'kysely'
import type { Tx } from '#store'
import type { CallRow } from './call-row.ts'

/** Columns in the order of the insert, with what PostgreSQL reads them as. */
const columns: readonly [keyof CallRow, column: string, type: string][] = [
  ['id', 'id', 'text'],
  ['at', 'at', 'timestamptz'],
  ['door', 'door', 'text'],
  ['principalId', 'principal_id', 'text'],
  ['userId', 'user_id', 'text'],
  ['project', 'project', 'text'],
  ['useCase', 'use_case', 'text'],
  ['asked', 'asked', 'text'],
  ['model', 'model', 'text'],
  ['provider', 'provider', 'text'],
  ['upstreamModel', 'upstream_model', 'text'],
  ['streamed', 'streamed', 'boolean'],
  ['outcome', 'outcome', 'text'],
  ['errorCode', 'error_code', 'text'],
  ['fault', 'fault', 'text'],
  ['cache', 'cache', 'text'],
  ['inputTokens', 'input_tokens', 'integer'],
  ['cachedTokens', 'cached_tokens', 'integer'],
  ['outputTokens', 'output_tokens', 'integer'],
  ['reasoningTokens', 'reasoning_tokens', 'integer'],
  ['estimated', 'estimated', 'boolean'],
  ['costNanousd', 'cost_nanousd', 'bigint'],
  ['firstTokenMs', 'first_token_ms', 'real'],
  ['totalMs', 'total_ms', 'real'],
  ['attempts', 'attempts', 'smallint'],
  ['snapshotDigest', 'snapshot_digest', 'text'],
  ['detail', 'detail', 'jsonb'],
  ['savedNanousd', 'saved_nanousd', 'bigint'],
  ['savedTokens', 'saved_tokens', 'integer'],
]
/** Names of one or two letters: of a row's 620 bytes, 300 were names. */
const short = columns.map((_, i) => (i < 26 ? '' : 'z') + String.fromCharCode(97 + (i % 26)))
const listed = sql.raw(columns.map(([, column]) => column).join(', '))
const taken = sql.raw(short.map((name) => `c."${name}"`).join(', '))
const declared = sql.raw(columns.map(([, , type], i) => `"${short[i]}" ${type}`).join(', '))

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
    insert into model_call (organization_id, ${listed}, booked_with)
    select ${organizationId}, ${taken}, ${sorted[0]?.id}
    from json_to_recordset(${jsonOf(sorted)}::json) as c(${declared})
    on conflict do nothing`.execute(tx)
  return Number(result.numAffectedRows ?? 0)
}

/** What is null is left out: it is read as null. */
function jsonOf(calls: readonly CallRow[]): string {
  const rows = calls.map((call) => {
    const row: Record<string, unknown> = {}
    for (let i = 0; i < columns.length; i++) {
      const value = call[columns[i]![0]]
      if (value !== null) row[short[i]!] = value
    }
    return row
  })
  return JSON.stringify(rows)
}
