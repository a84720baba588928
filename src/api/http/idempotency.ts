import { sql } from 'kysely'
import { digestOf, PlinthError, type Principal } from '#kernel'
import type { Store } from '#store'
import type { ApiHouse } from '../house.ts'
import { requireStillReadable } from './replay.ts'
import { type Call, type Route, replied } from './route.ts'

const keyShape = /^[\x21-\x7e]{1,200}$/

/**
 * `Idempotency-Key` on an unsafe request: the first request claims the key, a repeat gets the first answer, the same key
 * with another request is refused. A key whose request died without an answer can be claimed again after ten minutes.
 * A repeat is given nothing that its sender may not have now: not under other rights than the first request had, nor
 * what was made from documents that the sender may not read any more.
 */
export async function withIdempotency(
  route: Route,
  call: Call<unknown, unknown, unknown>,
  { house, run }: { house: ApiHouse; run: () => Promise<unknown> },
): Promise<unknown> {
  const key = call.request.headers['idempotency-key']
  const without = route.method === 'GET' || route.rawBody || !route.response
  if (key === undefined || without || route.permission === 'public') return run()
  if (route.idempotency === 'off') return run()
  if (typeof key !== 'string' || !keyShape.test(key)) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'Idempotency-Key takes 1 to 200 printable characters.',
      where: 'header idempotency-key',
    })
  }
  const { organizationId, principal } = call.context
  const request = { method: route.method, path: call.request.url, body: call.body ?? null }
  const secret = route.idempotency === 'secret'
  const rights = rightsOf(principal)
  const place = { principal: principal.id, key, digest: digestOf(request), rights, secret }
  const { store } = house
  const earlier = await claim(store, organizationId, place)
  if (earlier) {
    await requireStillReadable(house, call.context, earlier.response)
    return earlier.response
  }
  try {
    const result = await run()
    if (result !== replied) {
      await settle(store, organizationId, { ...place, result: secret ? null : result })
    } else await release(store, organizationId, place)
    return result
  } catch (error) {
    await release(store, organizationId, place)
    throw error
  }
}

interface Place {
  principal: string
  key: string
  digest: string
  rights: string
  secret: boolean
}

/** Changes with any role, group, project or scope that the caller gets or loses. */
function rightsOf(principal: Principal): string {
  const { readerTokens, permissions, projectPermissions, scopes } = principal
  const projects = [...(projectPermissions ?? [])].map(([name, held]) => [name, [...held].sort()])
  return digestOf({
    readers: readerTokens,
    permissions: [...permissions].sort(),
    projects: projects.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)),
    scopes: scopes ? [...scopes].sort() : null,
  })
}

async function claim(
  store: Store,
  organizationId: string,
  place: Place,
): Promise<{ response: unknown } | undefined> {
  return store.within(organizationId, async (tx) => {
    await tx
      .deleteFrom('idempotency_key')
      .where('principal_id', '=', place.principal)
      .where('key', '=', place.key)
      .where((eb) =>
        eb.or([
          eb('created_at', '<', sql<Date>`now() - interval '1 day'`),
          eb.and([
            eb('status', 'is', null),
            eb('created_at', '<', sql<Date>`now() - interval '10 minutes'`),
          ]),
        ]),
      )
      .execute()
    const won = await tx
      .insertInto('idempotency_key')
      .values({
        principal_id: place.principal,
        key: place.key,
        request_digest: place.digest,
        rights: place.rights,
      })
      .onConflict((oc) => oc.doNothing())
      .returning('key')
      .executeTakeFirst()
    if (won) return undefined
    const row = await tx
      .selectFrom('idempotency_key')
      .select(['request_digest', 'rights', 'status', 'response'])
      .where('principal_id', '=', place.principal)
      .where('key', '=', place.key)
      .executeTakeFirst()
    if (row?.request_digest !== place.digest) {
      throw new PlinthError('CONFLICT', {
        detail: 'This Idempotency-Key was used for another request.',
        remedy: 'Use a new key for a new request.',
      })
    }
    if (row.status === null) {
      throw new PlinthError('CONFLICT', {
        detail: 'The first request with this Idempotency-Key is still running.',
        remedy: 'Wait for it, then send the request again.',
      })
    }
    if (row.rights !== place.rights) {
      throw new PlinthError('CONFLICT', {
        detail: 'The request with this Idempotency-Key was done; your rights have changed since.',
        remedy: 'Look for what it made; what it answered is to be asked for again with a new key.',
      })
    }
    if (place.secret) {
      throw new PlinthError('CONFLICT', {
        detail:
          'The request with this Idempotency-Key was done; what its answer showed once is not kept.',
        remedy: 'Look for what it made before you make another one with a new key.',
      })
    }
    return { response: row.response }
  })
}

async function settle(
  store: Store,
  organizationId: string,
  place: Place & { result: unknown },
): Promise<void> {
  await store.within(organizationId, (tx) =>
    tx
      .updateTable('idempotency_key')
      .set({ status: 200, response: JSON.stringify(place.result ?? { ok: true }) })
      .where('principal_id', '=', place.principal)
      .where('key', '=', place.key)
      .execute(),
  )
}

async function release(store: Store, organizationId: string, place: Place): Promise<void> {
  await store
    .within(organizationId, (tx) =>
      tx
        .deleteFrom('idempotency_key')
        .where('principal_id', '=', place.principal)
        .where('key', '=', place.key)
        .where('status', 'is', null)
        .execute(),
    )
    .catch(() => undefined)
}

/** Stored answers of all organizations that are too old to be given; the next use of their key is a first one. */
export async function purgeIdempotencyKeys(store: Store): Promise<number> {
  const rows = await store.system((tx) =>
    tx
      .deleteFrom('idempotency_key')
      .where('created_at', '<', sql<Date>`now() - interval '1 day'`)
      .returning('key')
      .execute(),
  )
  return rows.length
}
