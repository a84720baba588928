import type { Span } from '#kernel'
import type { Tx } from '#store'

/** A trace as it is stored: spans with counts and names, and a detail that was masked before it came here. */
export interface TraceRecord {
  id: string
  kind: 'answer' | 'search' | 'completion' | 'embedding'
  /** The (masked) question. */
  name: string
  principalId: string
  userId: string | null
  assistant: string | null
  outcome: string
  releaseDigest: string | null
  snapshotDigest: string | null
  auditSeq: number | null
  startedAt: Date
  durationMs: number
  inputTokens: number | null
  outputTokens: number | null
  costUsd: number | null
  spans: readonly Span[]
  detail: Record<string, unknown>
}

const nameChars = 300

/** Stores a trace in the caller's transaction. */
export function writeTrace(tx: Tx, trace: TraceRecord): Promise<void> {
  return writeTraces(tx, [trace])
}

/** Stores several in one statement. */
export async function writeTraces(tx: Tx, traces: readonly TraceRecord[]): Promise<void> {
  if (traces.length > 0) await tx.insertInto('trace').values(traces.map(rowOf)).execute()
}

function rowOf(trace: TraceRecord) {
  return {
    id: trace.id,
    kind: trace.kind,
    name: trace.name.slice(0, nameChars),
    principal_id: trace.principalId,
    user_id: trace.userId,
    assistant: trace.assistant,
    outcome: trace.outcome,
    release_digest: trace.releaseDigest,
    snapshot_digest: trace.snapshotDigest,
    audit_seq: trace.auditSeq,
    started_at: trace.startedAt,
    duration_ms: trace.durationMs,
    input_tokens: trace.inputTokens,
    output_tokens: trace.outputTokens,
    cost_usd: trace.costUsd,
    spans: JSON.stringify(trace.spans),
    detail: JSON.stringify(trace.detail),
  }
}
