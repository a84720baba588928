import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  allPermissions,
  newId,
  type Permission,
  PlinthError,
  type Principal,
  systemPrincipal,
} from '#kernel'
import { applyResources, type Tx } from '#store'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { appendAuditAll } from '../audit/append.ts'
import {
  type Acting,
  Authenticator,
  addMember,
  bindRole,
  CredentialHasher,
  createApiKey,
  createGroup,
  createProject,
  createSignInLink,
  createUser,
  disableUser,
  enableUser,
  ensureOrganization,
  redeemSignInLink,
  removeMember,
  revokeApiKey,
  SignInAttempts,
  setUserGroups,
  unbindRole,
} from '../identity/index.ts'
import { Sealer } from '../sealing.ts'
import {
  Authorizer,
  denialOf,
  deniedEvent,
  mayRead,
  permittedSets,
  requirePermission,
} from './authorize.ts'
import { canonicalReaders, PermissionSets, permissionSetFor } from './permission-sets.ts'
import { type Facts, referenceAllows, referenceReads, type Who } from './reference.ts'

let test: TestStore
const sealer = new Sealer(new Uint8Array(32).fill(9))
const hasher = new CredentialHasher(new Uint8Array(32).fill(7))
const by: Acting & { hasher: CredentialHasher } = {
  principal: systemPrincipal,
  hasher,
  appendAudit: (tx, events) => appendAuditAll(tx, events, { sealer }),
}
let count = 0
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())

const principal = (
  permissions: Permission[],
  readerTokens: string[] = [],
  more: Partial<Principal> = {},
): Principal => ({
  kind: 'user',
  id: 'usr_1',
  userId: 'usr_1',
  name: 'x',
  readerTokens: readerTokens.sort(),
  permissions: new Set(permissions),
  ...more,
})

/** An organization, and the same as plain facts: each operation changes both. */
class World {
  readonly facts: Facts = { users: [], bindings: [], roles: [], keys: [] }
  readonly tokens = new Map<string, { session?: string; bearer?: string }>()
  readonly sets: { id: number; readers: string[]; document: string }[] = []
  readonly organizationId: string
  readonly servers = [0, 1].map(() => ({
    authenticator: new Authenticator(test.store, { hasher }),
    authorizer: new Authorizer(test.store),
  }))

  constructor(organizationId: string) {
    this.organizationId = organizationId
  }

