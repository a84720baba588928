import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { PlinthError, type Principal, Secret, systemPrincipal } from '#kernel'
import { applyResources, type Store, type Tx } from '#store'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { appendAuditAll } from '../audit/append.ts'
import { Sealer } from '../sealing.ts'
import type { Acting } from './acting.ts'
import { SignInAttempts } from './attempts.ts'
import { Authenticator } from './authenticate.ts'
import { bindRole, unbindRole } from './bindings.ts'
import { CredentialHasher, newApiKey } from './credentials.ts'
import { createApiKey, listApiKeys, revokeApiKey } from './keys.ts'
import { createSignInLink, redeemSignInLink } from './links.ts'
import { ensureOrganization } from './organizations.ts'
import { loadPrincipal } from './principals.ts'
import { listSessions, purgeCredentials, revokeSession } from './sessions.ts'
import { type SignedIn, type SignInParts, signInWithPassword } from './sign-in.ts'
import { createUser, disableUser, enableUser, setPassword } from './users.ts'

const sealer = new Sealer(new Uint8Array(32).fill(9))
let test: TestStore
let org: string
let time = Date.parse('2026-01-01T00:00:00Z')
const clock = { now: () => new Date(time) }
const hasher = new CredentialHasher(new Uint8Array(32).fill(7))
const by: Acting & { hasher: CredentialHasher } = {
  principal: systemPrincipal,
  hasher,
  clock,
  appendAudit: (tx, events) =>
    appendAuditAll(tx, events, {
      sealer,
      clock,
    }),
}
let parts: SignInParts
let count = 0
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  org = (await ensureOrganization(test.store, `Organization ${count++}`, by)).organizationId
  parts = {
    hasher,
    clock,
    appendAudit: by.appendAudit,
    attempts: new SignInAttempts(test.store, clock),
  }
})

const within = <T>(work: (tx: Tx) => Promise<T>) => test.store.within(org, work)
const add = (name: string, roles: string[] = ['member']) =>
  within((tx) => createUser(tx, { email: `${name}@example.org`, name, roles }, by))
const failure = async (work: Promise<unknown>): Promise<PlinthError> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(PlinthError)
  return error as PlinthError
}
const good = new Secret('correct horse battery staple')
const authenticator = (store: Store = test.store) => new Authenticator(store, { hasher, clock })
const session = (result: SignedIn) => {
  if (!result.ok) throw new Error(result.reason)
  return result.session
}
const minutes = (n: number) => {
  time += n * 60_000
}

