import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type Permission, PlinthError, type Principal, Secret, systemPrincipal } from '#kernel'
import { applyResources, deleteResource, getResource, listResources, type Tx } from '#store'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { appendAuditAll } from '../audit/append.ts'
import { Sealer } from '../sealing.ts'
import type { Acting } from './acting.ts'
import { bindRole, listBindings, setUserRoles, unbindRole } from './bindings.ts'
import { addMember, createGroup, deleteGroup, listGroups, removeMember } from './groups.ts'
import { createProject, ensureOrganization, listProjects } from './organizations.ts'
import { loadPrincipal } from './principals.ts'
import { builtInRoles } from './roles.ts'
import { seedPeople } from './seed.ts'
import {
  createUser,
  disableUser,
  enableUser,
  getUser,
  listUsers,
  normalizeEmail,
  renameUser,
  setPassword,
} from './users.ts'

const sealer = new Sealer(new Uint8Array(32).fill(9))
let test: TestStore
let org: string
const by: Acting = {
  principal: systemPrincipal,
  appendAudit: (tx, events) => appendAuditAll(tx, events, { sealer }),
}
let count = 0
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  org = (await ensureOrganization(test.store, `Organization ${count++}`, by)).organizationId
})

const within = <T>(work: (tx: Tx) => Promise<T>) => test.store.within(org, work)
const failure = async (work: Promise<unknown>): Promise<PlinthError> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(PlinthError)
  return error as PlinthError
}
const add = (name: string, roles: string[] = [], groups: string[] = []) =>
  within((tx) => createUser(tx, { email: `${name}@example.org`, name, roles, groups }, by))
const as = async (userId: string): Promise<Acting> => {
  const loaded = await within((tx) => loadPrincipal(tx, { userId }))
  return { ...by, principal: loaded?.principal as Principal }
}
const events = (kind: string) =>
  within((tx) =>
    tx.selectFrom('audit_event').select(['canonical']).where('kind', '=', kind).execute(),
  )

describe('an organization', () => {
  it('begins with its roles as resources, its model and its project [M27.built-in-roles]', async () => {
    const roles = await within((tx) => listResources(tx, { ...by, kind: 'Role' }))
    expect(roles.items.map((r) => r.name)).toEqual(Object.keys(builtInRoles).sort())
    const owner = await within((tx) => getResource(tx, { kind: 'Role', name: 'owner' }, by))
    expect(owner.spec).toMatchObject({ permissions: ['*'] })
    expect(
      await within((tx) => getResource(tx, { kind: 'Model', name: 'extractive' }, by)),
    ).toBeTruthy()
    expect((await within(listProjects)).map((p) => p.name)).toEqual(['default'])
    expect(await events('organization.created')).toHaveLength(1)
  })

  it('is made once, also by servers that start together, and keeps what people changed [M27.bootstrap]', async () => {
    const name = `Race ${count++}`
    const made = await Promise.all(
      Array.from({ length: 5 }, () => ensureOrganization(test.store, name, by)),
    )
    expect(new Set(made.map((m) => m.organizationId)).size).toBe(1)
    expect(made.filter((m) => m.created)).toHaveLength(1)
    org = made[0]!.organizationId
    const viewer = { kind: 'Role', name: 'viewer', spec: { permissions: ['documents.read'] } }
    await within((tx) => applyResources(tx, [viewer], by))
    await within((tx) => deleteResource(tx, { kind: 'Role', name: 'platform' }, by))
    await ensureOrganization(test.store, name, by)
    const roles = await within((tx) => listResources(tx, { ...by, kind: 'Role' }))
    expect(roles.items.map((r) => r.name)).not.toContain('platform')
    expect(roles.items.find((r) => r.name === 'viewer')).toMatchObject({ revision: 2 })
  })

  it('has projects [M27.projects]', async () => {
    await within((tx) => createProject(tx, { name: 'blue', description: 'Sky' }, by))
    expect((await failure(within((tx) => createProject(tx, { name: 'blue' }, by)))).code).toBe(
      'CONFLICT',
    )
    expect((await failure(within((tx) => createProject(tx, { name: 'No' }, by)))).code).toBe(
      'INVALID_INPUT',
    )
    const member = await as((await add('m', ['member'])).id)
    expect((await failure(within((tx) => createProject(tx, { name: 'red' }, member)))).code).toBe(
      'FORBIDDEN',
    )
  })
})

