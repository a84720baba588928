import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as verifier from '../../../sdk/src/audit/merkle.ts'
import {
  appendLeaves,
  consistencyRanges,
  foldRoots,
  inclusionRanges,
  joinFrontier,
  keptLevels,
  type LeafRange,
  leafHash,
  reduceComplete,
  rootOf,
  splitFrontier,
  subtreesOf,
  type Tree,
} from './tree.ts'

const empty: Tree = { size: 0, frontier: [] }
const entries = fc.array(fc.string({ maxLength: 12 }), { minLength: 1, maxLength: 60 })
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

describe('the Merkle tree of the server', () => {
  it('agrees with the verifier’s on leaves, frontier and root [M28.two-trees]', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.nat(60), async (texts, cut) => {
        const encoder = new TextEncoder()
        const theirs = await Promise.all(texts.map((t) => verifier.leafHash(encoder.encode(t))))
        const ours = texts.map(leafHash)
        expect(ours.map(hex)).toEqual(theirs.map(hex))
        const first = appendLeaves(empty, ours.slice(0, cut))
        const stored = { size: first.size, frontier: splitFrontier(joinFrontier(first)) }
        const tree = appendLeaves(stored, ours.slice(cut))
        const frontier = await verifier.appendLeaves(verifier.emptyFrontier, theirs)
        expect(tree.frontier.map(hex)).toEqual(frontier.hashes.map(hex))
        expect(hex(rootOf(tree))).toBe(hex(await verifier.rootOf(frontier)))
      }),
      { numRuns: 60 },
    )
  })

  it('cuts the ranges of a proof into complete subtrees that give the same proof [M28.two-trees]', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.nat(1000), async (texts, pick) => {
        const leaves = texts.map(leafHash)
        const ranges = verifier.rangesOf(leaves as verifier.Frontier['hashes'] as never)
        const rootOfRange = ({ start, end }: LeafRange) =>
          hex(
            foldRoots(
              subtreesOf({ start, end }).map(({ level, index }) => {
                expect(Number.isInteger(index)).toBe(true)
                return reduceComplete(leaves.slice(index * 2 ** level, (index + 1) * 2 ** level))
              }),
            ),
          )
        const index = pick % leaves.length
        const inclusion = await verifier.inclusionProof(index, leaves.length, ranges)
        expect(inclusionRanges(index, leaves.length).map(rootOfRange)).toEqual(inclusion.map(hex))
        const from = pick % (leaves.length + 1)
        const consistency = await verifier.consistencyProof(from, leaves.length, ranges)
        expect(consistencyRanges(from, leaves.length).map(rootOfRange)).toEqual(
          consistency.map(hex),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('hands out each subtree of 256 and 65,536 leaves once, in any batches [M28.proof-rows]', () => {
    const leaf = leafHash('x')
    const perfect = (level: number): Uint8Array =>
      reduceComplete(Array.from({ length: 2 ** level }, () => leaf))
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 700 }), { maxLength: 6 }), (batches) => {
        let tree: Tree = empty
        const seen: string[] = []
        for (const size of batches) {
          const grown = appendLeaves(
            tree,
            Array.from({ length: size }, () => leaf),
          )
          for (const { level, index, hash } of grown.completed) {
            expect(level % keptLevels).toBe(0)
            expect(hex(hash)).toBe(hex(perfect(level)))
            seen.push(`${level}/${index}`)
          }
          tree = grown
        }
        const full = Math.floor(tree.size / 256)
        expect(seen).toEqual(Array.from({ length: full }, (_, i) => `8/${i}`))
      }),
      { numRuns: 30 },
    )
    const big = appendLeaves(
      empty,
      Array.from({ length: 65_536 }, () => leaf),
    )
    expect(big.completed.length).toBe(257)
    expect(big.completed.at(-1)).toMatchObject({ level: 16, index: 0 })
  })
})
