import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Bytes, toHex } from './bytes.ts'
import {
  appendLeaves,
  consistencyProof,
  emptyFrontier,
  frontierLength,
  inclusionProof,
  leafHash,
  rangesOf,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts'

const sha256 = (bytes: Uint8Array): Bytes =>
  new Uint8Array(createHash('sha256').update(bytes).digest())

/** The definitions of RFC 6962 section 2.1, word for word. */
function mth(d: readonly Uint8Array[]): Bytes {
  if (d.length === 0) return sha256(new Uint8Array(0))
  if (d.length === 1) return sha256(Buffer.concat([Buffer.from([0]), d[0]!]))
  const k = split(d.length)
  return sha256(Buffer.concat([Buffer.from([1]), mth(d.slice(0, k)), mth(d.slice(k))]))
}
function path(m: number, d: readonly Uint8Array[]): Bytes[] {
  if (d.length === 1) return []
  const k = split(d.length)
  if (m < k) return [...path(m, d.slice(0, k)), mth(d.slice(k))]
  return [...path(m - k, d.slice(k)), mth(d.slice(0, k))]
}
function subproof(m: number, d: readonly Uint8Array[], whole: boolean): Bytes[] {
  if (m === d.length) return whole ? [] : [mth(d)]
  const k = split(d.length)
  if (m <= k) return [...subproof(m, d.slice(0, k), whole), mth(d.slice(k))]
  return [...subproof(m - k, d.slice(k), false), mth(d.slice(0, k))]
}
function split(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

const entries = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 70 })
const leavesOf = (d: readonly Uint8Array[]) => Promise.all(d.map((e) => leafHash(e)))
const hex = (hashes: readonly Uint8Array[]) => hashes.map(toHex)

/** Leaves and roots of the test data that Certificate Transparency implementations share. */
const knownLeaves = ',00,10,2021,3031,40414243,5051525354555657,606162636465666768696a6b6c6d6e6f'
  .split(',')
  .map((text) => Buffer.from(text, 'hex'))
const knownRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

describe('the Merkle tree of the verifier', () => {
  it('gives the published roots of RFC 6962 implementations [M28.rfc6962-vectors]', async () => {
    for (const [size, root] of knownRoots.entries()) {
      const leaves = await leavesOf(knownLeaves.slice(0, size))
      expect(toHex(await rootOf(await appendLeaves(emptyFrontier, leaves)))).toBe(root)
    }
  })

  it('appends in any batches to the root of the recursive definition [M28.merkle-reference]', async () => {
    await fc.assert(
      fc.asyncProperty(entries, fc.array(fc.nat(9), { maxLength: 30 }), async (d, batches) => {
        const leaves = await leavesOf(d)
        let frontier = emptyFrontier
        for (const size of batches) {
          frontier = await appendLeaves(frontier, leaves.slice(frontier.size, frontier.size + size))
          expect(toHex(await rootOf(frontier))).toBe(toHex(mth(d.slice(0, frontier.size))))
          expect(frontier.hashes.length).toBe(frontierLength(frontier.size))
        }
      }),
      { numRuns: 60 },
    )
  })

  it('proves inclusion as the definition does, and nothing else [M28.inclusion-proof]', async () => {
    const cases = entries
      .filter((d) => d.length > 0)
      .chain((d) =>
        fc.tuple(fc.constant(d), fc.nat(d.length - 1), fc.nat(d.length - 1), fc.nat(255)),
      )
    await fc.assert(
      fc.asyncProperty(cases, async ([d, index, other, flip]) => {
        const leaves = await leavesOf(d)
        const proof = await inclusionProof(index, d.length, rangesOf(leaves))
        expect(hex(proof)).toEqual(hex(path(index, d)))
        const claim = { index, size: d.length, leafHash: leaves[index]!, proof, root: mth(d) }
        expect(await verifyInclusion(claim)).toBe(true)
        if (toHex(leaves[other]!) !== toHex(leaves[index]!)) {
          expect(await verifyInclusion({ ...claim, leafHash: leaves[other]! })).toBe(false)
        }
        expect(await verifyInclusion({ ...claim, proof: [...proof, claim.root] })).toBe(false)
        const bent = proof.map((hash) => hash.slice())
        const at = bent[flip % Math.max(1, bent.length)]
        if (at) {
          at[flip % 32]! ^= 1
          expect(await verifyInclusion({ ...claim, proof: bent })).toBe(false)
          expect(await verifyInclusion({ ...claim, proof: proof.slice(1) })).toBe(false)
        }
      }),
      { numRuns: 80 },
    )
  })

  it('proves consistency as the definition does, and refuses another past [M28.consistency-proof]', async () => {
    const cases = entries
      .filter((d) => d.length > 0)
      .chain((d) => fc.tuple(fc.constant(d), fc.nat(d.length), fc.nat(255)))
    await fc.assert(
      fc.asyncProperty(cases, async ([d, from, flip]) => {
        const proof = await consistencyProof(from, d.length, rangesOf(await leavesOf(d)))
        if (from > 0) expect(hex(proof)).toEqual(hex(subproof(from, d, true)))
        const claim = { from, fromRoot: mth(d.slice(0, from)), to: d.length, toRoot: mth(d), proof }
        expect(await verifyConsistency(claim)).toBe(true)
        const forged = claim.fromRoot.slice()
        forged[flip % 32]! ^= 1
        expect(await verifyConsistency({ ...claim, fromRoot: forged })).toBe(false)
        const bent = proof.map((hash) => hash.slice())
        const at = bent[flip % Math.max(1, bent.length)]
        if (at) {
          at[flip % 32]! ^= 1
          expect(await verifyConsistency({ ...claim, proof: bent })).toBe(false)
        }
      }),
      { numRuns: 80 },
    )
  })
})