describe('people', () => {
  it('are known by one spelling of their address [M27.email]', async () => {
    expect(normalizeEmail('  Ada.L@EXAMPLE.org ')).toBe('ada.l@example.org')
    expect(normalizeEmail('ä@Müller.de')).toBe('ä@xn--mller-kva.de')
    for (const wrong of [
      '',
      'a',
      '@b.c',
      'a@',
      'a b@c.d',
      'a@b@c',
      'a\0@b.c',
      `${'x'.repeat(65)}@b.c`,
      'a@b..c',
      'a@[1.2.3.4]',
    ]) {
      expect(() => normalizeEmail(wrong)).toThrow(PlinthError)
    }
    await add('ada')
    const again = within((tx) => createUser(tx, { email: 'ADA@example.org', name: 'x' }, by))
    expect((await failure(again)).code).toBe('CONFLICT')
  })

  it('are listed, found, renamed, disabled and enabled [M27.people]', async () => {
    await within((tx) => createGroup(tx, { name: 'claims' }, by))
    for (const name of ['c', 'a', 'b']) await add(name, ['member'], name === 'b' ? ['claims'] : [])
    const first = await within((tx) => listUsers(tx, { limit: 2 }, by))
    expect(first.items.map((u) => u.name)).toEqual(['a', 'b'])
    expect(first.items[1]).toMatchObject({ groups: ['claims'], roles: ['member'], disabled: false })
    const second = await within((tx) => listUsers(tx, { cursor: first.nextCursor! }, by))
    expect(second.items.map((u) => u.name)).toEqual(['c'])
    const found = await within((tx) => listUsers(tx, { search: 'B@' }, by))
    expect(found.items).toHaveLength(1)
    const { id } = found.items[0]!
    expect(await within((tx) => renameUser(tx, { id, name: ' Bea ' }, by))).toMatchObject({
      name: 'Bea',
    })
    expect(await within((tx) => disableUser(tx, id, by))).toMatchObject({ disabled: true })
    expect(await within((tx) => loadPrincipal(tx, { userId: id }))).toBeUndefined()
    expect(await within((tx) => enableUser(tx, id, by))).toMatchObject({ disabled: false })
    expect((await failure(within((tx) => renameUser(tx, { id, name: 'a\nb' }, by)))).code).toBe(
      'INVALID_INPUT',
    )
  })

  it('stand in the audit log without their address in the clear [M28.personal]', async () => {
    await add('secretive')
    const [event] = await events('user.created')
    expect(event?.canonical).not.toContain('secretive@')
    expect(event?.canonical).toContain('"personal"')
  })

  it('come from a list, again and again [M27.seed]', async () => {
    const people = [
      {
        email: 'Maren@x.example',
        name: 'Maren',
        groups: ['claims', 'leads'],
        roles: ['product-owner'],
      },
      { email: 'ewan@x.example', name: 'Ewan', groups: ['claims'], roles: ['member'] },
    ]
    const first = await within((tx) => seedPeople(tx, people, by))
    const more = [{ ...people[1]!, groups: ['leads'], roles: ['viewer'] }]
    await within((tx) => seedPeople(tx, [people[0]!, ...more], by))
    const ewan = await within((tx) => getUser(tx, first.get('ewan@x.example')!))
    expect(ewan).toMatchObject({ groups: ['claims', 'leads'], roles: ['member', 'viewer'] })
    const groups = await within((tx) => listGroups(tx, {}, by))
    expect(groups.items).toEqual([
      { name: 'claims', description: '', members: 2 },
      { name: 'leads', description: '', members: 2 },
    ])
    const loaded = await within((tx) =>
      loadPrincipal(tx, { userId: first.get('Maren@x.example')! }),
    )
    expect(loaded?.principal.readerTokens).toEqual(
      [
        'everyone',
        'group:claims',
        'group:leads',
        `user:${first.get('Maren@x.example')}`,
        'user:maren@x.example',
      ].sort(),
    )
  })
})

