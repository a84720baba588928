import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  allPermissions,
  digestOf,
  type Permission,
  PlinthError,
  type Principal,
  systemPrincipal,
} from '#kernel'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import type { Tx } from '../store.ts'
import { type ApplyOptions, applyResources } from './apply.ts'
import { applyWritten } from './apply-written.ts'
import { whole } from './assistant.fixture.ts'
import type { By, ResourceEvent } from './by.ts'
import { deleteResource, removeLabel, rollbackResource, setLabel } from './change.ts'
import type { ResourceInput } from './check.ts'
import { parseResources, parseResourcesStrictly } from './parse.ts'
import { diffVersions, getResource, listResources, resourceHistory } from './read.ts'

let test: TestStore
let org: string
const events: ResourceEvent[] = []
const appendAudit: By['appendAudit'] = async (_tx, added) => {
  const first = events.length
  events.push(...added)
  return { first, count: added.length }
}
const by: By = { principal: systemPrincipal, appendAudit }

beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  org = await addOrganization(test.store)
  events.length = 0
})

const within = <T>(work: (tx: Tx) => Promise<T>) => test.store.within(org, work)
const apply = (inputs: readonly ResourceInput[], options: Partial<ApplyOptions> = {}) =>
  within((tx) => applyResources(tx, inputs, { ...by, ...options }))
const prompt = (name: string, system = 'x', project = 'default') => ({
  kind: 'Prompt',
  name,
  project,
  spec: { system },
})
const parsed = (text: string) => parseResourcesStrictly([{ file: 'a.yaml', text }])
const code = (error: unknown) => (error as PlinthError).code
const failure = async (work: Promise<unknown>): Promise<PlinthError> => {
  const error = await work.then(
    () => undefined,
    (e: unknown) => e,
  )
  expect(error).toBeInstanceOf(PlinthError)
  return error as PlinthError
}
const holder = (
  permissions: Permission[],
  projects: Record<string, Permission[]> = {},
): Principal => ({
  kind: 'user',
  id: 'usr_x',
  userId: 'usr_x',
  name: 'x',
  readerTokens: [],
  permissions: new Set(permissions),
  projectPermissions: new Map(Object.entries(projects).map(([p, all]) => [p, new Set(all)])),
})