describe('signing in', () => {
  const attempt = (email: string, password: Secret, address = '10.0.0.1') =>
    signInWithPassword(test.store, { organizationId: org, email, password, address }, parts)

  it('by password starts a session, and says one word for every failure [M27.sign-in]', async () => {
    const ada = await add('ada')
    await setPassword(test.store, { organizationId: org, userId: ada.id, password: good }, by)
    const wrong = { ok: false, reason: 'wrong' }
    expect(await attempt('ada@example.org', new Secret('wrong'))).toEqual(wrong)
    expect(await attempt('nobody@example.org', good)).toEqual(wrong)
    expect(await attempt('not an address\0', good)).toEqual(wrong)
    await add('bob')
    expect(await attempt('bob@example.org', good)).toEqual(wrong)
    const { token, expiresAt } = session(await attempt(' ADA@Example.org', good))
    expect(Date.parse(expiresAt) - time).toBe(7 * 24 * 3_600_000)
    const found = await authenticator().authenticate({ session: token.reveal() })
    expect(found).toMatchObject({
      ok: true,
      organizationId: org,
      principal: { kind: 'user', id: ada.id },
    })
    await within((tx) => disableUser(tx, ada.id, by))
    expect(await attempt('ada@example.org', good)).toEqual(wrong)
    const log = await within((tx) =>
      tx
        .selectFrom('audit_event')
        .select('canonical')
        .where('kind', '=', 'session.started')
        .execute(),
    )
    expect(log.map((e) => JSON.parse(e.canonical).outcome)).toEqual([
      'failed',
      'failed',
      'failed',
      'failed',
      'done',
      'failed',
    ])
    const stored = await within((tx) => tx.selectFrom('session').selectAll().execute())
    expect(JSON.stringify(stored)).not.toContain(token.reveal())
  })

  it('is limited for an account and an address, and the limit passes with time [M27.sign-in-limit]', async () => {
    const ada = await add('ada')
    await setPassword(test.store, { organizationId: org, userId: ada.id, password: good }, by)
    const wrong = new Secret('wrong')
    const burst = await Promise.all(
      Array.from({ length: 15 }, () => attempt('ada@example.org', wrong)),
    )
    expect(burst.filter((r) => !r.ok && r.reason === 'wrong')).toHaveLength(10)
    const blocked = await attempt('ada@example.org', good)
    expect(blocked).toEqual({ ok: false, reason: 'too-many', retryAfterSeconds: 60 })
    expect((await attempt('ada@example.org', good, '10.0.0.2')).ok).toBe(true)
    minutes(1)
    expect((await attempt('ada@example.org', good)).ok).toBe(true)
  })

  it('takes the same work for accounts that do not exist [M27.sign-in-timing]', async () => {
    const ada = await add('ada')
    await setPassword(test.store, { organizationId: org, userId: ada.id, password: good }, by)
    const took = async (email: string) => {
      const times = []
      for (let i = 0; i < 5; i++) {
        // Time of the processor: the hash runs in threads of this process, whatever else the machine does.
        const started = process.cpuUsage()
        await attempt(email, new Secret('wrong'))
        times.push(process.cpuUsage(started).user)
      }
      return times.sort((a, b) => a - b)[2]!
    }
    await took('warm@example.org')
    const [known, unknown] = [await took('ada@example.org'), await took('none@example.org')]
    // Without the decoy the ratio is about ten; the hash dominates both.
    expect(Math.max(known, unknown) / Math.min(known, unknown)).toBeLessThan(4)
  })

  it('with a password of one’s own needs the current one, and ends all sessions [M27.passwords]', async () => {
    const ada = await add('ada')
    const at = { organizationId: org, userId: ada.id }
    await setPassword(test.store, { ...at, password: good }, by)
    const { token } = session(await attempt('ada@example.org', good))
    const auth = authenticator()
    const signedIn = await auth.authenticate({ session: token.reveal() })
    if (!signedIn.ok) throw new Error(signedIn.reason)
    const self = { ...by, principal: signedIn.principal }
    const next = new Secret('quiet marble thunder')
    expect((await failure(setPassword(test.store, { ...at, password: next }, self))).code).toBe(
      'FORBIDDEN',
    )
    await setPassword(test.store, { ...at, password: next, current: good }, self)
    expect(await auth.authenticate({ session: token.reveal() })).toEqual({
      ok: false,
      reason: 'revoked',
    })
    expect((await attempt('ada@example.org', good)).ok).toBe(false)
    expect((await attempt('ada@example.org', next)).ok).toBe(true)
  })
})

describe('sign-in links', () => {
  const link = (userId: string, acting: Acting = by) =>
    within((tx) => createSignInLink(tx, { userId }, { ...acting, hasher }))
  const redeem = (token: string) => redeemSignInLink(test.store, { token }, parts)

  it('work once, however many use one at the same moment [M27.link-once]', async () => {
    const ada = await add('ada')
    const { token } = await link(ada.id)
    const all = await Promise.all(Array.from({ length: 8 }, () => redeem(token.reveal())))
    expect(all.filter((r) => r.ok)).toHaveLength(1)
    expect(await redeem(token.reveal())).toEqual({ ok: false, reason: 'wrong' })
    const sessions = await within((tx) => tx.selectFrom('session').select('id').execute())
    expect(sessions).toHaveLength(1)
  })

  it('expire, end with their user, and are nothing to guess at [M27.links]', async () => {
    const ada = await add('ada')
    const old = await link(ada.id)
    minutes(15)
    expect((await redeem(old.token.reveal())).ok).toBe(false)
    const open = await link(ada.id)
    await within((tx) => disableUser(tx, ada.id, by))
    expect((await failure(link(ada.id))).code).toBe('CONFLICT')
    await within((tx) => enableUser(tx, ada.id, by))
    expect((await redeem(open.token.reveal())).ok).toBe(false)
    for (const token of ['', 'x', `pll_${'a'.repeat(43)}`, `pls_${'a'.repeat(43)}`, '\0']) {
      expect(await redeem(token)).toEqual({ ok: false, reason: 'wrong' })
    }
  })

  it('are not made for somebody with more rights [M27.no-escalation]', async () => {
    const owner = await add('owner', ['owner'])
    const platform = await add('platform', ['platform'])
    const loaded = await within((tx) => loadPrincipal(tx, { userId: platform.id }))
    const acting = { ...by, principal: loaded?.principal as Principal }
    expect((await failure(link(owner.id, acting))).code).toBe('FORBIDDEN')
    await link((await add('member')).id, acting)
  })
})