  within<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return test.store.within(this.organizationId, work)
  }

  static async make(): Promise<World> {
    const { organizationId } = await ensureOrganization(test.store, `World ${count++}`, by)
    const world = new World(organizationId)
    await world.within(async (tx) => {
      for (const name of projects) await createProject(tx, { name }, by)
      for (const name of groups) await createGroup(tx, { name }, by)
    })
    for (const name of roles) await world.setRole(name, [])
    for (let i = 0; i < 3; i++) {
      const user = await world.within((tx) =>
        createUser(tx, { email: `u${i}@example.org`, name: `u${i}` }, by),
      )
      world.facts.users.push({ id: user.id, email: user.email, disabled: false, groups: [] })
      await world.signIn(user.id)
    }
    return world
  }

  async signIn(userId: string): Promise<void> {
    const link = await this.within((tx) => createSignInLink(tx, { userId }, by))
    const parts = { ...by, attempts: new SignInAttempts(test.store, { now: () => new Date() }) }
    const signedIn = await redeemSignInLink(test.store, { token: link.token.reveal() }, parts)
    if (signedIn.ok) this.tokens.set(userId, { session: signedIn.session.token.reveal() })
  }

  async setRole(name: string, permissions: string[]): Promise<void> {
    await this.within((tx) =>
      applyResources(tx, [{ kind: 'Role', name, spec: { permissions } }], by),
    )
    this.facts.roles = [...this.facts.roles.filter((r) => r.name !== name), { name, permissions }]
  }

  subject(i: number): string {
    return i < 3 ? `user:${this.facts.users[i]!.id}` : `group:${groups[i - 3]}`
  }

  async bind(i: number, role: string, project: string): Promise<void> {
    const binding = { subject: this.subject(i), role, project }
    const has = this.facts.bindings.some((b) => JSON.stringify(b) === JSON.stringify(binding))
    if (has) {
      await this.within((tx) => unbindRole(tx, binding, by))
      this.facts.bindings = this.facts.bindings.filter(
        (b) => JSON.stringify(b) !== JSON.stringify(binding),
      )
    } else {
      await this.within((tx) => bindRole(tx, binding, by))
      this.facts.bindings.push(binding)
    }
  }

  async member(i: number, group: string): Promise<void> {
    const user = this.facts.users[i]!
    const at = { userId: user.id, group }
    if (user.groups.includes(group)) {
      await this.within((tx) => removeMember(tx, at, by))
      user.groups = user.groups.filter((g) => g !== group)
    } else {
      await this.within((tx) => addMember(tx, at, by))
      user.groups.push(group)
    }
  }

  async toggle(i: number): Promise<void> {
    const user = this.facts.users[i]!
    if (user.disabled) {
      await this.within((tx) => enableUser(tx, user.id, by))
      await this.signIn(user.id)
    } else await this.within((tx) => disableUser(tx, user.id, by))
    user.disabled = !user.disabled
  }

  async key(i: number, scopes: ('*' | Permission)[]): Promise<void> {
    const userId = this.facts.users[i]!.id
    const { key, secret } = await this.within((tx) =>
      createApiKey(tx, { name: 'k', userId, scopes }, by),
    )
    this.facts.keys.push({ id: key.id, userId, scopes, revoked: false })
    this.tokens.set(key.id, { bearer: secret.reveal() })
  }

  async revoke(i: number): Promise<void> {
    const live = this.facts.keys.filter((k) => !k.revoked)
    const key = live[i % Math.max(1, live.length)]
    if (!key) return
    await this.within((tx) => revokeApiKey(tx, key.id, by))
    key.revoked = true
  }

  async document(readers: string[]): Promise<void> {
    const document = newId('doc')
    const named = readers.map((reader) =>
      reader.replace(/^id:(\d)$/, (_, i) => `user:${this.facts.users[Number(i)]!.id}`),
    )
    const id = await this.within(async (tx) => {
      const permission_set_id = await permissionSetFor(tx, named)
      await tx
        .insertInto('document')
        .values({
          id: document,
          knowledge_base: 'k',
          source: 's',
          external_id: document,
          title: document,
          permission_set_id,
        })
        .execute()
      return permission_set_id
    })
    this.sets.push({ id, readers: named, document })
  }

  /** Compares one principal on one server with the reference: actions, sets, and the list of documents. */
  async check(who: Who, server: (typeof this.servers)[number]): Promise<void> {
    const found = await server.authenticator.authenticate(this.tokens.get(who.keyId ?? who.userId)!)
    for (const permission of [...probed, 'audit.read' as const]) {
      for (const project of [undefined, ...projects]) {
        const resource = project
          ? { resource: { kind: 'Prompt' as const, name: 'x', project } }
          : {}
        const fast = found.ok && !denialOf(found.principal, { permission, ...resource })
        const expected = referenceAllows(this.facts, who, { permission, project })
        expect({ who, permission, project, allowed: fast }).toEqual({
          who,
          permission,
          project,
          allowed: expected,
        })
      }
    }
    const decision = found.ok
      ? await server.authorizer.authorize(found, { permission: 'documents.read' })
      : { allowed: false as const }
    const constraint = decision.allowed ? decision.constraint : { permissionSetIds: [] }
    const may = referenceAllows(this.facts, who, { permission: 'documents.read' })
    const expected = this.sets.filter((s) => may && referenceReads(this.facts, who, s.readers))
    expect(this.sets.filter((s) => mayRead(constraint, s.id))).toEqual(expected)
    const listed = await this.within((tx) =>
      tx
        .selectFrom('document')
        .select('id')
        .where('permission_set_id', '=', permittedSets(constraint))
        .execute(),
    )
    expect(listed.map((d) => d.id).sort()).toEqual(expected.map((s) => s.document).sort())
  }
}

const projects = ['p0', 'p1']
const groups = ['g0', 'g1']
const roles = ['r0', 'r1', 'r2']
const probed: Permission[] = ['documents.read', 'answers.ask', 'resources.write']
const granted = fc.uniqueArray(fc.constantFrom<'*' | Permission>('*', ...probed, ...probed), {
  maxLength: 3,
})
const user = fc.nat(2)
const reader = fc.constantFrom(
  'everyone',
  'group:g0',
  'group:g1',
  'group:gone',
  'id:0',
  'id:1',
  'user:U2@example.org',
  'user:nobody@example.org',
)
const operation = fc.oneof(
  {
    arbitrary: fc.tuple(
      fc.constant('bind'),
      fc.nat(4),
      fc.constantFrom(...roles),
      fc.constantFrom('*', '*', ...projects),
    ),
    weight: 5,
  },
  { arbitrary: fc.tuple(fc.constant('role'), fc.constantFrom(...roles), granted), weight: 4 },
  { arbitrary: fc.tuple(fc.constant('member'), user, fc.constantFrom(...groups)), weight: 3 },
  {
    arbitrary: fc.tuple(fc.constant('document'), fc.uniqueArray(reader, { maxLength: 3 })),
    weight: 3,
  },
  { arbitrary: fc.tuple(fc.constant('key'), user, granted), weight: 2 },
  { arbitrary: fc.tuple(fc.constant('toggle'), user), weight: 1 },
  { arbitrary: fc.tuple(fc.constant('revoke'), fc.nat(5)), weight: 1 },
)