describe('applying resources', () => {
  it('creates, changes, and leaves alone what is the same, with an audit event each [M18.versions]', async () => {
    const created = await apply(parsed(whole), { message: 'first' })
    expect(created.results.map((r) => [r.outcome, r.revision])).toEqual(
      Array.from({ length: 8 }, () => ['created', 1]),
    )
    expect(events).toHaveLength(8)
    expect(created.auditSeq).toBe(7)
    expect(await apply(parsed(whole))).toMatchObject({ auditSeq: null })
    expect(events).toHaveLength(8)
    const changed = await apply([prompt('words', 'Good day')])
    expect(changed.results[0]).toMatchObject({ outcome: 'changed', revision: 2 })
    expect(changed.results[0]?.diff.unified).toContain('-  system: Hello\n+  system: Good day\n')
    expect(events.at(-1)).toMatchObject({
      kind: 'resource.applied',
      target: { kind: 'Prompt', id: 'words' },
      details: { outcome: 'changed', revision: 2, linesAdded: 1, linesRemoved: 1 },
    })
    const back = await apply([prompt('words', 'Hello')])
    expect(back.results[0]).toMatchObject({ revision: 3, digest: created.results[3]?.digest })
  })

  it('addresses a version by the digest of its content, whatever it holds [M18.digest]', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme' }).map((s) => s.replaceAll('\0', '')),
        fc.double({ min: 0, max: 2, noNaN: true }),
        async (upstreamModel, temperature) => {
          const spec = {
            provider: 'p',
            upstreamModel: `m${upstreamModel}`.slice(0, 100),
            temperature,
          }
          if (!spec.upstreamModel.isWellFormed()) return
          await apply(parsed(whole))
          const applied = await apply([{ kind: 'Model', name: 'm', spec }])
          const digest = applied.results[0]!.digest
          const stored = await within((tx) => getResource(tx, { kind: 'Model', name: 'm' }, by))
          const { kind, name, project } = stored
          expect(digestOf({ kind, name, project, spec: stored.spec })).toBe(digest)
          const again = await within((tx) => getResource(tx, { kind: 'Model', name, digest }, by))
          expect(again.spec).toEqual(stored.spec)
        },
      ),
      { numRuns: 25 },
    )
  })

  it('applies nothing when anything is invalid, and says everything [M18.all-or-none]', async () => {
    const error = await failure(
      apply([
        prompt('fine'),
        { kind: 'Prompt', name: 'bad', spec: { sistem: 'x' } },
        { kind: 'X', name: 'y' },
      ]),
    )
    expect([error.code, error.problems.length]).toEqual(['INVALID_INPUT', 3])
    const list = await within((tx) => listResources(tx, by))
    expect(list.items).toEqual([])
    expect(events).toEqual([])
  })

  it('tells what a dry run would do and changes nothing [M18.dry-run]', async () => {
    await apply([prompt('a', 'old')])
    const dry = await apply([prompt('a', 'new'), prompt('b')], { dryRun: true })
    expect(dry.results.map((r) => [r.outcome, r.revision])).toEqual([
      ['changed', 2],
      ['created', 1],
    ])
    const list = await within((tx) => listResources(tx, by))
    expect(list.items.map((i) => [i.name, i.revision])).toEqual([['a', 1]])
    expect(events).toHaveLength(1)
    const error = await failure(
      apply([{ kind: 'Route', name: 'r', spec: { models: ['none'] } }], { dryRun: true }),
    )
    expect(error.code).toBe('INVALID_INPUT')
  })

  it('refuses references that lead nowhere, with the line and what was meant [M18.references]', async () => {
    const wrong = whole
      .replace('prompt: words', 'prompt: wordz')
      .replace('models: [m]', 'models: [n]')
    const error = await failure(apply(parsed(wrong)))
    expect(error.code).toBe('INVALID_INPUT')
    expect(error.problems.map((p) => [p.where, p.remedy]).sort()).toEqual([
      ['a.yaml:12:17 spec.models[0]', 'Did you mean "m"?'],
      ['a.yaml:32:39 spec.prompt', 'Did you mean "words"?'],
    ])
    await apply(parsed(whole))
    for (const pin of ['@nope', '@7', `@sha256:${'0'.repeat(64)}`]) {
      const route = { kind: 'Route', name: 'r', spec: { models: [`m${pin}`] } }
      expect((await failure(apply([route]))).message).toContain(`"m${pin}"`)
    }
    for (const pin of ['@latest', '@1']) {
      await apply([{ kind: 'Route', name: 'r', spec: { models: [`m${pin}`] } }])
    }
  })

  it('names such a reference beside what is not valid, to who may write it [M18.references]', async () => {
    await apply(parsed(whole))
    const text = whole.replace('prompt: words', 'prompt: wordz').replace('route: r', 'rout: r')
    const file = {
      file: 'a.yaml',
      text: `${text}\n---\nkind: Route\nname: q\nspec: {models: [n]}\n`,
    }
    const refused = (principal: Principal) =>
      failure(within((tx) => applyWritten(tx, parseResources([file]), { ...by, principal })))
    const all = (await refused(systemPrincipal)).problems.map(({ detail }) => detail)
    expect(all).toHaveLength(4)
    expect(all.join(' ')).toMatch(/Unknown key "rout".* spec.route is missing.*|wordz/)
    expect(all.filter((one) => one.includes('which does not exist'))).toHaveLength(2)
    const less = (await refused(holder(['resources.read']))).problems
    expect(less.filter(({ detail }) => detail.includes('which does not exist'))).toEqual([])
    expect(less).toHaveLength(2)
  })

  it('needs a project that exists [M18.projects]', async () => {
    expect((await failure(apply([prompt('a', 'x', 'blue')]))).message).toContain('project "blue"')
    await within((tx) => tx.insertInto('project').values({ name: 'blue' }).execute())
    await apply([prompt('a', 'x', 'blue')])
  })
})