describe('rights over people', () => {
  it('keep the last owner: not unbound, not disabled, not removed with a group [M27.last-owner]', async () => {
    const ada = await add('ada', ['owner'])
    const subject = `user:${ada.id}`
    const unbind = () => within((tx) => unbindRole(tx, { subject, role: 'owner' }, by))
    expect((await failure(unbind())).code).toBe('CONFLICT')
    expect((await failure(within((tx) => disableUser(tx, ada.id, by)))).code).toBe('CONFLICT')
    expect(
      (await failure(within((tx) => setUserRoles(tx, { userId: ada.id, roles: [] }, by)))).code,
    ).toBe('CONFLICT')
    await within((tx) => createGroup(tx, { name: 'bosses' }, by))
    await within((tx) => bindRole(tx, { subject: 'group:bosses', role: 'owner' }, by))
    expect((await failure(unbind())).code).toBe('CONFLICT')
    const eve = await add('eve')
    await within((tx) => addMember(tx, { group: 'bosses', userId: eve.id }, by))
    await unbind()
    const last = [
      (tx: Tx) => removeMember(tx, { group: 'bosses', userId: eve.id }, by),
      (tx: Tx) => deleteGroup(tx, 'bosses', by),
      (tx: Tx) => disableUser(tx, eve.id, by),
    ]
    for (const work of last) expect((await failure(within<unknown>(work))).code).toBe('CONFLICT')
  })

  it('keep one of two owners who remove each other at the same moment [M27.last-owner]', async () => {
    const ada = await add('ada', ['owner'])
    const eve = await add('eve', ['owner'])
    const [asAda, asEve] = [await as(ada.id), await as(eve.id)]
    const both = await Promise.allSettled([
      within((tx) => disableUser(tx, eve.id, asAda)),
      within((tx) => disableUser(tx, ada.id, asEve)),
    ])
    expect(both.map((b) => b.status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('cannot be climbed: nobody grants, joins or takes over what they do not hold [M27.no-escalation]', async () => {
    const owner = await add('owner', ['owner'])
    const platform = await as((await add('platform', ['platform'])).id)
    const security = await as((await add('security', ['security'])).id)
    const member = await add('member', ['member'])
    await within((tx) => createGroup(tx, { name: 'bosses' }, by))
    await within((tx) => bindRole(tx, { subject: 'group:bosses', role: 'owner' }, by))
    const own = platform.principal.userId
    const attempts: [string, (tx: Tx) => Promise<unknown>][] = [
      [
        'makes an owner',
        (tx) => createUser(tx, { email: 'x@y.z', name: 'x', roles: ['owner'] }, platform),
      ],
      ['joins owners', (tx) => addMember(tx, { group: 'bosses', userId: own }, platform)],
      [
        'invites into owners',
        (tx) => createUser(tx, { email: 'x@y.z', name: 'x', groups: ['bosses'] }, platform),
      ],
      [
        'binds a role without the right',
        (tx) => bindRole(tx, { subject: `user:${own}`, role: 'member' }, platform),
      ],
      [
        'binds a role beyond its own',
        (tx) =>
          bindRole(tx, { subject: `user:${security.principal.userId}`, role: 'owner' }, security),
      ],
      [
        'binds one in a project',
        (tx) =>
          bindRole(
            tx,
            { subject: `user:${security.principal.userId}`, role: 'owner', project: 'default' },
            security,
          ),
      ],
      ['disables an owner', (tx) => disableUser(tx, owner.id, security)],
      [
        'demotes an owner',
        (tx) => unbindRole(tx, { subject: `user:${owner.id}`, role: 'owner' }, security),
      ],
      ['deletes the owners', (tx) => deleteGroup(tx, 'bosses', platform)],
    ]
    for (const [what, work] of attempts) {
      expect([what, (await failure(within(work))).code]).toEqual([what, 'FORBIDDEN'])
    }
    const steal = setPassword(
      test.store,
      { organizationId: org, userId: owner.id, password: new Secret('correct horse battery') },
      platform,
    )
    expect((await failure(steal)).code).toBe('FORBIDDEN')
    const asMember = await as(member.id)
    const nothing: [string, (tx: Tx) => Promise<unknown>][] = [
      ['lists', (tx) => listUsers(tx, {}, asMember)],
      ['bindings', (tx) => listBindings(tx, {}, asMember)],
      ['groups', (tx) => listGroups(tx, {}, asMember)],
      ['creates', (tx) => createUser(tx, { email: 'x@y.z', name: 'x' }, asMember)],
      ['renames', (tx) => renameUser(tx, { id: owner.id, name: 'x' }, asMember)],
    ]
    for (const [what, work] of nothing) {
      expect([what, (await failure(within(work))).code]).toEqual([what, 'FORBIDDEN'])
    }
    await within((tx) => disableUser(tx, member.id, security))
    await within((tx) => createUser(tx, { email: 'n@y.z', name: 'n', roles: ['member'] }, platform))
  })

  it('end with the group that gave them, also for a later group of that name [M27.groups]', async () => {
    await within((tx) => createGroup(tx, { name: 'eng' }, by))
    await within((tx) => bindRole(tx, { subject: 'group:eng', role: 'data-engineer' }, by))
    const ada = await add('ada', [], ['eng'])
    const can = async (permission: Permission) =>
      (await as(ada.id)).principal.permissions.has(permission)
    expect(await can('documents.write')).toBe(true)
    await within((tx) => deleteGroup(tx, 'eng', by))
    expect(await can('documents.write')).toBe(false)
    await within((tx) => createGroup(tx, { name: 'eng' }, by))
    await within((tx) => addMember(tx, { group: 'eng', userId: ada.id }, by))
    expect(await can('documents.write')).toBe(false)
    for (const name of ['', ' ', 'a\nb', 'x'.repeat(100), 'user:x', '\0']) {
      expect((await failure(within((tx) => createGroup(tx, { name }, by)))).code).toBe(
        'INVALID_INPUT',
      )
    }
  })

  it('in a project hold there only [M27.project-roles]', async () => {
    await within((tx) => createProject(tx, { name: 'blue' }, by))
    const ada = await add('ada', ['viewer'])
    const subject = `user:${ada.id}`
    await within((tx) => bindRole(tx, { subject, role: 'data-engineer', project: 'blue' }, by))
    const { principal } = await as(ada.id)
    expect(principal.permissions.has('resources.write')).toBe(false)
    expect(principal.projectPermissions?.get('blue')?.has('resources.write')).toBe(true)
    const nowhere = within((tx) => bindRole(tx, { subject, role: 'viewer', project: 'red' }, by))
    expect((await failure(nowhere)).code).toBe('NOT_FOUND')
  })

  it('treat ids of another organization as absent [M27.foreign-ids]', async () => {
    const ada = await add('ada', ['owner'])
    const foreign = await addOrganization(test.store)
    const texts = new Set<string>()
    for (const id of [ada.id, 'usr_00000000000000000000000000', 'nonsense', '\0', "' or 1=1"]) {
      for (const work of [
        (tx: Tx) => getUser(tx, id),
        (tx: Tx) => disableUser(tx, id, by),
        (tx: Tx) => renameUser(tx, { id, name: 'x' }, by),
      ]) {
        const error = await failure(test.store.within<unknown>(foreign, work))
        texts.add(`${error.code} ${error.message} ${error.remedy}`)
      }
      const bound = test.store.within(foreign, (tx) =>
        bindRole(tx, { subject: `user:${id}`, role: 'owner' }, by),
      )
      expect((await failure(bound)).code).toBe('NOT_FOUND')
    }
    expect(texts.size).toBe(1)
  })
})
