import type { Finding } from './finding.ts'
import type { Kind } from './kinds.ts'

/**
 * How much a kind's shape says by itself. A key or an address with a password contains what looks like an e-mail or a
 * number; a phone number is what remains when nothing more exact fits.
 */
const specificity: Partial<Record<Kind, number>> = {
  PRIVATE_KEY: 5,
  URL_CREDENTIALS: 4,
  JWT: 4,
  SECRET: 4,
  UK_NHS: 2,
  NL_BSN: 2,
  PL_PESEL: 2,
  IN_AADHAAR: 2,
  PHONE: 1,
}

const rank = (f: Finding) => specificity[f.kind] ?? 3

function stronger(a: Finding, b: Finding): number {
  return (
    rank(b) - rank(a) ||
    b.end - b.start - (a.end - a.start) ||
    b.score - a.score ||
    a.start - b.start ||
    (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0) ||
    (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0)
  )
}

/**
 * The findings without overlaps, in text order: the more specific kind wins, then the longer, then the higher score.
 * The result depends on the set alone, not on the order it came in.
 */
export function resolveOverlaps(findings: readonly Finding[], order = stronger): Finding[] {
  const kept: Finding[] = []
  for (const cluster of clusters(findings)) {
    if (cluster.length === 1) kept.push(cluster[0]!)
    else for (const finding of strongestOf(cluster, order)) kept.push(finding)
  }
  return kept
}

/** By score first, for findings of one kind that read the same characters differently. */
export function byScore(a: Finding, b: Finding): number {
  return b.score - a.score || stronger(a, b)
}

/** Groups of findings that overlap, directly or through others, in text order. */
function clusters(findings: readonly Finding[]): Finding[][] {
  const sorted = findings.filter((f) => f.end > f.start).sort((a, b) => a.start - b.start)
  const groups: Finding[][] = []
  let end = -1
  for (const finding of sorted) {
    if (finding.start < end) groups.at(-1)!.push(finding)
    else groups.push([finding])
    end = Math.max(end, finding.end)
  }
  return groups
}

function strongestOf(cluster: Finding[], order: typeof stronger): Finding[] {
  const taken: Finding[] = []
  for (const finding of cluster.sort(order)) {
    // Taken ones are sorted and do not overlap, so only the two neighbours need a look.
    const at = insertionPoint(taken, finding.start)
    const before = taken[at - 1]
    const after = taken[at]
    if (before && before.end > finding.start) continue
    if (after && after.start < finding.end) continue
    taken.splice(at, 0, finding)
  }
  return taken
}

function insertionPoint(sorted: readonly Finding[], start: number): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (sorted[middle]!.start < start) low = middle + 1
    else high = middle
  }
  return low
}
