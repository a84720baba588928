import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemPrincipal } from '#kernel'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import type { Store, Tx } from '../store.ts'
import { applyResources } from './apply.ts'
import type { By } from './by.ts'
import { removeLabel, setLabel } from './change.ts'
import type { ResourceInput } from './check.ts'
import { SnapshotCache } from './snapshot-cache.ts'

let test: TestStore
let org: string
const by: By = {
  principal: systemPrincipal,
  appendAudit: async (_tx, events) => ({ first: 0, count: events.length }),
}
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  org = await addOrganization(test.store)
})

const apply = (inputs: readonly ResourceInput[]) =>
  test.store.within(org, (tx) => applyResources(tx, inputs, by))
const prompt = (system: string) => ({ kind: 'Prompt', name: 'words', spec: { system } })
const assistant = (promptReference: string) => ({
  kind: 'Assistant',
  name: 'a',
  spec: { knowledgeBases: ['k'], route: 'r', prompt: promptReference, guardrail: 'g' },
})
const base = [
  { kind: 'Provider', name: 'p', spec: { protocol: 'extractive' } },
  { kind: 'Model', name: 'm', spec: { provider: 'p', upstreamModel: 'x' } },
  { kind: 'Route', name: 'r', spec: { models: ['m'] } },
  { kind: 'Guardrail', name: 'g', spec: {} },
  { kind: 'KnowledgeBase', name: 'k', spec: {} },
  prompt('one'),
]

/** Counts the units of work a store is asked for. */
function counted(store: Store): { store: Store; reads: number; loads: number } {
  const out = { reads: 0, loads: 0, store }
  out.store = {
    engine: store.engine,
    within: (id, work) => {
      out.loads++
      return store.within(id, work)
    },
    read: <T>(id: string, work: (tx: Tx) => Promise<T>) => {
      out.reads++
      return store.read(id, work)
    },
    system: (work) => store.system(work),
    epochs: (id) => store.epochs(id),
    close: () => store.close(),
  }
  return out
}

