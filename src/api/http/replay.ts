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
  context: Asker,
  stored: unknown,
): Promise<void> {
  const named = namedIn(stored)
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

/** Who is about to be given an answer again. */
type Asker = Pick<RequestContext, 'organizationId' | 'principal'>

/** Ids of the traces that a stored answer names: what it, and what it continues, was made from. */
export function tracesIn(stored: unknown): string[] {
  return [...namedIn(stored).traceId]
}

function namedIn(stored: unknown): Named {
  const named = { versionId: new Set<string>(), traceId: new Set<string>() }
  collect(stored, named)
  return named
}

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
    detail: 'You may no longer read a document that this stored answer was made from.',
    remedy: 'Ask again, with a new key where one was sent, for what you may read now.',
  })
}
