import { type Bytes, concat, type Sha256, sameBytes, webSha256 } from './bytes.ts'

/**
 * The Merkle tree of RFC 6962 section 2.1, as far as a verifier needs it. A tree is carried as its
 * frontier: the roots of its complete subtrees, largest first, one for each 1 in the binary form of
 * its size.
 */
export interface Frontier {
  /** Leaves in the tree, up to 2^53 - 1. */
  size: number
  /** 32 bytes each. */
  hashes: readonly Bytes[]
}

export const emptyFrontier: Frontier = { size: 0, hashes: [] }

const leafPrefix = new Uint8Array([0])
const nodePrefix = new Uint8Array([1])

/** SHA-256(0x00 || entry). */
export function leafHash(entry: Uint8Array, sha256: Sha256 = webSha256): Bytes | Promise<Bytes> {
  return sha256(concat([leafPrefix, entry]))
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(
  left: Uint8Array,
  right: Uint8Array,
  sha256: Sha256 = webSha256,
): Bytes | Promise<Bytes> {
  return sha256(concat([nodePrefix, left, right]))
}

/** How many hashes the frontier of a tree of this size has: the ones in its binary form. */
export function frontierLength(size: number): number {
  let ones = 0
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2
  return ones
}

/**
 * Appends leaves, given by their hashes. Works level by level, so that all hashes of a level are
 * computed at once: with WebCrypto a batch of 1,000 is several times as fast as leaf after leaf.
 */
export async function appendLeaves(
  frontier: Frontier,
  leaves: readonly Bytes[],
  sha256: Sha256 = webSha256,
): Promise<Frontier> {
  const kept: Bytes[] = []
  const old = [...frontier.hashes]
  let nodes = [...leaves]
  for (let rest = frontier.size; rest > 0 || nodes.length > 0; rest = Math.floor(rest / 2)) {
    const left = rest % 2 === 1 ? old.pop() : undefined
    if (left) nodes.unshift(left)
    if (nodes.length % 2 === 1) kept.unshift(nodes.pop()!)
    const parents: (Bytes | Promise<Bytes>)[] = []
    for (let i = 0; i < nodes.length; i += 2) {
      parents.push(nodeHash(nodes[i]!, nodes[i + 1]!, sha256))
    }
    nodes = await Promise.all(parents)
  }
  return { size: frontier.size + leaves.length, hashes: kept }
}

/** Root hash of the tree: MTH of RFC 6962; of the empty tree, SHA-256 of nothing. */
export async function rootOf(frontier: Frontier, sha256: Sha256 = webSha256): Promise<Bytes> {
  let root = frontier.hashes.at(-1)
  if (!root) return sha256(new Uint8Array(0))
  for (let i = frontier.hashes.length - 2; i >= 0; i--) {
    root = await nodeHash(frontier.hashes[i]!, root, sha256)
  }
  return root
}

/** Root of the leaves from `start` up to, not including, `end`. */
export type RootOfRange = (start: number, end: number) => Promise<Bytes>

/** Roots of ranges of a list of leaf hashes held in memory: for tests and small logs. */
export function rangesOf(leaves: readonly Bytes[], sha256: Sha256 = webSha256): RootOfRange {
  return async (start, end) =>
    rootOf(await appendLeaves(emptyFrontier, leaves.slice(start, end), sha256), sha256)
}

/** Proof that leaf `index` is in the tree of `size` leaves (RFC 6962 section 2.1.1). */
export async function inclusionProof(
  index: number,
  size: number,
  rootOfRange: RootOfRange,
): Promise<Bytes[]> {
  if (!(index >= 0 && index < size)) throw new RangeError(`no leaf ${index} in a tree of ${size}`)
  const proof: Bytes[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start)
    if (index < middle) {
      proof.unshift(await rootOfRange(middle, end))
      end = middle
    } else {
      proof.unshift(await rootOfRange(start, middle))
      start = middle
    }
  }
  return proof
}

/**
 * Proof that the tree of `to` leaves only appends to the tree of `from` leaves (RFC 6962 section
 * 2.1.2).
 */
export async function consistencyProof(
  from: number,
  to: number,
  rootOfRange: RootOfRange,
): Promise<Bytes[]> {
  if (!(from >= 0 && from <= to)) throw new RangeError(`no proof from ${from} to ${to}`)
  if (from === 0 || from === to) return []
  const proof: Bytes[] = []
  let [start, end] = [0, to]
  while (end !== from) {
    const middle = start + largestPowerBelow(end - start)
    if (from <= middle) {
      proof.unshift(await rootOfRange(middle, end))
      end = middle
    } else {
      proof.unshift(await rootOfRange(start, middle))
      start = middle
    }
  }
  if (start > 0) proof.unshift(await rootOfRange(start, end))
  return proof
}

export interface InclusionClaim {
  index: number
  size: number
  leafHash: Bytes
  proof: readonly Bytes[]
  root: Bytes
}

/** Whether a leaf is in the tree with this root (RFC 9162 section 2.1.3.2). */
export async function verifyInclusion(
  claim: InclusionClaim,
  sha256: Sha256 = webSha256,
): Promise<boolean> {
  if (!(claim.index >= 0 && claim.index < claim.size)) return false
  let [fn, sn, hash] = [claim.index, claim.size - 1, claim.leafHash]
  for (const step of claim.proof) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      hash = await nodeHash(step, hash, sha256)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)]
    } else {
      hash = await nodeHash(hash, step, sha256)
    }
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 && sameBytes(hash, claim.root)
}

export interface ConsistencyClaim {
  from: number
  fromRoot: Bytes
  to: number
  toRoot: Bytes
  proof: readonly Bytes[]
}

/** Whether the later tree only appends to the earlier one (RFC 9162 section 2.1.4.2). */
export async function verifyConsistency(
  claim: ConsistencyClaim,
  sha256: Sha256 = webSha256,
): Promise<boolean> {
  const { from, to, fromRoot, toRoot } = claim
  if (!(from >= 0 && from <= to)) return false
  if (from === to) return claim.proof.length === 0 && sameBytes(fromRoot, toRoot)
  if (from === 0) {
    return claim.proof.length === 0 && sameBytes(fromRoot, await rootOf(emptyFrontier, sha256))
  }
  const steps = isPowerOfTwo(from) ? [fromRoot, ...claim.proof] : [...claim.proof]
  const first = steps.shift()
  if (!first) return false
  let [fn, sn] = [from - 1, to - 1]
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  let [earlier, later] = [first, first]
  for (const step of steps) {
    if (sn === 0) return false
    if (fn % 2 === 1 || fn === sn) {
      earlier = await nodeHash(step, earlier, sha256)
      later = await nodeHash(step, later, sha256)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)]
    } else {
      later = await nodeHash(later, step, sha256)
    }
    ;[fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)]
  }
  return sn === 0 && sameBytes(earlier, fromRoot) && sameBytes(later, toRoot)
}

/** Largest power of two smaller than n, for n of at least 2. */
function largestPowerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}

function isPowerOfTwo(n: number): boolean {
  return frontierLength(n) === 1
}
