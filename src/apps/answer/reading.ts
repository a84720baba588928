import { readingOf } from '#data'
import type { AnswerAccess } from './authorizing.ts'
import type { StillReading } from './parts.ts'
import type { Run } from './run.ts'

/**
 * What the search cannot find yet, because documents of the asker's are still being read for the first time: asked
 * before the search, so that an answer never claims more than it was made from. Costs nothing while no work is under way.
 */
export async function stillReading(
  { context, house }: Run,
  access: AnswerAccess,
): Promise<StillReading | undefined> {
  if (!access.underWay) return undefined
  const bases = new Set(access.bases.map(({ name }) => name))
  const sources = access.snapshot.list('Source').filter(({ spec }) => bases.has(spec.knowledgeBase))
  const reading = await house.store.read(context.organizationId, (tx) =>
    readingOf(tx, sources, access.constraint),
  )
  if (!reading) return undefined
  const { done, total, listing } = reading
  const found = total === 0 ? '' : ` (${done} of ${total}${listing ? ' found so far' : ''})`
  const note = `Documents are still being read${found}: ask again when they are, for this answer may lack what they say.`
  return { ...reading, note }
}