describe('two writers', () => {
  it('never lose an update: a change based on an old revision is refused with the current one [M18.no-lost-update]', async () => {
    await apply([prompt('a', 'start')])
    const expectedRevisions = { 'Prompt/a': 1 }
    const both = await Promise.allSettled([
      apply([prompt('a', 'one')], { expectedRevisions }),
      apply([prompt('a', 'two')], { expectedRevisions }),
    ])
    const refused = both.filter((r) => r.status === 'rejected')
    expect(refused).toHaveLength(1)
    expect(code(refused[0]?.reason)).toBe('CONFLICT')
    expect(String(refused[0]?.reason)).toContain('revision 2')
    const mustBeNew = await failure(
      apply([prompt('a', 'x')], { expectedRevisions: { 'Prompt/a': 0 } }),
    )
    expect(mustBeNew.code).toBe('CONFLICT')
    const gone = await failure(apply([prompt('b')], { expectedRevisions: { 'Prompt/b': 4 } }))
    expect(gone.code).toBe('CONFLICT')
    expect(
      (await failure(apply([prompt('b')], { expectedRevisions: { 'Prompt/c': 1 } }))).code,
    ).toBe('INVALID_INPUT')
  })

  it('get revisions without gaps or doubles when many apply at once [M18.no-lost-update]', async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        apply([prompt('a', `v${i}`), prompt(`b${i % 3}`, `w${i}`)]),
      ),
    )
    const revisions = all.map((r) => r.results[0]?.revision).sort((x, y) => x! - y!)
    expect(revisions).toEqual(Array.from({ length: 12 }, (_, i) => i + 1))
    const history = await within((tx) => resourceHistory(tx, { kind: 'Prompt', name: 'a' }, by))
    expect(history.items.map((v) => v.revision)).toEqual(revisions.reverse())
  })

  it('cannot delete what another is about to refer to [M18.references]', async () => {
    await apply(parsed(whole))
    const route = { kind: 'Route', name: 'r2', spec: { models: ['m2'] } }
    const model = { kind: 'Model', name: 'm2', spec: { provider: 'p', upstreamModel: 'x' } }
    await apply([model])
    const [added, removed] = await Promise.allSettled([
      apply([route]),
      within((tx) => deleteResource(tx, { kind: 'Model', name: 'm2' }, by)),
    ])
    expect([added.status, removed.status].sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('labels, history, rollback and deletion', () => {
  it('moves a label and follows it in references [M18.labels]', async () => {
    await apply(parsed(whole))
    await apply([prompt('words', 'two')])
    const at = { kind: 'Prompt' as const, name: 'words', label: 'production' }
    const set = (to: object) => within((tx) => setLabel(tx, { ...at, to }, by))
    expect(await set({ revision: 1 })).toMatchObject({ revision: 1, before: null })
    expect(await set({ revision: 1 })).toMatchObject({ before: 1, auditSeq: null })
    expect(await set({})).toMatchObject({ revision: 2, before: 1 })
    expect(events.at(-1)?.details).toMatchObject({ label: 'production', revision: 2, before: 1 })
    const labelled = await within((tx) => getResource(tx, at, by))
    expect(labelled).toMatchObject({ revision: 2, labels: ['production'] })
    await apply(parsed(whole.replace('prompt: words', 'prompt: words@production')))
    const error = await failure(within((tx) => removeLabel(tx, at, by)))
    expect([error.code, error.message]).toEqual([
      'CONFLICT',
      'Prompt/words@production is referred to by Assistant/a.',
    ])
    await apply(parsed(whole))
    await within((tx) => removeLabel(tx, at, by))
    expect((await failure(within((tx) => getResource(tx, at, by)))).code).toBe('NOT_FOUND')
    for (const label of ['latest', '3', 'sha256:x', 'Up', '']) {
      const wrong = await failure(within((tx) => setLabel(tx, { ...at, label, to: {} }, by)))
      expect(wrong.code).toBe('INVALID_INPUT')
    }
  })

  it('keeps what a labelled or pinned older version needs [M18.labels]', async () => {
    await apply(parsed(whole))
    await within((tx) =>
      setLabel(tx, { kind: 'Assistant', name: 'a', label: 'stable', to: { revision: 1 } }, by),
    )
    const moved = whole.replace('prompt: words}', 'x').replace('prompt: words', 'prompt: words2')
    await apply([prompt('words2'), ...parsed(moved)])
    const drop = () => within((tx) => deleteResource(tx, { kind: 'Prompt', name: 'words' }, by))
    expect((await failure(drop())).message).toBe(
      'Prompt/words is referred to by Assistant/a@stable.',
    )
    await within((tx) => removeLabel(tx, { kind: 'Assistant', name: 'a', label: 'stable' }, by))
    await drop()
    const back = within((tx) =>
      setLabel(tx, { kind: 'Assistant', name: 'a', label: 'stable', to: { revision: 1 } }, by),
    )
    expect((await failure(back)).message).toContain('Prompt/words, which does not exist any more')
  })

  it('pages history and lists, filters and finds [M18.history]', async () => {
    await within((tx) => tx.insertInto('project').values({ name: 'blue' }).execute())
    await apply(
      Array.from({ length: 7 }, (_, i) => prompt(`p${i}`, 'x', i % 2 ? 'blue' : 'default')),
    )
    await apply([
      { kind: 'Prompt', name: 'z', spec: { system: 'x', description: '100% Sure_thing' } },
    ])
    const names: string[] = []
    let cursor: string | null = null
    do {
      const page: { items: { name: string }[]; nextCursor: string | null } = await within((tx) =>
        listResources(tx, { ...by, kind: 'Prompt', limit: 3, ...(cursor && { cursor }) }),
      )
      names.push(...page.items.map((i) => i.name))
      cursor = page.nextCursor
    } while (cursor)
    expect(names).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'z'])
    const find = async (options: object) =>
      (await within((tx) => listResources(tx, { ...by, ...options }))).items.map((i) => i.name)
    expect(await find({ project: 'blue' })).toEqual(['p1', 'p3', 'p5'])
    expect(await find({ search: '100% sure_' })).toEqual(['z'])
    expect(await find({ search: '%' })).toEqual(['z'])
    expect(await find({ search: '\0' })).toHaveLength(8)
    for (const wrong of ['zz', 'e30', Buffer.from('[1,2]').toString('base64url')]) {
      expect((await failure(find({ cursor: wrong }))).code).toBe('INVALID_INPUT')
    }
    expect((await failure(find({ limit: 501 }))).code).toBe('INVALID_INPUT')
    for (let i = 0; i < 4; i++) await apply([prompt('p0', `v${i}`)], { message: `m${i}` })
    const first = await within((tx) =>
      resourceHistory(tx, { kind: 'Prompt', name: 'p0' }, { ...by, limit: 2 }),
    )
    expect(first.items.map((v) => [v.revision, v.message, v.current])).toEqual([
      [5, 'm3', true],
      [4, 'm2', false],
    ])
    const second = await within((tx) =>
      resourceHistory(tx, { kind: 'Prompt', name: 'p0' }, { ...by, cursor: first.nextCursor! }),
    )
    expect(second.items.map((v) => v.revision)).toEqual([3, 2, 1])
    const diff = await within((tx) =>
      diffVersions(tx, { kind: 'Prompt', name: 'p0', from: { revision: 2 }, to: {} }, by),
    )
    expect(diff).toMatchObject({ fromRevision: 2, toRevision: 5, added: 1, removed: 1 })
  })

  it('rolls back by a new revision, also what was deleted [M18.rollback]', async () => {
    await apply([prompt('a', 'one')])
    await apply([prompt('a', 'two')])
    const back = await within((tx) =>
      rollbackResource(tx, { kind: 'Prompt', name: 'a', to: { revision: 1 } }, by),
    )
    expect(back).toMatchObject({ outcome: 'changed', revision: 3 })
    expect(events.at(-1)).toMatchObject({ kind: 'resource.rolled-back', details: { to: 1 } })
    const same = await within((tx) =>
      rollbackResource(tx, { kind: 'Prompt', name: 'a', to: { revision: 1 } }, by),
    )
    expect(same).toMatchObject({ outcome: 'unchanged', auditSeq: null })
    await within((tx) => deleteResource(tx, { kind: 'Prompt', name: 'a', expectedRevision: 3 }, by))
    expect(
      (await failure(within((tx) => getResource(tx, { kind: 'Prompt', name: 'a' }, by)))).code,
    ).toBe('NOT_FOUND')
    const old = await within((tx) =>
      getResource(tx, { kind: 'Prompt', name: 'a', revision: 2 }, by),
    )
    expect(old).toMatchObject({ deleted: true, spec: { system: 'two' } })
    const revived = await within((tx) =>
      rollbackResource(tx, { kind: 'Prompt', name: 'a', to: { revision: 2 } }, by),
    )
    expect(revived).toMatchObject({ outcome: 'created', revision: 4 })
  })

  it('refuses to delete what is referred to, naming by whom [M18.references]', async () => {
    await apply(parsed(whole))
    const drop = (kind: 'Provider' | 'KnowledgeBase', name: string) =>
      failure(within((tx) => deleteResource(tx, { kind, name }, by)))
    expect((await drop('Provider', 'p')).message).toBe('Provider/p is referred to by Model/m.')
    expect((await drop('KnowledgeBase', 'k')).message).toBe(
      'KnowledgeBase/k is referred to by Assistant/a, Source/s.',
    )
    expect((await drop('Provider', 'nope')).code).toBe('NOT_FOUND')
    await apply([{ kind: 'Source', name: 'full', spec: { knowledgeBase: 'k', upload: {} } }])
    await within(async (tx) => {
      const set = { readers: [], digest: 'x' }
      const { id } = await tx
        .insertInto('permission_set')
        .values(set)
        .returning('id')
        .executeTakeFirstOrThrow()
      const document = {
        id: `doc_${org}`,
        knowledge_base: 'k',
        source: 'full',
        external_id: 'e',
        title: 't',
      }
      await tx
        .insertInto('document')
        .values({ ...document, permission_set_id: id })
        .execute()
    })
    const full = within((tx) => deleteResource(tx, { kind: 'Source', name: 'full' }, by))
    expect((await failure(full)).message).toBe('Source/full still holds 1 document.')
  })
})

describe('rights on resources', () => {
  const as = (principal: Principal) => ({ principal })

  it('stand in the store: kind and project decide, roles need their own permission [M27.resource-rights]', async () => {
    const projects = [{ name: 'blue' }, { name: 'red' }]
    await within((tx) => tx.insertInto('project').values(projects).execute())
    const writer = holder(['resources.read'], { blue: ['resources.write'] })
    await apply([prompt('a', 'x', 'blue')], as(writer))
    expect((await failure(apply([prompt('b', 'x', 'red')], as(writer)))).code).toBe('FORBIDDEN')
    await apply([prompt('c', 'x', 'red')])
    const steal = await failure(apply([prompt('c', 'y', 'blue')], as(writer)))
    expect(steal.code).toBe('FORBIDDEN')
    const role = { kind: 'Role', name: 'r', spec: { permissions: ['answers.ask'] } }
    const noRoles = holder(['resources.write', 'answers.ask'])
    expect((await failure(apply([role], as(noRoles)))).message).toContain('roles.write')
    const inProject = holder([], { default: ['roles.write', 'answers.ask'] })
    expect((await failure(apply([role], as(inProject)))).code).toBe('FORBIDDEN')
    const a = { kind: 'Prompt', name: 'a' } as const
    const first = { ...a, to: { revision: 1 } }
    for (const code of ['FORBIDDEN', 'NOT_FOUND']) {
      const reader = { ...by, principal: holder(code === 'FORBIDDEN' ? ['resources.read'] : []) }
      for (const work of [
        (tx: Tx) => deleteResource(tx, a, reader),
        (tx: Tx) => setLabel(tx, { ...first, label: 'l' }, reader),
        (tx: Tx) => removeLabel(tx, { ...a, label: 'l' }, reader),
        (tx: Tx) => rollbackResource(tx, first, reader),
      ]) {
        expect((await failure(within<unknown>(work))).code).toBe(code)
      }
    }
  })

  it('let nobody grant what they do not hold, and keep the owner whole [M27.no-escalation]', async () => {
    const security = holder(['roles.write', 'audit.read'])
    const role = (name: string, permissions: string[]) => ({
      kind: 'Role',
      name,
      spec: { permissions },
    })
    await apply([role('auditor', ['audit.read'])], as(security))
    expect(
      (await failure(apply([role('auditor', ['audit.read', 'people.write'])], as(security))))
        .message,
    ).toContain('people.write')
    expect((await failure(apply([role('all', ['*'])], as(security)))).code).toBe('FORBIDDEN')
    await apply([role('all', ['*'])], as(holder([...allPermissions])))
    await apply([role('all', ['people.read'])], as(security))
    await apply([role('owner', ['*'])])
    expect((await failure(apply([role('owner', ['people.read'])]))).code).toBe('INVALID_INPUT')
    const drop = within((tx) => deleteResource(tx, { kind: 'Role', name: 'owner' }, by))
    expect((await failure(drop)).code).toBe('CONFLICT')
    await within((tx) =>
      tx.insertInto('role_binding').values({ subject: 'user:usr_1', role: 'all' }).execute(),
    )
    const held = within((tx) => deleteResource(tx, { kind: 'Role', name: 'all' }, by))
    expect((await failure(held)).message).toContain('user:usr_1')
  })

  it('hide what is absent, foreign or not to be seen behind the same answer [M27.foreign-ids]', async () => {
    await within((tx) => tx.insertInto('project').values({ name: 'blue' }).execute())
    await apply([prompt('a', 'x', 'blue'), prompt('b')])
    const red = { principal: holder([], { default: ['resources.read'] }) }
    expect((await within((tx) => listResources(tx, red))).items.map((i) => i.name)).toEqual(['b'])
    expect((await within((tx) => listResources(tx, { principal: holder([]) }))).items).toEqual([])
    await apply([{ kind: 'KnowledgeBase', name: 'secret', spec: {} }])
    const writer = { principal: holder([], { blue: ['resources.read', 'resources.write'] }) }
    const spec = { knowledgeBase: 'secre', upload: {} }
    const wrong = await failure(
      apply([{ kind: 'Source', name: 's', project: 'blue', spec }], writer),
    )
    expect(JSON.stringify(wrong.problems)).not.toContain('secret')
    const foreign = await addOrganization(test.store)
    const texts = new Set<string>()
    for (const [organization, viewer] of [
      [org, red],
      [foreign, by],
    ] as const) {
      for (const name of ['a', 'absent', 'a\0', '../a', 'x'.repeat(5_000)]) {
        const error = await failure(
          test.store.within(organization, (tx) =>
            getResource(tx, { kind: 'Prompt', name }, viewer),
          ),
        )
        texts.add(`${error.code} ${error.message.replace(name, 'NAME')} ${error.remedy}`)
        await failure(
          test.store.within(organization, (tx) =>
            resourceHistory(tx, { kind: 'Prompt', name }, viewer),
          ),
        )
      }
    }
    expect(texts.size).toBe(1)
    for (const choice of [
      { revision: 2 ** 40 },
      { revision: 1.5 },
      { digest: 'x\0' },
      { label: '\0' },
    ]) {
      const error = await failure(
        within((tx) => getResource(tx, { kind: 'Prompt', name: 'b', ...choice }, by)),
      )
      expect(error.code).toBe('NOT_FOUND')
    }
  })
})
