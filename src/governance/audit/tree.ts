import { hash } from 'node:crypto'

/**
 * The Merkle tree of RFC 6962 section 2.1 for the server's hot path: synchronous, on bytes as the
 * database keeps them. `sdk/src/audit/merkle.ts` is the verifier's own implementation; tests hold
 * the two against each other.
 */
export interface Tree {
  /** Leaves. */
  size: number
  /** Roots of the complete subtrees, largest first, 32 bytes each. */
  frontier: readonly Uint8Array[]
}

/** A complete subtree: the leaves from `index * 2^level` on, `2^level` of them. */
export interface Subtree {
  level: number
  index: number
}

export interface Appended extends Tree {
  /**
   * Subtrees that became complete and are kept for proofs: those whose level is a multiple of
   * `keptLevels`.
   */
  completed: (Subtree & { hash: Uint8Array })[]
}

/**
 * Every eighth level is stored, as in c2sp.org/tlog-tiles: one row for each 256 leaves or nodes.
 */
export const keptLevels = 8
export const hashBytes = 32

const leafPrefix = Buffer.from([0])
const nodePrefix = Buffer.from([1])

/** SHA-256(0x00 || entry) of a canonical event. */
export function leafHash(entry: string): Uint8Array {
  return hash('sha256', Buffer.concat([leafPrefix, Buffer.from(entry, 'utf8')]), 'buffer')
}

/** SHA-256(0x01 || left || right). */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash('sha256', Buffer.concat([nodePrefix, left, right]), 'buffer')
}

/** Appends leaves, given by their hashes. */
export function appendLeaves(tree: Tree, leaves: readonly Uint8Array[]): Appended {
  const kept: Uint8Array[] = []
  const old = [...tree.frontier]
  const completed: Appended['completed'] = []
  let nodes = [...leaves]
  let rest = tree.size
  for (let level = 0; rest > 0 || nodes.length > 0; level++) {
    if (level > 0 && level % keptLevels === 0) {
      nodes.forEach((node, i) => {
        completed.push({ level, index: rest + i, hash: node })
      })
    }
    const left = rest % 2 === 1 ? old.pop() : undefined
    if (left) nodes.unshift(left)
    if (nodes.length % 2 === 1) kept.unshift(nodes.pop()!)
    nodes = parentsOf(nodes)
    rest = Math.floor(rest / 2)
  }
  return { size: tree.size + leaves.length, frontier: kept, completed }
}

function parentsOf(nodes: readonly Uint8Array[]): Uint8Array[] {
  const parents: Uint8Array[] = []
  for (let i = 0; i < nodes.length; i += 2) parents.push(nodeHash(nodes[i]!, nodes[i + 1]!))
  return parents
}

/** Root hash; of the empty tree, SHA-256 of nothing. */
export function rootOf(tree: Tree): Uint8Array {
  return foldRoots(tree.frontier)
}

/** Root over complete subtrees that stand side by side, largest first. */
export function foldRoots(roots: readonly Uint8Array[]): Uint8Array {
  let root = roots.at(-1) ?? hash('sha256', '', 'buffer')
  for (let i = roots.length - 2; i >= 0; i--) root = nodeHash(roots[i]!, root)
  return root
}

/** Root of a complete subtree from its nodes at one level; their number is a power of two. */
export function reduceComplete(nodes: readonly Uint8Array[]): Uint8Array {
  let row = [...nodes]
  while (row.length > 1) row = parentsOf(row)
  return row[0]!
}

/** The frontier as the database keeps it. */
export function joinFrontier(tree: Tree): Uint8Array {
  return Buffer.concat(tree.frontier)
}

export function splitFrontier(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = []
  for (let at = 0; at < bytes.length; at += hashBytes) parts.push(bytes.slice(at, at + hashBytes))
  return parts
}

/** Leaves from `start` up to, not including, `end`. */
export interface LeafRange {
  start: number
  end: number
}

/**
 * The ranges whose roots prove that leaf `index` is in the tree of `size` (RFC 6962 section 2.1.1),
 * leaf to root.
 */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  const ranges: LeafRange[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + largestPowerBelow(end - start)
    ranges.unshift(index < middle ? { start: middle, end } : { start, end: middle })
    if (index < middle) end = middle
    else start = middle
  }
  return ranges
}

/**
 * The ranges whose roots prove that the tree of `to` appends to that of `from` (RFC 6962 section
 * 2.1.2).
 */
export function consistencyRanges(from: number, to: number): LeafRange[] {
  if (from === 0 || from === to) return []
  const ranges: LeafRange[] = []
  let [start, end] = [0, to]
  while (end !== from) {
    const middle = start + largestPowerBelow(end - start)
    ranges.unshift(from <= middle ? { start: middle, end } : { start, end: middle })
    if (from <= middle) end = middle
    else start = middle
  }
  if (start > 0) ranges.unshift({ start, end })
  return ranges
}

/**
 * The complete subtrees that make up a range, largest first; `start` is aligned as proofs need it.
 */
export function subtreesOf(range: LeafRange): Subtree[] {
  const parts: Subtree[] = []
  let start = range.start
  let level = Math.floor(Math.log2(Math.max(1, range.end - start))) + 1
  for (; start < range.end; level--) {
    const width = 2 ** level
    if (start + width > range.end) continue
    parts.push({ level, index: start / width })
    start += width
  }
  return parts
}

function largestPowerBelow(n: number): number {
  let power = 1
  while (power * 2 < n) power *= 2
  return power
}
