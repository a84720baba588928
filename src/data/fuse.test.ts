import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fuse } from './fuse.ts'

const leg = fc
  .uniqueArray(
    fc.record({ chunkId: fc.nat(30), score: fc.double({ min: -5, max: 50, noNaN: true }) }),
    {
      selector: ({ chunkId }) => chunkId,
      maxLength: 12,
    },
  )
  .map((hits) => hits.sort((a, b) => b.score - a.score))

describe('fuse', () => {
  it('scales each leg to 0..1, counts a missing chunk 0 and weighs the dense leg [M3.fuse]', () => {
    const lexical = [
      { chunkId: 1, score: 12 },
      { chunkId: 2, score: 7 },
      { chunkId: 3, score: 2 },
    ]
    const dense = [
      { chunkId: 2, score: 0.9 },
      { chunkId: 4, score: 0.5 },
    ]
    expect(fuse(lexical, dense, 0.4)).toEqual([
      { chunkId: 2, score: 0.6 * 0.5 + 0.4 * 1, lexical: 7, dense: 0.9 },
      { chunkId: 1, score: 0.6, lexical: 12 },
      { chunkId: 3, score: 0, lexical: 2 },
      { chunkId: 4, score: 0, dense: 0.5 },
    ])
  })

  it('keeps every chunk of either leg once, in order, between 0 and 1 [M3.fuse-whole]', () => {
    fc.assert(
      fc.property(
        leg,
        fc.option(leg, { nil: undefined }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (a, b, w) => {
          const hits = fuse(a, b, w)
          const ids = new Set([...a, ...(b ?? [])].map(({ chunkId }) => chunkId))
          expect(new Set(hits.map(({ chunkId }) => chunkId))).toEqual(ids)
          expect(hits.length).toBe(ids.size)
          hits.forEach(({ score }, i) => {
            expect(score).toBeGreaterThanOrEqual(0)
            expect(score).toBeLessThanOrEqual(1 + 1e-9)
            if (i > 0) expect(score).toBeLessThanOrEqual(hits[i - 1]!.score)
          })
        },
      ),
    )
  })

  it('leaves one leg alone where the other is off or found nothing [M3.fuse-one-leg]', () => {
    const found = [
      { chunkId: 1, score: 3 },
      { chunkId: 2, score: 1 },
    ]
    expect(fuse(found, undefined, 1).map(({ score }) => score)).toEqual([1, 0])
    expect(fuse(found, [], 1).map(({ score }) => score)).toEqual([1, 0])
    expect(fuse([], found, 0).map(({ score }) => score)).toEqual([1, 0])
  })
})
