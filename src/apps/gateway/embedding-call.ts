import { newId, type RequestContext, toPlinthError } from '#kernel'
import type { GatewayHouse } from './house.ts'

/** A call of an embedding model of this server: nothing leaves it, and it costs nothing but its work. */
export interface EmbeddingCall {
  context: RequestContext
  door: string
  /** As the caller named it, and the embedder that this is. */
  asked: string
  embedder: string
  inputTokens: number
}

/** Keeps account of the call as of any other, however it ends. Throws what the work throws, and UNAVAILABLE. */
export async function bookedEmbedding<T>(
  house: GatewayHouse,
  call: EmbeddingCall,
  work: () => Promise<T>,
): Promise<T> {
  house.usage.requireRoom()
  const at = house.clock.now()
  const began = performance.now()
  let error: unknown
  try {
    return await work()
  } catch (thrown) {
    error = thrown
    throw thrown
  } finally {
    const totalMs = performance.now() - began
    house.usage.note(call.context.organizationId, rowOf(call, { at, totalMs, error }))
  }
}

function rowOf(call: EmbeddingCall, ended: { at: Date; totalMs: number; error: unknown }) {
  const { principal } = call.context
  const code = ended.error === undefined ? null : toPlinthError(ended.error).code
  const failed = code === 'CANCELLED' ? ('cancelled' as const) : ('failed' as const)
  return {
    id: newId('cal'),
    at: ended.at,
    door: call.door,
    principalId: principal.id,
    userId: principal.userId,
    project: 'default',
    useCase: null,
    asked: call.asked,
    model: call.asked,
    provider: null,
    upstreamModel: call.embedder,
    streamed: false,
    outcome: code === null ? ('answered' as const) : failed,
    errorCode: code,
    fault: code === null || code === 'CANCELLED' ? null : ('plinth' as const),
    cache: null,
    inputTokens: call.inputTokens,
    cachedTokens: 0,
    outputTokens: 0,
    reasoningTokens: 0,
    estimated: true,
    costNanousd: 0,
    firstTokenMs: null,
    totalMs: ended.totalMs,
    attempts: 1,
    snapshotDigest: null,
    detail: null,
  }
}