async function perform(world: World, [kind, ...args]: readonly unknown[]): Promise<void> {
  if (kind === 'bind') await world.bind(args[0] as number, args[1] as string, args[2] as string)
  else if (kind === 'role') await world.setRole(args[0] as string, args[1] as string[])
  else if (kind === 'member') await world.member(args[0] as number, args[1] as string)
  else if (kind === 'document') await world.document(args[0] as string[])
  else if (kind === 'key') await world.key(args[0] as number, args[1] as Permission[])
  else if (kind === 'toggle') await world.toggle(args[0] as number)
  else await world.revoke(args[0] as number)
}

describe('the fast authoriser and the reference', () => {
  it('agree after every change, on every server, for users and keys, actions and documents [M27.reference-fuzz]', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(operation, fc.nat(), fc.nat(1)), {
          minLength: 12,
          maxLength: 40,
          size: 'max',
        }),
        async (steps) => {
          const world = await World.make()
          for (const [step, pick, server] of steps) {
            await perform(world, step)
            const everybody: Who[] = [
              ...world.facts.users.map((u) => ({ userId: u.id })),
              ...world.facts.keys.map((k) => ({ userId: k.userId, keyId: k.id })),
            ]
            for (let i = 0; i < 2; i++) {
              await world.check(
                everybody[(pick + i) % everybody.length]!,
                world.servers[(server + i) % 2]!,
              )
            }
          }
          for (const u of world.facts.users) await world.check({ userId: u.id }, world.servers[0]!)
          for (const k of world.facts.keys) {
            await world.check({ userId: k.userId, keyId: k.id }, world.servers[1]!)
          }
        },
      ),
      { numRuns: 6, endOnFailure: true },
    )
  })
})

describe('many changes at once', () => {
  it('never wait for each other in a circle, and leave one consistent state [M27.lock-order]', async () => {
    const world = await World.make()
    const { users } = world.facts
    const other = new PermissionSets(test.store)
    const work: ((tx: Tx, i: number) => Promise<unknown>)[] = [
      (tx, i) =>
        applyResources(
          tx,
          [{ kind: 'Role', name: 'r0', spec: { permissions: i % 2 ? ['answers.ask'] : [] } }],
          by,
        ),
      (tx, i) =>
        applyResources(tx, [{ kind: 'Prompt', name: `p${i % 3}`, spec: { system: `${i}` } }], by),
      (tx, i) => bindRole(tx, { subject: world.subject(i % 5), role: 'r1' }, by),
      (tx, i) => createUser(tx, { email: `x${i}@example.org`, name: 'x', roles: ['member'] }, by),
      (tx, i) =>
        setUserGroups(tx, { userId: users[i % 3]!.id, groups: i % 2 ? ['g0'] : ['g1'] }, by),
      (tx, i) => (i % 2 ? disableUser : enableUser)(tx, users[2]!.id, by),
      async (tx, i) => {
        await permissionSetFor(tx, [`group:${i}`, 'everyone'])
        await appendAuditAll(tx, [])
      },
      (tx, i) => createApiKey(tx, { name: `k${i}`, userId: users[0]!.id }, by),
      (tx) => createSignInLink(tx, { userId: users[1]!.id }, by),
    ]
    const tasks = Array.from({ length: 12 * work.length }, (_, i) => {
      const one = work[i % work.length]!
      return world.within((tx) => one(tx, Math.floor(i / work.length)))
    })
    const seen = Array.from({ length: 20 }, () =>
      other.readableBy(world.organizationId, ['everyone']),
    )
    await Promise.all([...tasks, ...seen])
    const sets = await world.within((tx) => tx.selectFrom('permission_set').select('id').execute())
    expect(sets).toHaveLength(12)
    expect(await other.readableBy(world.organizationId, ['everyone'])).toHaveLength(12)
  })
})

