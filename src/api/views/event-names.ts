import { documentNames } from '#data'
import { type AuditView, actorNames } from '#governance'
import type { RequestContext } from '#kernel'
import type { ApiHouse } from '../house.ts'
import { constraintOf } from '../http/constraint.ts'
import { maskedNames } from './plain.ts'

/** What the ids in events are called now, as far as the reader of the log may know. */
export interface EventNames {
  actor(id: string): string
  /** By target, as `targetOf` writes it. */
  targets: ReadonlyMap<string, string>
}

/** `kind:id`, or nothing. */
export function targetOf({ target }: Pick<AuditView, 'target'>): string {
  return target ? `${target.kind}:${target.id}` : ''
}

/** Kinds of target whose ids are those of actors. */
const actorKinds = ['user', 'key']

/** Looks names up: people by `people.read`, documents by the right to read them. Call it outside of a transaction. */
export async function eventNames(
  house: ApiHouse,
  context: RequestContext,
  events: readonly AuditView[],
): Promise<EventNames> {
  const { organizationId, principal } = context
  const targets = events.flatMap(({ target }) => target ?? [])
  const people = targets.filter(({ kind }) => actorKinds.includes(kind))
  const documents = targets.filter(({ kind }) => kind === 'document').map(({ id }) => id)
  const readable =
    documents.length > 0 && principal.permissions.has('documents.read')
      ? await constraintOf(house, context)
      : undefined
  const { actor, titles } = await house.store.read(organizationId, async (tx) => {
    const ids = [...events.map((event) => event.actor.id), ...people.map(({ id }) => id)]
    return {
      actor: await actorNames(tx, ids, { principal }),
      titles: readable ? await documentNames(tx, readable, documents) : [],
    }
  })
  return {
    actor,
    targets: new Map([
      ...people.map(({ kind, id }): [string, string] => [`${kind}:${id}`, actor(id)]),
      ...(await maskedNames(house, context, titles)).map(({ id, title, externalId }) => {
        return [`document:${id}`, title || externalId] as [string, string]
      }),
    ]),
  }
}
