import { holds, type Principal, systemPrincipal } from '#kernel'
import { pageSize, type Tx } from '#store'
import type { Acting } from './acting.ts'

/** Somebody who acts: a person, a key, or the server itself. */
export interface Actor {
  /** `usr_…`, `key_…` or `system`, as events and versions have it. */
  id: string
  kind: 'user' | 'key' | 'server'
  name: string
  /** What tells apart those of one name: an address, the beginning of a key. */
  note: string
}

/** Instead of the name of a person that one may not see. */
export const somebody = 'somebody'

const server: Actor = {
  ...{ id: systemPrincipal.id, kind: 'server', name: systemPrincipal.name },
  note: 'the server itself',
}

/**
 * What to call who acted, by id: names are looked up now, for what is recorded holds ids only. Names of other people
 * take `people.read`; without it, and for an id that nobody has, it is `somebody`.
 */
export async function actorNames(
  tx: Tx,
  ids: Iterable<string>,
  by: Pick<Acting, 'principal'>,
): Promise<(id: string) => string> {
  const wanted = [...new Set(ids)].filter((id) => id !== server.id)
  const found = wanted.length === 0 ? [] : await actorsAmong(tx, by, { ids: wanted })
  const names = new Map([server, ...found].map(({ id, name }) => [id, name]))
  return (id) => names.get(id) ?? somebody
}

/** Actors whose name, address or id has the text in it, people before keys: those that one may see. */
export async function findActors(
  tx: Tx,
  { search, limit }: { search?: string | undefined; limit?: number },
  by: Pick<Acting, 'principal'>,
): Promise<Actor[]> {
  const most = pageSize(limit)
  const text = (search ?? '').replaceAll('\0', '')
  const found = await actorsAmong(tx, by, { text, limit: most })
  const fits = [server.id, server.name].some((one) =>
    one.toLowerCase().includes(text.toLowerCase()),
  )
  return [...(fits ? [server] : []), ...found].slice(0, most)
}

type Wanted = { ids: readonly string[] } | { text: string; limit: number }

async function actorsAmong(
  tx: Tx,
  { principal }: { principal: Principal },
  wanted: Wanted,
): Promise<Actor[]> {
  const everybody = holds(principal, 'people.read')
  let users = tx.selectFrom('app_user').select(['id', 'name', 'email']).orderBy('name')
  let keys = tx
    .selectFrom('api_key as k')
    .innerJoin('app_user as u', 'u.id', 'k.user_id')
    .select(['k.id', 'k.name', 'k.prefix', 'u.name as user'])
    .orderBy('k.name')
  if (!everybody) {
    users = users.where('id', '=', principal.userId)
    keys = keys.where('k.user_id', '=', principal.userId)
  }
  if ('ids' in wanted) {
    users = users.where('id', 'in', wanted.ids)
    keys = keys.where('k.id', 'in', wanted.ids)
  } else {
    const like = `%${wanted.text.replace(/[\\%_]/g, '\\$&')}%`
    users = users.limit(wanted.limit).where((eb) => {
      return eb.or((['name', 'email', 'id'] as const).map((field) => eb(field, 'ilike', like)))
    })
    keys = keys.limit(wanted.limit).where((eb) => {
      const fields = ['k.name', 'u.name', 'k.prefix', 'k.id'] as const
      return eb.or(fields.map((field) => eb(field, 'ilike', like)))
    })
  }
  return [
    ...(await users.execute()).map(
      ({ id, name, email }): Actor => ({ id, kind: 'user', name, note: email }),
    ),
    ...(await keys.execute()).map(
      ({ id, name, prefix, user }): Actor => ({
        ...{ id, kind: 'key', name: `${user} (key “${name}”)`, note: `${prefix}…` },
      }),
    ),
  ]
}