describe('API keys', () => {
  const make = (userId: string, more: object = {}, acting: Acting = by) =>
    within((tx) => createApiKey(tx, { name: 'ci', userId, ...more }, { ...acting, hasher }))
  const acting = async (userId: string, key?: { id: string; name: string; scopes: string[] }) => {
    const loaded = await within((tx) => loadPrincipal(tx, { userId, ...(key && { key }) }))
    return { ...by, principal: loaded?.principal as Principal }
  }

  it('show their secret once and store only its HMAC [M27.key-storage]', async () => {
    const ada = await add('ada')
    const { key, secret } = await make(ada.id)
    expect(secret.reveal().startsWith(key.prefix)).toBe(true)
    expect(key.prefix).toHaveLength(12)
    const rows = await within((tx) => tx.selectFrom('api_key').selectAll().execute())
    const log = await within((tx) => tx.selectFrom('audit_event').select('canonical').execute())
    expect(JSON.stringify([rows, log, key])).not.toContain(secret.reveal().slice(12, 34))
    expect(rows[0]?.key_hmac).toHaveLength(32)
    const other = new CredentialHasher(new Uint8Array(32).fill(8))
    const stranger = new Authenticator(test.store, { hasher: other, clock })
    expect(await stranger.authenticate({ bearer: secret.reveal() })).toEqual({
      ok: false,
      reason: 'unknown',
    })
  })

  it('may do what both scopes and roles grant [M27.key-scopes]', async () => {
    const ada = await add('ada', ['viewer'])
    const { secret } = await make(ada.id, { scopes: ['answers.ask', 'resources.write'] })
    const none = await make(ada.id, { scopes: [] })
    const auth = authenticator()
    const held = async (bearer: Secret) => {
      const found = await auth.authenticate({ bearer: bearer.reveal() })
      return found.ok ? [...found.principal.permissions].sort() : found.reason
    }
    expect(await held(secret)).toEqual(['answers.ask'])
    expect(await held(none.secret)).toEqual([])
    await within((tx) => bindRole(tx, { subject: `user:${ada.id}`, role: 'data-engineer' }, by))
    expect(await held(secret)).toEqual(['answers.ask', 'resources.write'])
    const unknown = make(ada.id, { scopes: ['everything'] })
    expect((await failure(unknown)).code).toBe('INVALID_INPUT')
  })

  it('cannot make keys, or be made for people, beyond the maker [M27.no-escalation]', async () => {
    const owner = await add('owner', ['owner'])
    const member = await add('member', ['member'])
    const asMember = await acting(member.id)
    expect((await failure(make(owner.id, {}, asMember))).code).toBe('FORBIDDEN')
    const platform = await acting((await add('platform', ['platform'])).id)
    expect((await failure(make(owner.id, {}, platform))).code).toBe('FORBIDDEN')
    const small = await acting(owner.id, {
      id: 'key_1',
      name: 'k',
      scopes: ['keys.write', 'people.write'],
    })
    expect((await failure(make(owner.id, {}, small))).code).toBe('FORBIDDEN')
    expect((await failure(make(owner.id, { scopes: ['audit.read'] }, small))).code).toBe(
      'FORBIDDEN',
    )
    expect((await failure(make(member.id, { scopes: ['keys.write'] }, small))).code).toBe(
      'FORBIDDEN',
    )
    const link = within((tx) => createSignInLink(tx, { userId: owner.id }, { ...small, hasher }))
    expect((await failure(link)).code).toBe('FORBIDDEN')
    await make(owner.id, { scopes: ['keys.write'] }, small)
  })

  it('stop at once when revoked, expired, or their user is disabled, on every server [M27.revoke-now]', async () => {
    const ada = await add('ada')
    const servers = [authenticator(), authenticator()]
    const on = (bearer: Secret) =>
      Promise.all(servers.map((s) => s.authenticate({ bearer: bearer.reveal() })))
    const reasons = async (bearer: Secret) =>
      (await on(bearer)).map((r) => (r.ok ? 'ok' : r.reason))
    const one = await make(ada.id)
    expect(await reasons(one.secret)).toEqual(['ok', 'ok'])
    await within((tx) => revokeApiKey(tx, one.key.id, by))
    expect(await reasons(one.secret)).toEqual(['revoked', 'revoked'])
    const two = await make(ada.id, { expiresAt: new Date(time + 60_000) })
    expect(await reasons(two.secret)).toEqual(['ok', 'ok'])
    minutes(1)
    expect(await reasons(two.secret)).toEqual(['expired', 'expired'])
    const three = await make(ada.id)
    expect(await reasons(three.secret)).toEqual(['ok', 'ok'])
    await within((tx) => disableUser(tx, ada.id, by))
    expect(await reasons(three.secret)).toEqual(['disabled', 'disabled'])
    await within((tx) => enableUser(tx, ada.id, by))
    expect(await reasons(three.secret)).toEqual(['ok', 'ok'])
  })

  it('stop even in the middle of use: nothing succeeds after the revocation committed [M27.revoke-now]', async () => {
    const ada = await add('ada')
    const { key, secret } = await make(ada.id)
    const auth = authenticator()
    let revoked = false
    const loop = async () => {
      const results: string[] = []
      for (let i = 0; i < 60; i++) {
        const before = revoked
        const found = await auth.authenticate({ bearer: secret.reveal() })
        if (before) results.push(found.ok ? 'LEAK' : found.reason)
      }
      return results
    }
    const loops = [loop(), loop(), loop()]
    await within((tx) => revokeApiKey(tx, key.id, by))
    revoked = true
    const after = (await Promise.all(loops)).flat()
    expect(after.length).toBeGreaterThan(0)
    expect(new Set(after)).toEqual(new Set(['revoked']))
  })

  it('follow a changed role at once, and cost no statement of their own otherwise [M27.revoke-now]', async () => {
    const ada = await add('ada', ['viewer'])
    const { secret } = await make(ada.id)
    let statements = 0
    const spy: Store = {
      engine: test.store.engine,
      within: (id, work) => {
        statements += 10
        return test.store.within(id, work)
      },
      read: (id, work) => {
        statements += 1
        return test.store.read(id, work)
      },
      system: (work) => {
        statements += 10
        return test.store.system(work)
      },
      epochs: (id) => test.store.epochs(id),
      close: () => test.store.close(),
    }
    const auth = authenticator(spy)
    const may = async () => {
      const found = await auth.authenticate({ bearer: secret.reveal() })
      return found.ok && found.principal.permissions.has('documents.read')
    }
    expect(await may()).toBe(true)
    statements = 0
    expect(await may()).toBe(true)
    expect(statements).toBe(0)
    const viewer = { kind: 'Role', name: 'viewer', spec: { permissions: ['answers.ask'] } }
    await within((tx) => applyResources(tx, [viewer], by))
    expect(await may()).toBe(false)
    await within((tx) => bindRole(tx, { subject: `user:${ada.id}`, role: 'member' }, by))
    expect(await may()).toBe(true)
    await within((tx) => unbindRole(tx, { subject: `user:${ada.id}`, role: 'member' }, by))
    expect(await may()).toBe(false)
  })

  it('cost no statement when malformed, and tell nothing [M27.key-format]', async () => {
    const auth = new Authenticator(
      {
        engine: 'pglite',
        within: () => expect.unreachable(),
        read: () => expect.unreachable(),
        system: () => expect.unreachable(),
        epochs: () => expect.unreachable(),
        close: async () => undefined,
      },
      { hasher, clock },
    )
    const valid = newApiKey().reveal()
    for (const bearer of [
      'plk_',
      `${valid}x`,
      `${valid.slice(0, -1)}!`,
      valid.toUpperCase(),
      'sk-123',
      '\0',
      'x'.repeat(100_000),
    ]) {
      expect(await auth.authenticate({ bearer })).toEqual({ ok: false, reason: 'malformed' })
    }
    expect(await auth.authenticate({})).toEqual({ ok: false, reason: 'missing' })
    expect(await auth.authenticate({ session: valid })).toEqual({ ok: false, reason: 'malformed' })
  })

  it('are listed for oneself, or for all with people.read; last use is written at most once a minute [M27.keys]', async () => {
    const [ada, bob] = [await add('ada'), await add('bob')]
    const mine = await make(ada.id)
    await make(bob.id)
    const auth = authenticator()
    await auth.authenticate({ bearer: mine.secret.reveal() })
    await auth.flush()
    const first = new Date(time).toISOString()
    const asAda = await acting(ada.id)
    const list = async (who: Acting) => (await within((tx) => listApiKeys(tx, {}, who))).items
    expect(await list(asAda)).toMatchObject([
      { id: mine.key.id, userName: 'ada', lastUsedAt: first },
    ])
    expect(await list(by)).toHaveLength(2)
    time += 30_000
    await auth.authenticate({ bearer: mine.secret.reveal() })
    await auth.flush()
    expect((await list(asAda))[0]?.lastUsedAt).toBe(first)
    time += 40_000
    await auth.authenticate({ bearer: mine.secret.reveal() })
    await auth.close()
    expect((await list(asAda))[0]?.lastUsedAt).toBe(new Date(time).toISOString())
    const other = await addOrganization(test.store)
    for (const id of [mine.key.id, 'key_absent', '\0']) {
      const outside = test.store.within(other, (tx) => revokeApiKey(tx, id, by))
      expect((await failure(outside)).message).toBe('There is no such API key.')
      const session = test.store.within(other, (tx) => revokeSession(tx, id, by))
      expect((await failure(session)).code).toBe('NOT_FOUND')
    }
    const foreign = within((tx) =>
      revokeApiKey(tx, mine.key.id, { ...by, principal: { ...asAda.principal, userId: bob.id } }),
    )
    expect((await failure(foreign)).code).toBe('NOT_FOUND')
  })
})