describe('permission sets', () => {
  let org: string
  beforeEach(async () => {
    org = await addOrganization(test.store)
  })
  const setFor = (readers: string[], organizationId = org) =>
    test.store.within(organizationId, (tx) => permissionSetFor(tx, readers))

  it('are one for the same readers, whatever their order and spelling [M11.permission-sets]', async () => {
    const id = await setFor(['group:b', 'user:Ada@Example.org', 'group:a'])
    expect(await setFor(['group:a', 'group:b', ' user:ada@EXAMPLE.org', 'group:a'])).toBe(id)
    expect(await setFor(['group:a', 'group:b'])).not.toBe(id)
    expect(await setFor(['group:a', 'group:b'], await addOrganization(test.store))).not.toBe(id)
    const raced = await Promise.all(Array.from({ length: 8 }, () => setFor(['group:race'])))
    expect(new Set(raced).size).toBe(1)
    for (const wrong of ['', 'all', 'user:', 'group:\0', 'Everyone', 'user:not@an@address']) {
      expect(() => canonicalReaders([wrong])).toThrow(PlinthError)
    }
    expect(() => canonicalReaders(Array.from({ length: 1_001 }, (_, i) => `group:${i}`))).toThrow(
      '1000',
    )
  })

  it('without readers are read by nobody, and nobody reads without tokens [M11.fail-closed]', async () => {
    await setFor([])
    const everyone = await setFor(['everyone'])
    const sets = new PermissionSets(test.store)
    expect(await sets.readableBy(org, ['everyone', 'user:usr_1'])).toEqual([everyone])
    expect(await sets.readableBy(org, [])).toEqual([])
    expect(await sets.readableBy(await addOrganization(test.store), ['everyone'])).toEqual([])
    expect(mayRead({ permissionSetIds: [] }, everyone)).toBe(false)
    expect(mayRead({ permissionSetIds: [everyone] }, everyone + 1)).toBe(false)
  })

  it('are known to the next question as soon as they are committed [M11.permission-sets]', async () => {
    const sets = new PermissionSets(test.store)
    const ids: number[] = []
    for (let i = 0; i < 30; i++) {
      ids.push(await setFor(['everyone', `group:${i}`]))
      expect(await sets.readableBy(org, ['everyone'])).toEqual(ids)
    }
    expect(await sets.readableBy(org, ['group:3', 'group:7'])).toEqual([ids[3], ids[7]])
  })

  it('give the same ids as looking at every set [M11.permission-sets]', async () => {
    const token = fc.constantFrom('everyone', 'user:a', 'user:b', 'group:x', 'group:y', 'group:z')
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uniqueArray(token, { maxLength: 4 }), { maxLength: 12 }),
        fc.array(fc.uniqueArray(token), { minLength: 1, maxLength: 4 }),
        async (all, askers) => {
          const organizationId = await addOrganization(test.store)
          const sets = new PermissionSets(test.store)
          const stored = new Map<number, string[]>()
          for (const readers of all) {
            stored.set(await setFor(readers, organizationId), readers)
            for (const tokens of askers) {
              const expected = [...stored]
                .filter(([, r]) => r.some((x) => (tokens as string[]).includes(x)))
                .map(([id]) => id)
              expect(await sets.readableBy(organizationId, tokens)).toEqual(
                expected.sort((a, b) => a - b),
              )
            }
          }
        },
      ),
      { numRuns: 15 },
    )
  })
})

describe('a decision', () => {
  it('names the rule that denied, and can be recorded [M27.denied-rule]', async () => {
    const ask = { permission: 'audit.read' as const }
    expect(denialOf(principal(['audit.read']), ask)).toBeUndefined()
    const rules = [
      principal([]),
      principal([], [], {
        projectPermissions: new Map([['blue', new Set<Permission>(['audit.read'])]]),
      }),
      principal([], [], {
        kind: 'service',
        id: 'key_1',
        scopes: new Set<Permission>(['answers.ask']),
      }),
    ].map((p) => denialOf(p, ask)?.rule)
    expect(rules).toEqual(['no-role', 'other-project', 'key-scope'])
    const denial = denialOf(principal([]), ask)!
    const event = deniedEvent(denial, { principal: principal([]), requestId: 'req_1' })
    expect(event).toMatchObject({
      kind: 'access.denied',
      outcome: 'denied',
      details: { rule: 'no-role', permission: 'audit.read' },
    })
    await test.store.within(test.organizationId, (tx) => appendAuditAll(tx, [event]))
    expect(() => requirePermission({ principal: principal([]) }, 'audit.read')).toThrow(
      'No role of usr_1 grants audit.read. (rule: no-role)',
    )
    requirePermission({ principal: principal(['audit.read']) }, 'audit.read')
  })

  it('about anything but documents reads none, and the server itself reads none [M11.fail-closed]', async () => {
    const authorizer = new Authorizer(test.store)
    await test.store.within(test.organizationId, (tx) => permissionSetFor(tx, ['everyone']))
    const at = {
      organizationId: test.organizationId,
      principal: principal([...allPermissions], ['everyone']),
    }
    for (const permission of allPermissions) {
      const decision = await authorizer.authorize(at, { permission })
      const ids = decision.allowed && decision.constraint.permissionSetIds
      const reads = [
        'answers.ask',
        'conversations.read',
        'conversations.write',
        'documents.read',
        'documents.write',
        'documents.unmask',
      ]
      expect([permission, ids]).toEqual([permission, reads.includes(permission) ? ids : []])
    }
    const system = { organizationId: test.organizationId, principal: systemPrincipal }
    const decision = await authorizer.authorize(system, { permission: 'documents.read' })
    expect(decision).toMatchObject({ allowed: true, constraint: { permissionSetIds: [] } })
  })
})
