import { pack, unpack } from './container.ts'

/**
 * Rows of one term: `rows[from..to)` ascending, `counts` of the term beside them (255 means 255
 * or more).
 */
export interface Postings {
  rows: Uint32Array
  counts: Uint8Array
  from: number
  to: number
}

/** What the tail and every segment have in common: rows with columns, and postings by term. */
export interface Part {
  readonly rowCount: number
  readonly chunkIds: Float64Array
  /** Ordinals in the index's document table. */
  readonly documents: Uint32Array
  /** Tokens of each row. */
  readonly lengths: Uint32Array
  /** 0 where the row was removed. */
  readonly live: Uint8Array
  liveRows: number
  liveTokens: number
  postings(term: string, bytes: Uint8Array): Postings | undefined
  /** The row of a chunk, removed ones included; -1 where there is none. */
  rowOf(chunkId: number): number
}

export interface SegmentArrays {
  chunkIds: Float64Array
  documents: Uint32Array
  lengths: Uint32Array
  /** UTF-8 of all terms, in byte order, and where each begins. */
  termBytes: Uint8Array
  termOffsets: Uint32Array
  postingOffsets: Uint32Array
  postingRows: Uint32Array
  postingCounts: Uint8Array
}

/** Immutable but for `live`. Rows ascend by chunk id. */
export class Segment implements Part {
  readonly arrays: SegmentArrays
  /** Of its bytes in a snapshot, once it was in one. */
  name: string | undefined
  readonly rowCount: number
  readonly chunkIds: Float64Array
  readonly documents: Uint32Array
  readonly lengths: Uint32Array
  readonly live: Uint8Array
  liveRows = 0
  liveTokens = 0

  constructor(arrays: SegmentArrays, live?: Uint8Array) {
    this.arrays = arrays
    this.rowCount = arrays.chunkIds.length
    this.chunkIds = arrays.chunkIds
    this.documents = arrays.documents
    this.lengths = arrays.lengths
    this.live = live ?? new Uint8Array(this.rowCount).fill(1)
    for (let row = 0; row < this.rowCount; row++) {
      if (this.live[row] === 0) continue
      this.liveRows++
      this.liveTokens += this.lengths[row]!
    }
  }

  get termCount(): number {
    return this.arrays.termOffsets.length - 1
  }

  get bytes(): number {
    let sum = this.live.byteLength
    for (const array of Object.values(this.arrays)) sum += array.byteLength
    return sum
  }

  postings(_term: string, bytes: Uint8Array): Postings | undefined {
    const { termBytes, termOffsets, postingOffsets, postingRows, postingCounts } = this.arrays
    let low = 0
    let high = this.termCount - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const from = termOffsets[middle]!
      const order = compareBytes(termBytes, from, termOffsets[middle + 1]! - from, bytes)
      if (order === 0) {
        return {
          rows: postingRows,
          counts: postingCounts,
          from: postingOffsets[middle]!,
          to: postingOffsets[middle + 1]!,
        }
      }
      if (order < 0) low = middle + 1
      else high = middle - 1
    }
    return undefined
  }

  rowOf(chunkId: number): number {
    let low = 0
    let high = this.rowCount - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const at = this.chunkIds[middle]!
      if (at === chunkId) return middle
      if (at < chunkId) low = middle + 1
      else high = middle - 1
    }
    return -1
  }

  /** The immutable arrays, with a checksum. */
  toBytes(): Uint8Array {
    return pack({ kind: 'segment' }, { ...this.arrays })
  }

  /** Throws DamagedBytes. */
  static fromBytes(bytes: Uint8Array, live?: Uint8Array): Segment {
    return new Segment(unpack(bytes).sections as unknown as SegmentArrays, live)
  }
}

function compareBytes(blob: Uint8Array, from: number, length: number, term: Uint8Array): number {
  const shared = Math.min(length, term.length)
  for (let i = 0; i < shared; i++) {
    const difference = blob[from + i]! - term[i]!
    if (difference !== 0) return difference
  }
  return length - term.length
}

/** Collects terms in byte order into a segment's arrays. */
export class SegmentBuilder {
  private termBytes = new Uint8Array(1 << 14)
  private termOffsets = new Uint32Array(1 << 10)
  private postingOffsets = new Uint32Array(1 << 10)
  private postingRows = new Uint32Array(1 << 14)
  private postingCounts = new Uint8Array(1 << 14)
  private terms = 0
  private termEnd = 0
  private postings = 0

  /** Starts the next term; its postings follow by `posting`, rows ascending. */
  term(blob: Uint8Array, from: number, to: number): void {
    this.termBytes = roomFor(this.termBytes, this.termEnd + to - from)
    this.termBytes.set(blob.subarray(from, to), this.termEnd)
    this.termOffsets = roomFor(this.termOffsets, this.terms + 2)
    this.postingOffsets = roomFor(this.postingOffsets, this.terms + 2)
    this.termEnd += to - from
    this.terms++
    this.termOffsets[this.terms] = this.termEnd
    this.postingOffsets[this.terms] = this.postings
  }

  posting(row: number, count: number): void {
    if (this.postings === this.postingRows.length) {
      this.postingRows = roomFor(this.postingRows, this.postings + 1)
      this.postingCounts = roomFor(this.postingCounts, this.postings + 1)
    }
    this.postingRows[this.postings] = row
    this.postingCounts[this.postings] = count
    this.postings++
    this.postingOffsets[this.terms] = this.postings
  }

  /** Whether the term begun last has postings. */
  get empty(): boolean {
    return this.postingOffsets[this.terms] === this.postingOffsets[this.terms - 1]
  }

  /** Takes back the term begun last, which must be empty. */
  dropTerm(): void {
    this.terms--
    this.termEnd = this.termOffsets[this.terms]!
  }

  finish(columns: Pick<SegmentArrays, 'chunkIds' | 'documents' | 'lengths'>): SegmentArrays {
    return {
      ...columns,
      termBytes: this.termBytes.slice(0, this.termEnd),
      termOffsets: this.termOffsets.slice(0, this.terms + 1),
      postingOffsets: this.postingOffsets.slice(0, this.terms + 1),
      postingRows: this.postingRows.slice(0, this.postings),
      postingCounts: this.postingCounts.slice(0, this.postings),
    }
  }
}

type Growable = Uint8Array | Uint32Array | Float32Array | Float64Array

/** The array itself, or a copy of at least twice its size, so that `length` elements fit. */
export function roomFor<T extends Growable>(array: T, length: number): T {
  if (length <= array.length) return array
  const Type = array.constructor as new (length: number) => T
  const larger = new Type(Math.max(length, 2 * array.length))
  larger.set(array)
  return larger
}
