import { afterEach, describe, expect, it } from 'vitest'
import type { IndexDelta } from './types.ts'
import { SearchWorkers } from './workers.ts'

let workers = new SearchWorkers()
afterEach(async () => {
  await workers.close()
  workers = new SearchWorkers()
})

function chunk(chunkId: number, documentKey: string, searchText = 'storm damage') {
  const vector = Float32Array.of(1, 0)
  return { chunkId, documentKey, permissionSet: 1, searchText, vector }
}

/** A loader as the database's side writes it: everything after the epoch held. */
function loaderOf(deltas: IndexDelta[], seen: number[] = []) {
  return async function* ({ epoch }: { epoch: number }) {
    seen.push(epoch)
    for (const delta of deltas) if (delta.epoch > epoch) yield delta
  }
}

const storm = { terms: ['storm'], vector: Float32Array.of(1, 0), permissionSets: [1] }

async function ids(name: string, query: object = storm): Promise<number[] | 'unloaded'> {
  const answer = await workers.search(name, { ...storm, ...query })
  return answer.state === 'ready' ? answer.hits.map(({ chunkId }) => chunkId) : 'unloaded'
}

describe('SearchWorkers', () => {
  it('loads an index, catches up by epoch, and finds at once what was added [M3.workers-epoch]', async () => {
    const deltas: IndexDelta[] = [{ epoch: 1, add: [chunk(1, 'a')] }]
    const seen: number[] = []
    expect(await ids('o/k')).toBe('unloaded')
    expect(await workers.load('o/k', loaderOf(deltas, seen))).toBe(1)
    expect(await ids('o/k')).toEqual([1])
    deltas.push({ epoch: 2, removeDocuments: ['a'], add: [chunk(2, 'b')] })
    expect(await workers.load('o/k', loaderOf(deltas, seen))).toBe(2)
    expect(await ids('o/k')).toEqual([2])
    await workers.apply('o/k', { epoch: 3, documents: [{ documentKey: 'b', permissionSet: 5 }] })
    expect(await ids('o/k')).toEqual([])
    expect(await ids('o/k', { permissionSets: [5] })).toEqual([2])
    expect(workers.epochOf('o/k')).toBe(3)
    expect(seen).toEqual([0, 1])
  })

  it('is never searched half loaded, and shares a load between callers [M3.workers-load]', async () => {
    let loads = 0
    const slow = async function* () {
      loads++
      yield { epoch: 0, add: [chunk(1, 'a')] }
      await new Promise((resolve) => setTimeout(resolve, 30))
      yield { epoch: 7, add: [chunk(2, 'b')] }
    }
    const [first, second, found] = await Promise.all([
      workers.load('o/k', slow),
      workers.load('o/k', slow),
      ids('o/k'),
    ])
    expect([first, second, found, loads]).toEqual([7, 7, [1, 2], 1])
  })

  it('shows a replaced document whole or not, never gone for a moment [M3.workers-atomic]', async () => {
    await workers.load('o/k', loaderOf([{ epoch: 1, add: [chunk(1, 'a')] }]))
    const replacing = async function* () {
      yield { epoch: 1, removeDocuments: ['a'] }
      await new Promise((resolve) => setTimeout(resolve, 20))
      yield { epoch: 2, add: [chunk(2, 'a')] }
    }
    const loading = workers.load('o/k', replacing)
    expect(await ids('o/k')).toEqual([1])
    await loading
    expect(await ids('o/k')).toEqual([2])
  })

  it('counts a load that failed as none, and passes its error on [M3.workers-failed-load]', async () => {
    const broken = async function* () {
      yield { epoch: 0, add: [chunk(1, 'a')] }
      throw new Error('the database went away')
    }
    await expect(workers.load('o/k', broken)).rejects.toThrow('the database went away')
    expect(await ids('o/k')).toBe('unloaded')
    await workers.load('o/k', loaderOf([{ epoch: 1, add: [chunk(3, 'c')] }]))
    expect(await ids('o/k')).toEqual([3])
  })

  it('loads many chunks in steps and says an empty index is there [M3.workers-steps]', async () => {
    const add = Array.from({ length: 1_450 }, (_, i) => chunk(i + 1, `d${i}`))
    expect(await workers.load('o/big', loaderOf([{ epoch: 9, add }]))).toBe(9)
    expect((await workers.stats()).indexes['o/big']).toMatchObject({
      epoch: 9,
      chunks: 1_450,
      documents: 1_450,
      vectors: 1_450,
    })
    expect(await workers.load('o/empty', async function* () {})).toBe(0)
    expect(await ids('o/empty')).toEqual([])
  })

  it('fails what a dead worker owed with UNAVAILABLE and starts another one [M3.workers-crash]', async () => {
    const loader = loaderOf([{ epoch: 1, add: [chunk(1, 'a')] }])
    await workers.load('o/k', loader)
    const owed = ids('o/k')
    const { threads } = workers as unknown as { threads: { worker: { terminate(): void } }[] }
    threads[0]!.worker.terminate()
    await expect(owed).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await ids('o/k')).toBe('unloaded')
    await workers.load('o/k', loader)
    expect(await ids('o/k')).toEqual([1])
  })

  it('unloads what was used longest ago when memory is short [M3.workers-memory]', async () => {
    workers = new SearchWorkers({ memoryBytes: 200_000 })
    for (const name of ['a', 'b', 'c', 'd']) {
      await workers.load(name, loaderOf([{ epoch: 1, add: [chunk(1, name)] }]))
    }
    expect(await ids('a')).toBe('unloaded')
    expect(await ids('d')).toEqual([1])
    expect((await workers.stats()).bytes).toBeLessThanOrEqual(200_000)
    // Nobody has asked for b since: its next load finds that it must begin anew.
    const seen: number[] = []
    await workers.load('b', loaderOf([{ epoch: 2, add: [chunk(7, 'b')] }], seen))
    expect(seen).toEqual([0])
    expect(await ids('b')).toEqual([7])
  })

  it('gives an index out as parts and takes it in again; damage is INTEGRITY [M3.workers-snapshot]', async () => {
    await workers.load('from', loaderOf([{ epoch: 4, add: [chunk(1, 'a'), chunk(2, 'b')] }]))
    const parts = (await workers.snapshot('from'))!.parts
    const damaged = parts.map(({ name, bytes }) => ({ name, bytes: bytes.slice(0, -1) }))
    const from = (given: typeof parts) =>
      async function* () {
        yield given
        yield { epoch: 5, removeDocuments: ['a'] }
      }
    await expect(workers.load('to', from(damaged))).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(await ids('to')).toBe('unloaded')
    expect(await workers.load('to', from(parts))).toBe(5)
    expect(await ids('to')).toEqual([2])
  })

  it('refuses vectors that do not fit as INVALID_INPUT and changes nothing [M3.workers-invalid]', async () => {
    await workers.load('o/k', loaderOf([{ epoch: 1, add: [chunk(1, 'a')] }]))
    const wrong = { ...chunk(2, 'b'), vector: Float32Array.of(1, 0, 0) }
    const invalid = { code: 'INVALID_INPUT' }
    await expect(workers.apply('o/k', { epoch: 2, add: [wrong] })).rejects.toMatchObject(invalid)
    await expect(
      workers.apply('o/k', { epoch: 2, add: [chunk(3, 'c'), wrong] }),
    ).rejects.toMatchObject(invalid)
    expect(await ids('o/k')).toEqual([1])
    expect(workers.epochOf('o/k')).toBe(1)
  })

  it('spreads indexes over threads [M3.workers-threads]', async () => {
    workers = new SearchWorkers({ threads: 2 })
    const names = ['o/1', 'o/2', 'o/3', 'o/4']
    await Promise.all(
      names.map((n, i) => workers.load(n, loaderOf([{ epoch: 1, add: [chunk(i, n)] }]))),
    )
    expect(await Promise.all(names.map((name) => ids(name)))).toEqual([[0], [1], [2], [3]])
    expect(Object.keys((await workers.stats()).indexes).sort()).toEqual(names)
  })
})
