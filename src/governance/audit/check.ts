import type { Store } from '#store'
import type { AuditRecord } from './events.ts'
import { targetText } from './events.ts'
import { appendLeaves, keptLevels, leafHash, rootOf, splitFrontier, type Tree } from './tree.ts'

export interface AuditFault {
  seq: number | null
  what: string
}

export interface AuditCheck {
  events: number
  checkpoints: number
  /** At most 100. */
  faults: AuditFault[]
}

const pageSize = 2_000
const maxFaults = 100
/** 2^48 events are more than a log will ever have. */
const storedLevels = [1, 2, 3, 4, 5, 6].map((n) => n * keptLevels)

/**
 * Compares everything the database keeps of one log with the events' canonical texts: hashes,
 * columns, subtrees, frontier, roots of checkpoints. For `doctor --fsck`; signatures are
 * `verifyExport`'s business.
 */
export async function checkAudit(store: Store, organizationId: string): Promise<AuditCheck> {
  const faults: AuditFault[] = []
  const fault = (seq: number | null, what: string) => {
    if (faults.length < maxFaults) faults.push({ seq, what })
  }
  const stored = await store.read(organizationId, (db) =>
    db.selectFrom('audit_tree').select(['size', 'frontier']).executeTakeFirst(),
  )
  const size = Number(stored?.size ?? 0)
  let tree: Tree = { size: 0, frontier: [] }
  let checkpoints = 0
  while (tree.size < size) {
    const page = await readPage(store, organizationId, { from: tree.size, size })
    if (page.events.length === 0 || Number(page.events[0]!.seq) !== tree.size) {
      fault(tree.size, 'The event is missing.')
      break
    }
    for (const row of page.events) checkRow(row, { organizationId, fault })
    const points = new Map(page.points.map((point) => [Number(point.size), point.root]))
    const grown = growThrough(tree, page.events, points)
    checkpoints += grown.roots.length
    for (const { at, fits } of grown.roots) {
      if (!fits) fault(at - 1, `The checkpoint of ${at} events has another root.`)
    }
    const kept = new Map(page.subtrees.map((row) => [`${row.level}/${row.index}`, row.hash]))
    for (const { level, index, hash } of grown.completed) {
      const found = kept.get(`${level}/${index}`)
      if (!found) fault(null, `The hash of subtree ${level}/${index} is missing.`)
      else if (!same(found, hash)) fault(null, `The hash of subtree ${level}/${index} is wrong.`)
    }
    tree = grown.tree
  }
  const frontier = splitFrontier(stored?.frontier ?? new Uint8Array(0))
  if (tree.size === size && !same(rootOf(tree), rootOf({ size, frontier }))) {
    fault(null, 'The stored frontier is not that of the events.')
  }
  return { events: tree.size, checkpoints, faults }
}

interface Row {
  seq: number
  at: Date
  kind: string
  actor_id: string
  target: string
  canonical: string
  leaf_hash: Uint8Array
}

function checkRow(
  row: Row,
  { organizationId, fault }: { organizationId: string; fault: (seq: number, what: string) => void },
): void {
  const seq = Number(row.seq)
  if (!same(row.leaf_hash, leafHash(row.canonical))) fault(seq, 'Its text was changed.')
  let record: AuditRecord
  try {
    record = JSON.parse(row.canonical) as AuditRecord
  } catch {
    fault(seq, 'Its text is not JSON.')
    return
  }
  const fits =
    record.seq === seq &&
    record.organization === organizationId &&
    record.kind === row.kind &&
    record.actor?.id === row.actor_id &&
    targetText(record.target) === row.target &&
    record.at === new Date(row.at).toISOString()
  if (!fits) fault(seq, 'Its columns do not say what its text says.')
}

/** Appends a page, stopping at each checkpoint to compare its root. */
function growThrough(
  start: Tree,
  rows: readonly Row[],
  points: ReadonlyMap<number, Uint8Array>,
): {
  tree: Tree
  roots: { at: number; fits: boolean }[]
  completed: { level: number; index: number; hash: Uint8Array }[]
} {
  let tree = start
  const roots: { at: number; fits: boolean }[] = []
  const completed: { level: number; index: number; hash: Uint8Array }[] = []
  let pending: Uint8Array[] = []
  for (const [i, row] of rows.entries()) {
    pending.push(leafHash(row.canonical))
    const size = start.size + i + 1
    const root = points.get(size)
    if (root === undefined && i < rows.length - 1) continue
    const grown = appendLeaves(tree, pending)
    pending = []
    completed.push(...grown.completed)
    tree = { size: grown.size, frontier: grown.frontier }
    if (root) roots.push({ at: size, fits: same(rootOf(tree), root) })
  }
  return { tree, roots, completed }
}

async function readPage(
  store: Store,
  organizationId: string,
  { from, size }: { from: number; size: number },
) {
  const end = Math.min(from + pageSize, size)
  return store.read(organizationId, async (db) => ({
    events: await db
      .selectFrom('audit_event')
      .selectAll()
      .where('seq', '>=', from)
      .where('seq', '<', end)
      .orderBy('seq')
      .execute(),
    points: await db
      .selectFrom('audit_checkpoint')
      .select(['size', 'root'])
      .where('size', '>', from)
      .where('size', '<=', end)
      .execute(),
    subtrees: await db
      .selectFrom('audit_subtree')
      .selectAll()
      // Subtrees that end within the page: (index + 1) * 2^level leaves.
      .where((eb) =>
        eb.or(
          storedLevels.map((level) =>
            eb.and([
              eb('level', '=', level),
              eb('index', '>=', Math.floor(from / 2 ** level)),
              eb('index', '<', Math.floor(end / 2 ** level)),
            ]),
          ),
        ),
      )
      .execute(),
  }))
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
