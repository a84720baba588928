import { describe, expect, it } from 'vitest'
import type { Store, Tx } from '#store'
import { GroupCommit } from './group-commit.ts'

/** A store whose transactions take a turn of the event loop and keep what they wrote only when they end well. */
function fakeStore() {
  const committed: string[][] = []
  let inside: string[] = []
  const store = {
    async within<T>(_: string, work: (tx: Tx) => Promise<T>): Promise<T> {
      inside = []
      await new Promise((done) => setTimeout(done, 2))
      const result = await work({} as Tx)
      committed.push(inside)
      return result
    },
  } as unknown as Store
  const write = async (_: Tx, items: readonly string[]) => {
    if (items.includes('poison')) throw new Error('poison')
    inside.push(...items)
  }
  return { committed, commit: new GroupCommit<string>(store, write) }
}

describe('group commit', () => {
  it('writes what came together at once, each exactly once, and answers after the commit [M15.group-commit]', async () => {
    const { committed, commit } = fakeStore()
    const items = Array.from({ length: 100 }, (_, i) => `item ${i}`)
    await Promise.all(
      items.map(async (item) => {
        await commit.add('org', item)
        expect(committed.flat()).toContain(item)
      }),
    )
    expect(committed.flat().sort()).toEqual(items.sort())
    expect(committed.length).toBeLessThan(10)
  })

  it('fails only the one that cannot be written [M15.group-commit]', async () => {
    const { committed, commit } = fakeStore()
    const outcomes = await Promise.allSettled(
      ['a', 'b', 'poison', 'c'].map((item) => commit.add('org', item)),
    )
    expect(outcomes.map((one) => one.status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
    ])
    expect(committed.flat().sort()).toEqual(['a', 'b', 'c'])
  })
})
