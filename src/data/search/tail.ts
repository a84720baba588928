import { type Part, type Postings, roomFor, Segment, SegmentBuilder } from './segment.ts'

interface TermRows {
  rows: number[]
  counts: number[]
}

/** The newest rows, not yet in a segment: small, mutable, searched like a segment. */
export class Tail implements Part {
  rowCount = 0
  chunkIds = new Float64Array(64)
  documents = new Uint32Array(64)
  lengths = new Uint32Array(64)
  live = new Uint8Array(64)
  liveRows = 0
  liveTokens = 0
  private readonly terms = new Map<string, TermRows>()
  private readonly rowsByChunk = new Map<number, number>()
  private postingCount = 0
  private readonly scratch: Postings = {
    rows: new Uint32Array(64),
    counts: new Uint8Array(64),
    from: 0,
    to: 0,
  }

  add(chunkId: number, document: number, searchText: string): void {
    const row = this.rowCount++
    this.grow(this.rowCount)
    const length = this.addTerms(row, searchText)
    this.chunkIds[row] = chunkId
    this.documents[row] = document
    this.lengths[row] = length
    this.live[row] = 1
    this.liveRows++
    this.liveTokens += length
    this.rowsByChunk.set(chunkId, row)
  }

  /** Approximate. */
  get bytes(): number {
    return this.rowCount * 21 + this.terms.size * 200 + this.postingCount * 16
  }

  rowOf(chunkId: number): number {
    return this.rowsByChunk.get(chunkId) ?? -1
  }

  /** Valid until the next call. */
  postings(term: string): Postings | undefined {
    const found = this.terms.get(term)
    if (found === undefined) return undefined
    const { scratch } = this
    scratch.to = found.rows.length
    scratch.rows = roomFor(scratch.rows, scratch.to)
    scratch.counts = roomFor(scratch.counts, scratch.to)
    for (let i = 0; i < scratch.to; i++) {
      scratch.rows[i] = found.rows[i]!
      scratch.counts[i] = found.counts[i]!
    }
    return scratch
  }

  /** The live rows as a segment; undefined where none is left. */
  seal(): Segment | undefined {
    const order: number[] = []
    for (let row = 0; row < this.rowCount; row++) if (this.live[row] === 1) order.push(row)
    if (order.length === 0) return undefined
    order.sort((a, b) => this.chunkIds[a]! - this.chunkIds[b]!)
    const newRows = new Int32Array(this.rowCount).fill(-1)
    order.forEach((old, row) => {
      newRows[old] = row
    })
    const unmoved = newRows.every((row, old) => row === old)
    const builder = new SegmentBuilder()
    for (const term of inByteOrder([...this.terms.keys()])) {
      sealTerm(builder, Buffer.from(term), {
        ...this.terms.get(term)!,
        newRows: unmoved ? undefined : newRows,
      })
    }
    return new Segment(
      builder.finish({
        chunkIds: Float64Array.from(order, (row) => this.chunkIds[row]!),
        documents: Uint32Array.from(order, (row) => this.documents[row]!),
        lengths: Uint32Array.from(order, (row) => this.lengths[row]!),
      }),
    )
  }

  /** Tokens of the text. */
  private addTerms(row: number, searchText: string): number {
    let length = 0
    let start = 0
    while (start < searchText.length) {
      let end = searchText.indexOf(' ', start)
      if (end < 0) end = searchText.length
      if (end > start) {
        this.addTerm(row, searchText.slice(start, end))
        length++
      }
      start = end + 1
    }
    return length
  }

  private addTerm(row: number, term: string): void {
    const found = this.terms.get(term)
    if (found === undefined) {
      // A longer slice would keep the whole text alive; shorter ones are copies anyway (V8).
      const copy = term.length < 13 ? term : Buffer.from(term, 'utf16le').toString('utf16le')
      this.terms.set(copy, { rows: [row], counts: [1] })
      this.postingCount++
      return
    }
    const last = found.rows.length - 1
    if (found.rows[last] === row) {
      if (found.counts[last]! < 255) found.counts[last]!++
      return
    }
    found.rows.push(row)
    found.counts.push(1)
    this.postingCount++
  }

  private grow(rows: number): void {
    this.chunkIds = roomFor(this.chunkIds, rows)
    this.documents = roomFor(this.documents, rows)
    this.lengths = roomFor(this.lengths, rows)
    this.live = roomFor(this.live, rows)
  }
}

/** UTF-16 order is byte order but for characters beyond the first plane. */
function inByteOrder(terms: string[]): string[] {
  if (!terms.some((term) => /[\uD800-\uDFFF]/.test(term))) return terms.sort()
  return terms.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
}

function sealTerm(
  builder: SegmentBuilder,
  bytes: Uint8Array,
  { rows, counts, newRows }: TermRows & { newRows: Int32Array | undefined },
): void {
  if (newRows === undefined) {
    builder.term(bytes, 0, bytes.length)
    for (let i = 0; i < rows.length; i++) builder.posting(rows[i]!, counts[i]!)
    return
  }
  const pairs: [row: number, count: number][] = []
  rows.forEach((old, i) => {
    if (newRows[old]! >= 0) pairs.push([newRows[old]!, counts[i]!])
  })
  if (pairs.length === 0) return
  pairs.sort((a, b) => a[0] - b[0])
  builder.term(bytes, 0, bytes.length)
  for (const [row, count] of pairs) builder.posting(row, count)
}
