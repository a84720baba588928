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
 * Proofs from what the database keeps. A proof over n events needs about log2(n) subtrees of at
 * most 128 stored hashes each, in one statement for each stored level: for ten million events three
 * statements and under 3,000 rows of 32 bytes, never the whole log.
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

/**
 * The tree of the first `size` events, from stored hashes. Throws INTEGRITY when some are missing.
 */
export async function treeAt(tx: Tx, size: number): Promise<Tree> {
  const parts = subtreesOf({ start: 0, end: size })
  const roots = await subtreeRoots(tx, parts)
  return { size, frontier: parts.map((part) => roots.get(keyOf(part))!) }
}

async function demandSize(tx: Tx, size: number): Promise<void> {
  const tree = await tx.selectFrom('audit_tree').select('size').executeTakeFirst()
  const has = Number(tree?.size ?? 0)
  if (!(Number.isSafeInteger(size) && size >= 0 && size <= has)) {
    throw new PlinthError('NOT_FOUND', `The audit log has ${has} events, not ${size}.`)
  }
}

async function rootsOf(tx: Tx, ranges: readonly LeafRange[]): Promise<string[]> {
  const parts = ranges.map(subtreesOf)
  const roots = await subtreeRoots(tx, parts.flat())
  return parts.map((subtrees) => {
    const root = foldRoots(subtrees.map((subtree) => roots.get(keyOf(subtree))!))
    return Buffer.from(root).toString('base64')
  })
}

const keyOf = ({ level, index }: Subtree) => `${level}/${index}`

/** Hashes at one stored level, from `first` on. */
interface Row {
  first: number
  width: number
  subtree: Subtree
}

/** Roots of complete subtrees: one statement for each stored level that they need. */
async function subtreeRoots(
  tx: Tx,
  subtrees: readonly Subtree[],
): Promise<Map<string, Uint8Array>> {
  const byLevel = new Map<number, Row[]>()
  for (const subtree of subtrees) {
    const level = subtree.level - (subtree.level % keptLevels)
    const width = 2 ** (subtree.level - level)
    const row = { first: subtree.index * width, width, subtree }
    byLevel.set(level, [...(byLevel.get(level) ?? []), row])
  }
  const roots = new Map<string, Uint8Array>()
  for (const [level, rows] of byLevel) {
    const stored = level === 0 ? await leaves(tx, rows) : await kept(tx, level, rows)
    for (const { first, width, subtree } of rows) {
      const nodes = Array.from({ length: width }, (_, i) => stored.get(first + i))
      if (!nodes.every((node) => node !== undefined)) {
        const detail = `The audit log lacks stored hashes of level ${level} from ${first} on.`
        throw new PlinthError('INTEGRITY', detail)
      }
      roots.set(keyOf(subtree), reduceComplete(nodes))
    }
  }
  return roots
}

async function leaves(tx: Tx, rows: readonly Row[]): Promise<Map<number, Uint8Array>> {
  const found = await tx
    .selectFrom('audit_event')
    .select(['seq', 'leaf_hash'])
    .where((eb) =>
      eb.or(
        rows.map(({ first, width }) =>
          eb.and([eb('seq', '>=', first), eb('seq', '<', first + width)]),
        ),
      ),
    )
    .execute()
  return new Map(found.map((row) => [Number(row.seq), row.leaf_hash]))
}

async function kept(tx: Tx, level: number, rows: readonly Row[]): Promise<Map<number, Uint8Array>> {
  const found = await tx
    .selectFrom('audit_subtree')
    .select(['index', 'hash'])
    .where('level', '=', level)
    .where((eb) =>
      eb.or(
        rows.map(({ first, width }) =>
          eb.and([eb('index', '>=', first), eb('index', '<', first + width)]),
        ),
      ),
    )
    .execute()
  return new Map(found.map((row) => [Number(row.index), row.hash]))
}