describe('the snapshot of an organization', () => {
  it('resolves names, labels, revisions and digests, and is frozen [M18.snapshot]', async () => {
    await apply([...base, assistant('words')])
    await test.store.within(org, (tx) =>
      setLabel(tx, { kind: 'Prompt', name: 'words', label: 'production', to: {} }, by),
    )
    const second = await apply([prompt('two')])
    const snapshot = await new SnapshotCache(test.store).get(org)
    const system = (reference: string) => snapshot.resolve('Prompt', reference)?.spec.system
    expect(system('words')).toBe('two')
    expect(system('words@latest')).toBe('two')
    expect(system('words@production')).toBe('one')
    expect(system('words@1')).toBe('one')
    expect(system(`words@${second.results[0]?.digest}`)).toBe('two')
    expect(system('words@canary')).toBeUndefined()
    expect(snapshot.list('Assistant').map((a) => a.name)).toEqual(['a'])
    expect(snapshot.get('KnowledgeBase', 'k')?.spec.retrieval.topK).toBe(8)
    expect(() => {
      Object.assign(snapshot.get('Prompt', 'words')!.spec, { system: 'changed' })
    }).toThrow(TypeError)
    expect(() => snapshot.require('Prompt', 'absent')).toThrow('no Prompt "absent"')
  })

  it('gives a release whose digest moves exactly when what an assistant uses moves [M23.release-digest]', async () => {
    await apply([...base, assistant('words')])
    const cache = new SnapshotCache(test.store)
    const release = async () => (await cache.get(org)).releaseOf('a')
    const first = await release()
    expect(Object.keys(first.lock)).toEqual([
      'Assistant/a',
      'Guardrail/g',
      'KnowledgeBase/k',
      'Model/m',
      'Prompt/words',
      'Provider/p',
      'Route/r',
    ])
    await apply([{ kind: 'Prompt', name: 'other', spec: { system: 'x' } }])
    expect((await release()).digest).toBe(first.digest)
    await apply([
      { kind: 'Provider', name: 'p', spec: { protocol: 'extractive', headers: { a: 'b' } } },
    ])
    const second = await release()
    expect(second.digest).not.toBe(first.digest)
    await apply([base[0]!])
    expect((await release()).digest).toBe(first.digest)
  })

  it('holds a pinned version still while the name moves on [M23.release-digest]', async () => {
    const made = await apply([...base])
    const { digest } = made.results[5]!
    await apply([assistant(`words@${digest}`)])
    const cache = new SnapshotCache(test.store)
    const before = (await cache.get(org)).releaseOf('a')
    await apply([prompt('two')])
    await apply([prompt('three')])
    const snapshot = await cache.get(org)
    expect(snapshot.releaseOf('a')).toEqual(before)
    expect(snapshot.resolve('Prompt', `words@${digest}`)?.spec.system).toBe('one')
    expect(snapshot.get('Prompt', 'words')?.spec.system).toBe('three')
  })

  it('follows a label that moves or goes [M18.labels]', async () => {
    await apply(base)
    await apply([prompt('two')])
    const cache = new SnapshotCache(test.store)
    const at = { kind: 'Prompt' as const, name: 'words', label: 'production' }
    const seen = async () =>
      (await cache.get(org)).resolve('Prompt', 'words@production')?.spec.system
    const digests = [(await cache.get(org)).digest]
    for (const revision of [1, 2]) {
      await test.store.within(org, (tx) => setLabel(tx, { ...at, to: { revision } }, by))
      expect(await seen()).toBe(revision === 1 ? 'one' : 'two')
      digests.push((await cache.get(org)).digest)
    }
    await test.store.within(org, (tx) => removeLabel(tx, at, by))
    expect(await seen()).toBeUndefined()
    expect(new Set(digests).size).toBe(3)
    expect((await cache.get(org)).digest).toBe(digests[0])
  })

  it('is compiled once per change, and seen by the next call [M18.snapshot]', async () => {
    await apply(base)
    const spy = counted(test.store)
    const cache = new SnapshotCache(spy.store)
    const many = await Promise.all(Array.from({ length: 20 }, () => cache.get(org)))
    expect(new Set(many).size).toBe(1)
    expect(spy.loads).toBe(1)
    await cache.get(org)
    expect(spy.loads).toBe(1)
    const reads = spy.reads
    await cache.get(org, { maxAgeMs: 60_000 })
    expect(spy.reads).toBe(reads)
    const digests = new Set<string>()
    for (let i = 0; i < 5; i++) {
      await apply([prompt(`v${i}`)])
      const snapshot = await cache.get(org)
      expect(snapshot.get('Prompt', 'words')?.spec.system).toBe(`v${i}`)
      digests.add(snapshot.digest)
    }
    expect(digests.size).toBe(5)
    expect(spy.loads).toBe(6)
    const old = many[0]!
    expect(old.get('Prompt', 'words')?.spec.system).toBe('one')
  })

  it('never shows half of an apply, nor an older state after a newer one [M18.snapshot]', async () => {
    await apply([...base, assistant('words')])
    const cache = new SnapshotCache(test.store)
    let done = false
    const writer = (async () => {
      for (let i = 0; i < 15; i++) {
        await apply([
          prompt(`v${i}`),
          { kind: 'Guardrail', name: 'g', spec: { description: `v${i}` } },
        ])
      }
      done = true
    })()
    let last = 0
    while (!done) {
      const snapshot = await cache.get(org)
      expect(snapshot.epoch).toBeGreaterThanOrEqual(last)
      last = snapshot.epoch
      const word = snapshot.get('Prompt', 'words')?.spec.system
      if (word !== 'one') expect(snapshot.get('Guardrail', 'g')?.spec.description).toBe(word)
    }
    await writer
    expect((await cache.get(org)).get('Prompt', 'words')?.spec.system).toBe('v14')
  })

  it('belongs to one organization [M27.tenant-scope]', async () => {
    await apply(base)
    const cache = new SnapshotCache(test.store)
    const mine = await cache.get(org)
    const other = await addOrganization(test.store)
    const theirs = await cache.get(other)
    expect(mine.list('Prompt')).toHaveLength(1)
    expect(theirs.list('Prompt')).toEqual([])
    expect(theirs.epoch).toBe(0)
  })
})
