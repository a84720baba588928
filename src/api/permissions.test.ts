import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createApiKey } from '#governance'
import { allPermissions, type Permission, systemPrincipal } from '#kernel'
import { type OpenHouse, openHouse, type Person } from '../../test/open-house.ts'
import type { Route } from './http/route.ts'
import { routes } from './routes/index.ts'

let house: OpenHouse
let stranger: Person
/** Keys of an owner that hold everything but one permission and what opens the same route. */
const keys = new Map<string, string>()

beforeAll(async () => {
  house = await openHouse()
  stranger = await house.stranger('Elsewhere')
})
afterAll(() => house?.close())

async function keyWithout(permissions: readonly Permission[]): Promise<string> {
  const name = permissions.join(' ')
  const known = keys.get(name)
  if (known) return known
  const { store, hasher, appendAudit } = house.house.foundation
  const scopes = allPermissions.filter((one) => !permissions.includes(one))
  const made = await store.within(house.organizationId, (tx) =>
    createApiKey(
      tx,
      { name: `without ${name}`.slice(0, 200), userId: house.owner.id, scopes },
      { principal: systemPrincipal, appendAudit, hasher },
    ),
  )
  keys.set(name, made.secret.reveal())
  return made.secret.reveal()
}

/** A path that fits the route; what it names does not exist. */
const samples: Record<string, string> = { kind: 'Prompt', seq: '0', label: 'live' }
const pathOf = ({ path }: Route) =>
  path.replace(/:(\w+)/g, (_, name: string) => samples[name] ?? 'absent')

async function call(route: Route, key?: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${house.url}${pathOf(route)}`, {
    method: route.method,
    headers: {
      ...(key ? { authorization: `Bearer ${key}` } : {}),
      ...(route.method === 'GET' || route.method === 'DELETE'
        ? {}
        : { 'content-type': route.consumes ?? 'application/json' }),
    },
    ...(route.method === 'GET' || route.method === 'DELETE' ? {} : { body: '{}' }),
    signal: AbortSignal.timeout(20_000),
  })
  return { status: answer.status, text: await answer.text() }
}

const denials = async () => {
  const rows = await house.house.foundation.store.read(house.organizationId, (tx) =>
    tx.selectFrom('audit_event').select('seq').where('kind', '=', 'access.denied').execute(),
  )
  return rows.length
}

describe('every route of the table', () => {
  const closed = routes.filter(({ permission }) => permission !== 'public')
  const guarded = closed.filter(({ permission }) => permission !== 'signed-in')

  it('declares who may call it; only sign-in and health are public [M27.route-permission]', () => {
    const open = routes.filter(({ permission }) => permission === 'public')
    expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
      'GET /api/v1/health',
      'POST /api/v1/session',
    ])
    expect(guarded.length).toBeGreaterThan(50)
    const places = routes.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ':x')}`)
    expect(new Set(places).size).toBe(places.length)
  })

  it('answers 401 to nobody and to a wrong key, and does nothing [M27.route-permission]', async () => {
    for (const route of closed) {
      for (const key of [undefined, 'plk_wrong', house.owner.key.slice(0, -1)]) {
        const { status, text } = await call(route, key)
        expect([route.method, route.path, status]).toEqual([route.method, route.path, 401])
        // Errors of Cohere have no word for themselves: their status says it.
        expect(text).toMatch(
          /UNAUTHENTICATED|invalid_api_key|authentication_error|^\{"id":"req_\w+","message"/,
        )
      }
    }
  })

  it('answers 403 to a key that lacks the permission only, and records it [M27.route-permission]', async () => {
    const before = await denials()
    for (const route of guarded) {
      const needed = route.permission as Permission
      const key = await keyWithout([needed, ...(route.orElse?.permissions ?? [])])
      const { status, text } = await call(route, key)
      expect([route.method, route.path, status]).toEqual([route.method, route.path, 403])
      expect(text).toContain(needed)
    }
    expect(await denials()).toBe(before + guarded.length)
  })

  it('gives a backup of the whole server to the organization that runs it only [M27.backup-tenant]', async () => {
    const reply = await stranger.call('GET', '/api/v1/system/backup')
    expect(reply.body).toMatchObject({ status: 403, code: 'FORBIDDEN' })
  })

  it('knows nothing of another organization: its ids answer as absent ones do [M27.foreign-ids]', async () => {
    const { body: user } = await house.owner.call('POST', '/api/v1/users', {
      body: { email: 'known@x.example', name: 'Known' },
    })
    await house.owner.call('POST', '/api/v1/groups', { body: { name: 'known', description: '' } })
    await house.apply('kind: Prompt\nname: known\nspec: {system: x}\n')
    const at = '/api/v1/resources/Prompt/known'
    const acts: [string, string, object?][] = [
      ['PATCH', `/api/v1/users/${user.id}`, { name: 'Mine' }],
      ['POST', `/api/v1/users/${user.id}/sign-in-link`, {}],
      ['DELETE', '/api/v1/groups/known'],
      ['DELETE', `/api/v1/keys/${house.owner.keyId}`],
      ['POST', '/api/v1/keys', { name: 'theirs', userId: user.id }],
      ['GET', at],
      ['GET', `${at}/history`],
      ['GET', `${at}/diff?from=1&to=1`],
      ['POST', `${at}/rollback`, { revision: 1 }],
      ['PUT', `${at}/labels/live`, { revision: 1 }],
      ['DELETE', `${at}/labels/live`],
      ['DELETE', at],
      ['GET', '/v1/models/known'],
    ]
    for (const [method, path, body] of acts) {
      const reply = await stranger.call(method, path, body ? { body } : {})
      expect([method, path, reply.status]).toEqual([method, path, 404])
    }
    for (const list of ['users?search=known', 'groups', 'resources?search=known']) {
      expect((await stranger.call('GET', `/api/v1/${list}`)).body.items).toEqual([])
    }
    for (const list of ['keys', 'audit']) {
      const { text } = await stranger.call('GET', `/api/v1/${list}?limit=500`)
      expect(text).not.toContain(house.owner.id)
      expect(text).not.toContain(user.id)
    }
    expect((await house.owner.call('GET', at)).status).toBe(200)
  })
})
