import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DamagedBytes } from './container.ts'
import { KnowledgeIndex, readManifest } from './knowledge-index.ts'

function filled(chunks: number): KnowledgeIndex {
  const index = new KnowledgeIndex({ tailRows: 7, mergeFactor: 3, deadShare: 0.5 })
  index.apply({
    epoch: 3,
    add: Array.from({ length: chunks }, (_, i) => ({
      chunkId: i * 3 + 1,
      documentKey: i % 4 === 0 ? i : `doc_${i >> 1}`,
      permissionSet: i % 3,
      searchText: `water storm ${'claim '.repeat(i % 5)}größe n${i}`,
      metadata: { year: 2000 + (i % 4), kind: i % 2 === 0 ? 'form' : 'letter' },
      ...(i % 3 === 0 ? {} : { vector: Float32Array.of(Math.sin(i), Math.cos(i), 0.1) }),
    })),
  })
  index.apply({ epoch: 4, removeDocuments: ['doc_2'], removeChunks: [22] })
  return index
}

const query = {
  terms: ['claim', 'water', 'n3', 'größe'],
  vector: Float32Array.of(0.6, 0.8, 0),
  permissionSets: [0, 2],
  filter: { op: 'in', field: 'year', type: 'number', values: [2001, 2002] },
  k: 50,
} as const

describe('an index as parts', () => {
  it('is the same index when it is read again, and goes on [M3.index-parts]', () => {
    fc.assert(
      fc.property(fc.nat(60), (chunks) => {
        const index = filled(chunks)
        const read = KnowledgeIndex.fromParts(index.toParts())
        expect(read.epoch).toBe(4)
        expect(read.search(query)).toEqual(index.search(query))
        for (const each of [read, index]) {
          each.apply({
            epoch: 5,
            removeDocuments: ['doc_1'],
            documents: [{ documentKey: 'doc_3', permissionSet: 9 }],
            vectors: [{ chunkId: 1, vector: Float32Array.of(1, 0, 0) }],
          })
          while (each.maintain());
        }
        expect(read.search(query)).toEqual(index.search(query))
        expect(read.stats.chunks).toBe(index.stats.chunks)
      }),
      { numRuns: 60 },
    )
  })

  it('leaves out what is known already, and says what it needs [M3.index-parts-known]', () => {
    const index = filled(40)
    const first = index.toParts()
    index.apply({
      epoch: 6,
      add: [{ chunkId: 900, documentKey: 'new', permissionSet: 0, searchText: 'claim' }],
    })
    const known = new Set(first.map(({ name }) => name))
    const second = index.toParts(known)
    expect(second.length).toBeLessThan(first.length)
    const all = new Map([...first, ...second].map((part) => [part.name, part]))
    const needed = readManifest(all.get('manifest')!.bytes).parts
    const read = KnowledgeIndex.fromParts([
      ...needed.map((name) => all.get(name)!),
      all.get('manifest')!,
    ])
    expect(read.search(query)).toEqual(index.search(query))
    expect(read.epoch).toBe(6)
  })

  it('is refused when a byte changed, is missing or a part is gone [M3.index-damage]', () => {
    const parts = filled(12).toParts()
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 255 }), (which, where, flip) => {
        const at = which % parts.length
        const bytes = parts[at]!.bytes.slice()
        bytes[where % bytes.length]! ^= flip
        const damaged = parts.with(at, { name: parts[at]!.name, bytes })
        expect(() => KnowledgeIndex.fromParts(damaged)).toThrow(DamagedBytes)
        const cut = parts.with(at, { name: parts[at]!.name, bytes: parts[at]!.bytes.slice(0, -1) })
        expect(() => KnowledgeIndex.fromParts(cut)).toThrow(DamagedBytes)
        expect(() => KnowledgeIndex.fromParts(parts.toSpliced(at, 1))).toThrow(DamagedBytes)
      }),
      { numRuns: 200 },
    )
  })
})
