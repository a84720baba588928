import { maySeePlain } from '#data'
import { detect, mask, PlaceholderScope } from '#governance'
import type { RequestContext } from '#kernel'
import type { ApiHouse } from '../house.ts'

interface Named {
  knowledgeBase: string
  externalId: string
  title: string
  error?: { detail: string; where?: string } | null
}

/**
 * What goes by the name of a file, as the asker may see it: a name says which file it is, so it is stored as it came,
 * and masked on its way out where its base masks. Call it outside of a transaction.
 */
export async function maskedNames<T extends Named>(
  house: ApiHouse,
  context: RequestContext,
  things: readonly T[],
): Promise<T[]> {
  const snapshot = await house.snapshots.get(context.organizationId)
  const out: T[] = []
  for (const thing of things) {
    out.push(
      maySeePlain(snapshot, context.principal, thing.knowledgeBase) ? thing : await named(thing),
    )
  }
  return out
}

async function named<T extends Named>(thing: T): Promise<T> {
  const { mint } = new PlaceholderScope()
  const hide = async (text: string) =>
    mask(text, await detect(text), mint, { existing: 'keep' }).text
  const { error } = thing
  return {
    ...thing,
    externalId: await hide(thing.externalId),
    title: await hide(thing.title),
    ...(error && {
      error: {
        ...error,
        detail: await hide(error.detail),
        ...(error.where !== undefined && { where: await hide(error.where) }),
      },
    }),
  }
}
