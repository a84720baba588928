import { Segment, SegmentBuilder } from './segment.ts'

/** Postings written between two pauses of a merge: about a millisecond. */
const postingsPerStep = 50_000

/**
 * Merges segments into one without their removed rows; undefined where none is left. Yields often,
 * so that searches run in between; what is removed from the inputs meanwhile is removed from the
 * result.
 */
export function* mergeSegments(inputs: readonly Segment[]): Generator<void, Segment | undefined> {
  const rows = liveRowsOf(inputs)
  yield
  const newRows = inputs.map((input) => new Int32Array(input.rowCount).fill(-1))
  for (let row = 0; row < rows.count; row++) {
    newRows[rows.inputs[row]!]![rows.rows[row]!] = row
  }
  const builder = new SegmentBuilder()
  yield* mergeTerms(builder, inputs, newRows)
  const chunkIds = new Float64Array(rows.count)
  const documents = new Uint32Array(rows.count)
  const lengths = new Uint32Array(rows.count)
  const live = new Uint8Array(rows.count)
  for (let row = 0; row < rows.count; row++) {
    const input = inputs[rows.inputs[row]!]!
    const old = rows.rows[row]!
    chunkIds[row] = input.chunkIds[old]!
    documents[row] = input.documents[old]!
    lengths[row] = input.lengths[old]!
    live[row] = input.live[old]!
  }
  if (rows.count === 0) return undefined
  return new Segment(builder.finish({ chunkIds, documents, lengths }), live)
}

interface Rows {
  count: number
  inputs: Uint32Array
  rows: Uint32Array
}

/** Input and row of each live row, ascending by chunk id. */
function liveRowsOf(inputs: readonly Segment[]): Rows {
  const total = inputs.reduce((sum, input) => sum + input.liveRows, 0)
  const from = new Uint32Array(total)
  const rows = new Uint32Array(total)
  const next = inputs.map((input) => nextLive(input, 0))
  let count = 0
  for (;;) {
    let best = -1
    for (let i = 0; i < inputs.length; i++) {
      if (next[i]! >= inputs[i]!.rowCount) continue
      const better =
        best < 0 || inputs[i]!.chunkIds[next[i]!]! < inputs[best]!.chunkIds[next[best]!]!
      if (better) best = i
    }
    if (best < 0) return { count, inputs: from, rows }
    from[count] = best
    rows[count] = next[best]!
    count++
    next[best] = nextLive(inputs[best]!, next[best]! + 1)
  }
}

function nextLive(input: Segment, from: number): number {
  let row = from
  while (row < input.rowCount && input.live[row] === 0) row++
  return row
}

function* mergeTerms(
  builder: SegmentBuilder,
  inputs: readonly Segment[],
  newRows: readonly Int32Array[],
): Generator<void, void> {
  const at = inputs.map(() => 0)
  let written = 0
  for (;;) {
    const first = firstTerm(inputs, at)
    if (first < 0) return
    const holders: number[] = []
    for (let i = first; i < inputs.length; i++) {
      if (at[i]! < inputs[i]!.termCount && compareTerms(inputs, at, i, first) === 0) holders.push(i)
    }
    const { termBytes, termOffsets } = inputs[first]!.arrays
    builder.term(termBytes, termOffsets[at[first]!]!, termOffsets[at[first]! + 1]!)
    written += mergePostings(
      builder,
      holders.map((i) => ({ segment: inputs[i]!, term: at[i]!, newRows: newRows[i]! })),
    )
    if (builder.empty) builder.dropTerm()
    for (const i of holders) at[i]!++
    if (written >= postingsPerStep) {
      written = 0
      yield
    }
  }
}

function firstTerm(inputs: readonly Segment[], at: readonly number[]): number {
  let first = -1
  for (let i = 0; i < inputs.length; i++) {
    if (at[i]! >= inputs[i]!.termCount) continue
    if (first < 0 || compareTerms(inputs, at, i, first) < 0) first = i
  }
  return first
}

function compareTerms(
  inputs: readonly Segment[],
  at: readonly number[],
  a: number,
  b: number,
): number {
  if (a === b) return 0
  const left = inputs[a]!.arrays
  const right = inputs[b]!.arrays
  let i = left.termOffsets[at[a]!]!
  let j = right.termOffsets[at[b]!]!
  const leftEnd = left.termOffsets[at[a]! + 1]!
  const rightEnd = right.termOffsets[at[b]! + 1]!
  while (i < leftEnd && j < rightEnd) {
    const difference = left.termBytes[i++]! - right.termBytes[j++]!
    if (difference !== 0) return difference
  }
  return leftEnd - i - (rightEnd - j)
}

interface Holder {
  segment: Segment
  term: number
  newRows: Int32Array
}

/** Writes one term's postings of all inputs by new row; returns how many there were. */
function mergePostings(builder: SegmentBuilder, holders: readonly Holder[]): number {
  const rows: number[] = []
  const counts: number[] = []
  let ascending = true
  for (const { segment, term, newRows } of holders) {
    const { postingOffsets, postingRows, postingCounts } = segment.arrays
    for (let p = postingOffsets[term]!; p < postingOffsets[term + 1]!; p++) {
      const row = newRows[postingRows[p]!]!
      if (row < 0) continue
      if (rows.length > 0 && row < rows[rows.length - 1]!) ascending = false
      rows.push(row)
      counts.push(postingCounts[p]!)
    }
  }
  if (ascending) {
    for (let i = 0; i < rows.length; i++) builder.posting(rows[i]!, counts[i]!)
    return rows.length
  }
  const order = rows.map((_, i) => i).sort((a, b) => rows[a]! - rows[b]!)
  for (const i of order) builder.posting(rows[i]!, counts[i]!)
  return rows.length
}
