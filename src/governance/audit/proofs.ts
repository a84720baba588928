import { PlinthError } from '#kernel'
import type { Tx } from '#store'
import {
  consistencyRanges,
  foldRoots,
  inclusionRanges,
  keptLevels,
  type LeafRange,
  reduceComplete,
  type Subtree,
  subtreesOf,
  type Tree,
} from './tree.ts'

/**
 * Proofs from what the database keeps. A proof over n events reads, for each of about log2(n) subtrees, at most 128
 * rows of 32 bytes: for ten million events some 24 statements and under 2,000 hashes, never the whole log.
 */
export interface AuditProof {
  /** Sequence number (inclusion) or size of the earlier tree (consistency). */
  from: number
  /** Size of the tree that the proof leads to. */
  size: number
  /** Base 64, in the order of RFC 6962. */
  hashes: string[]
}

/** Proof that event `seq` is in the log of `size` events. Throws NOT_FOUND. */
export async function inclusionProof(tx: Tx, seq: number, size: number): Promise<AuditProof> {
  await demandSize(tx, size)
  if (!(Number.isSafeInteger(seq) && seq >= 0 && seq < size)) {
    throw new PlinthError('NOT_FOUND', `There is no event ${seq} among the first ${size}.`)
  }
  return { from: seq, size, hashes: await rootsOf(tx, inclusionRanges(seq, size)) }
}

/** Proof that the log of `to` events appends to that of `from` events. Throws NOT_FOUND. */
export async function consistencyProof(tx: Tx, from: number, to: number): Promise<AuditProof> {
  await demandSize(tx, to)
  if (!(Number.isSafeInteger(from) && from >= 0 && from <= to)) {
    throw new PlinthError('NOT_FOUND', `There is no proof from ${from} to ${to} events.`)
  }
  return { from, size: to, hashes: await rootsOf(tx, consistencyRanges(from, to)) }
}

/** The tree of the first `size` events, from stored hashes. Throws INTEGRITY when some are missing. */
export async function treeAt(tx: Tx, size: number): Promise<Tree> {
  const frontier: Uint8Array[] = []
  for (const part of subtreesOf({ start: 0, end: size })) frontier.push(await subtreeRoot(tx, part))
  return { size, frontier }
}

async function demandSize(tx: Tx, size: number): Promise<void> {
  const tree = await tx.selectFrom('audit_tree').select('size').executeTakeFirst()
  const has = Number(tree?.size ?? 0)
  if (!(Number.isSafeInteger(size) && size >= 0 && size <= has)) {
    throw new PlinthError('NOT_FOUND', `The audit log has ${has} events, not ${size}.`)
  }
}

async function rootsOf(tx: Tx, ranges: readonly LeafRange[]): Promise<string[]> {
  const roots: string[] = []
  for (const range of ranges) {
    const parts: Uint8Array[] = []
    for (const part of subtreesOf(range)) parts.push(await subtreeRoot(tx, part))
    roots.push(Buffer.from(foldRoots(parts)).toString('base64'))
  }
  return roots
}

async function subtreeRoot(tx: Tx, subtree: Subtree): Promise<Uint8Array> {
  const level = subtree.level - (subtree.level % keptLevels)
  const width = 2 ** (subtree.level - level)
  const first = subtree.index * width
  const nodes = level === 0 ? await leaves(tx, first, width) : await kept(tx, level, [first, width])
  if (nodes.length !== width) {
    const detail = `The audit log lacks stored hashes of level ${level} from ${first} on.`
    throw new PlinthError('INTEGRITY', detail)
  }
  return reduceComplete(nodes)
}

async function leaves(tx: Tx, first: number, width: number): Promise<Uint8Array[]> {
  const rows = await tx
    .selectFrom('audit_event')
    .select('leaf_hash')
    .where('seq', '>=', first)
    .where('seq', '<', first + width)
    .orderBy('seq')
    .execute()
  return rows.map((row) => row.leaf_hash)
}

async function kept(
  tx: Tx,
  level: number,
  [first, width]: readonly [number, number],
): Promise<Uint8Array[]> {
  const rows = await tx
    .selectFrom('audit_subtree')
    .select('hash')
    .where('level', '=', level)
    .where('index', '>=', first)
    .where('index', '<', first + width)
    .orderBy('index')
    .execute()
  return rows.map((row) => row.hash)
}
