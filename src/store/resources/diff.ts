/** One line of a difference. */
export interface DiffLine {
  kind: 'same' | 'added' | 'removed'
  text: string
}

/** Changed lines that stand together, with three lines around. Line numbers count from 1; 0 for an empty side. */
export interface DiffHunk {
  fromLine: number
  fromLines: number
  toLine: number
  toLines: number
  lines: DiffLine[]
}

export interface TextDiff {
  added: number
  removed: number
  hunks: DiffHunk[]
  /** Unified text, ready to print; empty where nothing differs. */
  unified: string
}

const context = 3
/** Edits after which the rest is shown as replaced: Myers costs the square of the edits in time and memory. */
const maxEdits = 1_500

/** The difference of two texts by lines (Myers 1986, O(ND)). Never fails; very different texts become one replacement. */
export function diffText(from: string, to: string, names = { from: 'a', to: 'b' }): TextDiff {
  const lines = diffLines(linesOf(from), linesOf(to))
  const hunks = hunksOf(lines)
  const added = lines.filter((l) => l.kind === 'added').length
  const removed = lines.filter((l) => l.kind === 'removed').length
  if (hunks.length === 0) return { added, removed, hunks, unified: '' }
  const parts = [`--- ${names.from}`, `+++ ${names.to}`]
  for (const hunk of hunks) {
    parts.push(
      `@@ -${hunk.fromLine},${hunk.fromLines} +${hunk.toLine},${hunk.toLines} @@`,
      ...hunk.lines.map((l) => ({ same: ' ', added: '+', removed: '-' })[l.kind] + l.text),
    )
  }
  return { added, removed, hunks, unified: `${parts.join('\n')}\n` }
}

function linesOf(text: string): string[] {
  if (text === '') return []
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n')
}

/** All lines of both sides in order: those of one side only are added or removed. */
export function diffLines(from: readonly string[], to: readonly string[]): DiffLine[] {
  let head = 0
  while (head < from.length && head < to.length && from[head] === to[head]) head++
  let tail = 0
  while (
    tail < from.length - head &&
    tail < to.length - head &&
    from[from.length - 1 - tail] === to[to.length - 1 - tail]
  )
    tail++
  const same = (text: string): DiffLine => ({ kind: 'same', text })
  const a = from.slice(head, from.length - tail)
  const b = to.slice(head, to.length - tail)
  return [
    ...from.slice(0, head).map(same),
    ...(middle(a, b) ?? [
      ...a.map((text): DiffLine => ({ kind: 'removed', text })),
      ...b.map((text): DiffLine => ({ kind: 'added', text })),
    ]),
    ...from.slice(from.length - tail).map(same),
  ]
}

/** Myers' greedy walk; undefined over `maxEdits`. `reach[k]` is the furthest x on diagonal k. */
function middle(a: readonly string[], b: readonly string[]): DiffLine[] | undefined {
  const max = Math.min(a.length + b.length, maxEdits)
  const offset = max + 1
  const reach = new Int32Array(2 * max + 3)
  const history: Int32Array[] = []
  for (let d = 0; d <= max; d++) {
    history.push(reach.slice(offset - d - 1, offset + d + 2))
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && at(reach, offset + k - 1) < at(reach, offset + k + 1))
      let x = down ? at(reach, offset + k + 1) : at(reach, offset + k - 1) + 1
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++
      reach[offset + k] = x
      if (x >= a.length && x - k >= b.length) return backtrack({ a, b }, history)
    }
  }
  return undefined
}

/** `history[d]` holds reach of diagonals -d-1 … d+1 before step d. */
function backtrack(
  { a, b }: { a: readonly string[]; b: readonly string[] },
  history: readonly Int32Array[],
): DiffLine[] {
  const out: DiffLine[] = []
  let x = a.length
  let y = b.length
  for (let d = history.length - 1; d >= 0; d--) {
    const reach = history[d] as Int32Array
    const centre = d + 1
    const k = x - y
    const down = k === -d || (k !== d && at(reach, centre + k - 1) < at(reach, centre + k + 1))
    const beforeK = down ? k + 1 : k - 1
    const beforeX = d === 0 ? 0 : at(reach, centre + beforeK)
    const beforeY = d === 0 ? 0 : beforeX - beforeK
    while (x > beforeX && y > beforeY) {
      out.push({ kind: 'same', text: a[--x] as string })
      y--
    }
    if (d === 0) break
    if (down) out.push({ kind: 'added', text: b[--y] as string })
    else out.push({ kind: 'removed', text: a[--x] as string })
  }
  return out.reverse()
}

function at(array: Int32Array, index: number): number {
  return array[index] ?? 0
}

/** Ranges of lines around changes, joined where they touch. */
function hunksOf(lines: readonly DiffLine[]): DiffHunk[] {
  const ranges: { start: number; end: number }[] = []
  for (const [i, line] of lines.entries()) {
    if (line.kind === 'same') continue
    const start = Math.max(0, i - context)
    const end = Math.min(lines.length, i + context + 1)
    const last = ranges.at(-1)
    if (last && start <= last.end) last.end = end
    else ranges.push({ start, end })
  }
  const hunks: DiffHunk[] = []
  let fromBefore = 0
  let toBefore = 0
  let next = 0
  const pass = (until: number): void => {
    for (; next < until; next++) {
      if (lines[next]?.kind !== 'added') fromBefore++
      if (lines[next]?.kind !== 'removed') toBefore++
    }
  }
  for (const { start, end } of ranges) {
    pass(start)
    const [from, to] = [fromBefore, toBefore]
    pass(end)
    const fromLines = fromBefore - from
    const toLines = toBefore - to
    hunks.push({
      // As `diff -u` counts: an empty side names the line before it.
      fromLine: fromLines === 0 ? from : from + 1,
      fromLines,
      toLine: toLines === 0 ? to : to + 1,
      toLines,
      lines: lines.slice(start, end),
    })
  }
  return hunks
}