describe('sessions', () => {
  it('are listed, ended at once, and expire [M27.sessions]', async () => {
    const ada = await add('ada')
    const start = async () => {
      const { token } = await within((tx) => createSignInLink(tx, { userId: ada.id }, by))
      return session(
        await redeemSignInLink(
          test.store,
          { token: token.reveal(), userAgent: 'Fire\0fox' },
          parts,
        ),
      )
    }
    const [one, two] = [await start(), await start()]
    const auth = authenticator()
    const reason = async (token: Secret) => {
      const found = await auth.authenticate({ session: token.reveal() })
      return found.ok ? found.sessionId : found.reason
    }
    expect(await reason(one.token)).toBe(one.id)
    const loaded = await within((tx) => loadPrincipal(tx, { userId: ada.id }))
    const self = { ...by, principal: loaded?.principal as Principal }
    expect((await within((tx) => listSessions(tx, ada.id, self))).map((s) => s.userAgent)).toEqual([
      'Firefox',
      'Firefox',
    ])
    await within((tx) => revokeSession(tx, one.id, self))
    expect(await reason(one.token)).toBe('revoked')
    expect(await reason(two.token)).toBe(two.id)
    const bob = await add('bob')
    const asBob = { ...by, principal: { ...self.principal, id: bob.id, userId: bob.id } }
    expect((await failure(within((tx) => revokeSession(tx, two.id, asBob)))).code).toBe('NOT_FOUND')
    minutes(7 * 24 * 60)
    expect(await reason(two.token)).toBe('expired')
    expect(await within((tx) => listSessions(tx, ada.id, self))).toEqual([])
    minutes(2)
    await start()
    await purgeCredentials(test.store, new Date(time - 60_000))
    const left = await within((tx) => tx.selectFrom('session').select('id').execute())
    expect(left).toHaveLength(1)
  })
})
