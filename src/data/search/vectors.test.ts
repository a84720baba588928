import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compileKernel } from '../../../scripts/build-kernel.mjs'
import { kernelBase64 } from './kernel-bytes.ts'
import type { Candidate } from './types.ts'
import { exactDot, VectorStore } from './vectors.ts'

/** Vectors that lie close together, so that int8 rounding alone would change their order. */
function crowded(count: number, dimensions: number, spread: number, seed: number): Float32Array[] {
  let state = seed
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0
    return (state >>> 8) / 2 ** 24 - 0.5
  }
  const centre = Array.from({ length: dimensions }, next)
  return Array.from({ length: count }, () => {
    const values = centre.map((value) => value + spread * next())
    const length = Math.hypot(...values)
    return Float32Array.from(values, (value) => value / length)
  })
}

function exactly(query: Float32Array, vectors: readonly Float32Array[], k: number): Candidate[] {
  return vectors
    .map((vector, chunkId) => ({ chunkId, score: exactDot(query, vector) }))
    .sort((a, b) => b.score - a.score || a.chunkId - b.chunkId)
    .slice(0, k)
}

describe('VectorStore', () => {
  it('finds exactly the best, however close the vectors lie and whatever is permitted [M3.dense-exact]', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(3, 16, 384, 1_000),
        fc.constantFrom(0.01, 0.3, 2),
        fc.integer(),
        fc.constantFrom(1, 2, 20),
        (dimensions, spread, seed, share) => {
          const [query, ...vectors] = crowded(701, dimensions, spread, seed)
          const store = new VectorStore(dimensions)
          vectors.forEach((vector, i) => {
            store.set(i, i % share, vector)
          })
          const allowed = new Uint8Array(share)
          allowed[0] = 1
          const permitted = vectors.map((v, i) => (i % share === 0 ? v : undefined))
          const wanted = exactly(query!, vectors, 700).filter(({ chunkId }) => permitted[chunkId])
          expect(store.search(query!, allowed, 20)).toEqual(wanted.slice(0, 20))
        },
      ),
      { numRuns: 12 },
    )
  })

  it('forgets, replaces and compacts without disturbing the rest [M3.dense-delete]', () => {
    const [query, ...vectors] = crowded(6_000, 16, 1, 5)
    const store = new VectorStore(16)
    vectors.forEach((vector, i) => {
      store.set(i, i % 3, vector)
    })
    store.set(5, 2, vectors[7]!)
    store.remove(8)
    store.removeDead(Uint8Array.of(1, 0, 1))
    const changed = vectors.map((vector, i) => (i === 5 ? vectors[7]! : vector))
    const wanted = exactly(query!, changed, 6_000).filter(
      (c) => c.chunkId % 3 !== 1 && c.chunkId !== 8,
    )
    expect(store.size).toBe(wanted.length)
    expect(store.search(query!, Uint8Array.of(1, 1, 1), 50)).toEqual(wanted.slice(0, 50))
  })

  it('refuses a vector that does not fit, and answers an odd query with nothing [M3.dense-refuse]', () => {
    const store = new VectorStore(4)
    expect(() => store.set(1, 0, new Float32Array(3))).toThrow(RangeError)
    expect(() => store.set(1, 0, Float32Array.of(1, 0, Number.NaN, 0))).toThrow(RangeError)
    store.set(1, 0, new Float32Array(4))
    expect(store.search(new Float32Array(5), Uint8Array.of(1), 5)).toEqual([])
    expect(store.search(new Float32Array(4), Uint8Array.of(1), 5)).toEqual([
      { chunkId: 1, score: 0 },
    ])
  })
})

describe('the kernel', () => {
  it('is what compiling its source gives, byte for byte [M3.kernel-bytes]', async () => {
    expect(await compileKernel()).toBe(kernelBase64)
  })
})
