import { readableVersions } from '#data'
import { denialOf } from '#governance'
import { type Permission, PlinthError, type RequestContext } from '#kernel'
import { groundsOf, readTrace } from '#ops'
import type { ApiHouse } from '../house.ts'
import { sightIn } from './constraint.ts'

/**
 * A stored answer that is about to be given again shows what its document versions held, and those of the trace it names.
 * Throws FORBIDDEN unless the caller may read every one of them now.
 */
export async function requireStillReadable(
  house: ApiHouse,
  context: RequestContext,
  stored: unknown,
): Promise<void> {
  const named = { versionId: new Set<string>(), traceId: new Set<string>() }
  collect(stored, named)
  if (named.versionId.size + named.traceId.size === 0) return
  const permission = readingWith.find((one) => !denialOf(context.principal, { permission: one }))
  if (permission === undefined) throw unreadable()
  const sight = await sightIn(house, context, permission)
  await house.store.read(context.organizationId, async (tx) => {
    const versions = new Set(named.versionId)
    for (const id of named.traceId) {
      const trace = await readTrace(tx, id, { constraint: sight.constraint })
      if (!trace) throw unreadable()
      for (const version of groundsOf(trace)) versions.add(version)
    }
    const readable = await readableVersions(tx, sight, [...versions])
    for (const version of versions) if (!readable.has(version)) throw unreadable()
  })
}

/** One of these the caller holds, whose answers show documents. */
const readingWith: readonly Permission[] = ['documents.read', 'answers.ask', 'documents.write']

type Named = Record<'versionId' | 'traceId', Set<string>>

/** Ids that an answer of any route names. Its depth is that of the route's schema. */
function collect(value: unknown, into: Named): void {
  if (typeof value !== 'object' || value === null) return
  for (const [key, inner] of Object.entries(value)) {
    const ids = key === 'versionId' || key === 'traceId' ? into[key] : undefined
    if (ids && typeof inner === 'string') ids.add(inner)
    else collect(inner, into)
  }
}

function unreadable(): PlinthError {
  return new PlinthError('FORBIDDEN', {
    detail:
      'The request with this Idempotency-Key was done; you may no longer read a document that its answer shows.',
    remedy: 'Ask again with a new key, for what you may read now.',
  })
}
