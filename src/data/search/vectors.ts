import { pack, unpack } from './container.ts'
import { type Kernel, makeKernel, reserve } from './kernel.ts'
import { roomFor } from './segment.ts'
import { Top } from './top.ts'
import type { Candidate } from './types.ts'

/** Slots scored by one call of the kernel. */
const batch = 2_048
/** Slots whose exact vectors lie in one array: small, since every small knowledge base has one. */
const blockSlots = 512
/** Slots of one part of a snapshot. */
const partSlots = 4_096
/**
 * Below this share of permitted slots only those are scored, else all and the filter comes after.
 */
const gatherBelow = 0.25

/**
 * Vectors of one length. Each is kept as int8 with a scale of its own, which a SIMD kernel scans,
 * and exact, for the final order. The distance between the two is kept as well: it bounds how wrong
 * an int8 score can be, so that what is scored again exactly is sure to hold the true best k.
 */
export class VectorStore {
  readonly dimensions: number
  private readonly stride: number
  private readonly kernel: Kernel = makeKernel()
  /** Where in the kernel's memory: the query, the slot list, the results, the int8 vectors. */
  private readonly at: { query: number; list: number; out: number; rows: number }
  private count = 0
  private dead = 0
  private chunkIds = new Float64Array(64)
  private documents = new Uint32Array(64)
  private live = new Uint8Array(64)
  private scales = new Float32Array(64)
  private errors = new Float32Array(64)
  private exact: Float32Array[] = []
  private longest = 0
  private readonly slots = new Map<number, number>()
  /** Names of the pieces as they were last written; undefined where a slot changed since. */
  private readonly names: (string | undefined)[] = []
  private approximate = new Float32Array(0)

  constructor(dimensions: number) {
    this.dimensions = dimensions
    this.stride = Math.ceil(dimensions / 16) * 16
    const query = 16
    const list = query + this.stride * 2
    const out = list + batch * 4
    this.at = { query, list, out, rows: Math.ceil((out + batch * 4) / 64) * 64 }
  }

  get size(): number {
    return this.count - this.dead
  }

  get bytes(): number {
    const exact = this.exact.length * blockSlots * this.dimensions * 4
    return (
      this.kernel.memory.buffer.byteLength + exact + this.chunkIds.length * 21 + this.count * 40
    )
  }

  /**
   * Adds a chunk's vector, in the place of an older one. Throws RangeError on one that does not
   * fit.
   */
  set(chunkId: number, document: number, vector: Float32Array): void {
    if (vector.length !== this.dimensions || !vector.every(Number.isFinite)) {
      throw new RangeError(
        `The vector of chunk ${chunkId} is not ${this.dimensions} finite numbers.`,
      )
    }
    this.remove(chunkId)
    const slot = this.count++
    this.changed(slot)
    this.grow()
    this.chunkIds[slot] = chunkId
    this.documents[slot] = document
    this.live[slot] = 1
    this.slots.set(chunkId, slot)
    this.exactOf(slot).set(vector)
    this.quantise(slot, vector)
  }

  remove(chunkId: number): void {
    const slot = this.slots.get(chunkId)
    if (slot !== undefined) this.removeSlot(slot)
  }

  /** Removes the vectors of all documents with 0 in `alive`. */
  removeDead(alive: Uint8Array): void {
    for (let slot = 0; slot < this.count; slot++) {
      if (this.live[slot] === 1 && alive[this.documents[slot]!] === 0) this.removeSlot(slot)
    }
    if (this.dead > 1_024 && this.dead > this.count / 4) this.compact()
  }

  /** The best k by exact dot product among documents with 1 in `allowed`. */
  search(query: Float32Array, allowed: Uint8Array, k: number): Candidate[] {
    if (query.length !== this.dimensions || this.size === 0 || k === 0) return []
    const { norm, error, scale } = this.writeQuery(query)
    const permitted = this.permitted(allowed)
    this.score(permitted, scale)
    // By how much an int8 score may be wrong: norm x the vector's own error + slack.
    const slack = error * this.longest + 1e-6 * (1 + norm * this.longest)
    const least = this.surely(permitted, { k, norm, slack })
    const { approximate, errors, chunkIds } = this
    const top = new Top(k)
    for (let i = 0; i < permitted.length; i++) {
      const slot = permitted[i]!
      if (approximate[slot]! + norm * errors[slot]! + slack < least) continue
      top.offer(this.exactScore(query, slot), chunkIds[slot]!)
    }
    return top.list()
  }

  /** A score that k of the slots reach for certain; minus infinity where there are fewer. */
  private surely(
    slots: Uint32Array,
    { k, norm, slack }: { k: number; norm: number; slack: number },
  ): number {
    const { approximate, errors } = this
    const floor = new Top(k)
    let { least } = floor
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i]!
      const score = approximate[slot]! - norm * errors[slot]! - slack
      if (score <= least) continue
      floor.offer(score, slot)
      least = floor.least
    }
    return least
  }

  /**
   * All vectors in pieces for a snapshot. A piece keeps its name until one of its slots changes:
   * removed ones are filled from the end, so that the pieces between stay what they are.
   */
  pieces(): { name: string | undefined; toBytes(): Uint8Array }[] {
    this.compact()
    const count = Math.ceil(this.count / partSlots)
    const { names } = this
    names.length = count
    return Array.from({ length: count }, (_, part) => ({
      get name() {
        return names[part]
      },
      set name(name) {
        names[part] = name
      },
      toBytes: () => this.partBytes(part),
    }))
  }

  private partBytes(part: number): Uint8Array {
    const from = part * partSlots
    const to = Math.min(this.count, from + partSlots)
    const exact = new Float32Array((to - from) * this.dimensions)
    for (let slot = from; slot < to; slot++) {
      exact.set(this.exactOf(slot), (slot - from) * this.dimensions)
    }
    const chunkIds = this.chunkIds.subarray(from, to)
    const documents = this.documents.subarray(from, to)
    return pack({ kind: 'vectors', dimensions: this.dimensions }, { chunkIds, documents, exact })
  }

  /** Adds the next piece as it was written, under its name. Throws DamagedBytes. */
  addPart(bytes: Uint8Array, name: string): void {
    const { sections } = unpack(bytes)
    const exact = sections.exact as Float32Array
    for (let i = 0; i < sections.chunkIds!.length; i++) {
      const vector = exact.subarray(i * this.dimensions, (i + 1) * this.dimensions)
      this.set(sections.chunkIds![i]!, sections.documents![i]!, vector)
    }
    this.names[Math.ceil(this.count / partSlots) - 1] = name
  }

  private exactOf(slot: number): Float32Array {
    const from = (slot % blockSlots) * this.dimensions
    return this.exact[Math.floor(slot / blockSlots)]!.subarray(from, from + this.dimensions)
  }

  private exactScore(query: Float32Array, slot: number): number {
    const block = this.exact[Math.floor(slot / blockSlots)]!
    const from = (slot % blockSlots) * this.dimensions
    return exactDot(query, block, from)
  }

  private int8Of(slot: number): Int8Array {
    const at = this.at.rows + slot * this.stride
    return new Int8Array(this.kernel.memory.buffer, at, this.stride)
  }

  private grow(): void {
    this.chunkIds = roomFor(this.chunkIds, this.count)
    this.documents = roomFor(this.documents, this.count)
    this.live = roomFor(this.live, this.count)
    this.scales = roomFor(this.scales, this.count)
    this.errors = roomFor(this.errors, this.count)
    if (this.exact.length * blockSlots < this.count) {
      this.exact.push(new Float32Array(blockSlots * this.dimensions))
    }
    reserve(this.kernel.memory, this.at.rows + this.count * this.stride)
  }

  private quantise(slot: number, vector: Float32Array): void {
    let largest = 0
    let squares = 0
    for (const value of vector) {
      largest = Math.max(largest, Math.abs(value))
      squares += value * value
    }
    const scale = largest / 127
    const bytes = this.int8Of(slot)
    bytes.fill(0)
    let error = 0
    for (let i = 0; i < vector.length; i++) {
      const byte = scale === 0 ? 0 : Math.round(vector[i]! / scale)
      bytes[i] = byte
      error += (vector[i]! - byte * scale) ** 2
    }
    this.scales[slot] = scale
    // Rounded up a little: the scale is kept in single precision.
    this.errors[slot] = Math.sqrt(error) + 1e-6 * Math.sqrt(squares)
    this.longest = Math.max(this.longest, Math.sqrt(squares))
  }

  /** Puts the query into the kernel's memory as int16; its length, and how much rounding took. */
  private writeQuery(query: Float32Array): { norm: number; error: number; scale: number } {
    let largest = 0
    let squares = 0
    for (const value of query) {
      largest = Math.max(largest, Math.abs(value))
      squares += value * value
    }
    // Small enough that the sum of all products fits 32 bits, whatever the vectors.
    const limit = Math.min(32_767, Math.floor((2 ** 31 - 1) / (127 * this.stride)))
    const scale = largest / limit
    const words = new Int16Array(this.kernel.memory.buffer, this.at.query, this.stride).fill(0)
    let error = 0
    for (let i = 0; i < query.length; i++) {
      const word = scale === 0 ? 0 : Math.round(query[i]! / scale)
      words[i] = word
      error += (query[i]! - word * scale) ** 2
    }
    return { norm: Math.sqrt(squares), error: Math.sqrt(error), scale }
  }

  private permitted(allowed: Uint8Array): Uint32Array {
    const slots = new Uint32Array(this.count)
    let found = 0
    const { live, documents, count } = this
    for (let slot = 0; slot < count; slot++) {
      if (live[slot] === 1 && allowed[documents[slot]!] === 1) slots[found++] = slot
    }
    return slots.subarray(0, found)
  }

  /** Fills `approximate` for the given slots (perhaps for others too). */
  private score(slots: Uint32Array, queryScale: number): void {
    if (this.approximate.length < this.count) {
      this.approximate = new Float32Array(this.chunkIds.length)
    }
    const { approximate, scales } = this
    const { memory, scan, gather } = this.kernel
    const { query, list, out, rows } = this.at
    const results = new Int32Array(memory.buffer, out, batch)
    if (slots.length < this.count * gatherBelow) {
      const wanted = new Uint32Array(memory.buffer, list, batch)
      for (let from = 0; from < slots.length; from += batch) {
        const some = slots.subarray(from, from + batch)
        wanted.set(some)
        gather(query, rows, list, out, some.length, this.stride)
        for (let i = 0; i < some.length; i++) {
          approximate[some[i]!] = results[i]! * queryScale * scales[some[i]!]!
        }
      }
      return
    }
    for (let from = 0; from < this.count; from += batch) {
      const size = Math.min(batch, this.count - from)
      scan(query, rows + from * this.stride, out, size, this.stride)
      for (let i = 0; i < size; i++) {
        approximate[from + i] = results[i]! * queryScale * scales[from + i]!
      }
    }
  }

  private changed(slot: number): void {
    this.names[Math.floor(slot / partSlots)] = undefined
  }

  private removeSlot(slot: number): void {
    this.live[slot] = 0
    this.dead++
    this.changed(slot)
    this.slots.delete(this.chunkIds[slot]!)
  }

  /** Fills the places of removed vectors from the end. */
  private compact(): void {
    if (this.dead === 0) return
    let end = this.count
    for (let slot = 0; slot < end; slot++) {
      if (this.live[slot] === 1) continue
      do end--
      while (end > slot && this.live[end] === 0)
      if (end > slot) this.move(end, slot)
    }
    this.count = end
    this.dead = 0
    this.exact.length = Math.ceil(end / blockSlots)
    this.changed(Math.max(0, end - 1))
  }

  private move(from: number, to: number): void {
    this.changed(from)
    this.changed(to)
    this.chunkIds[to] = this.chunkIds[from]!
    this.documents[to] = this.documents[from]!
    this.live[to] = 1
    this.scales[to] = this.scales[from]!
    this.errors[to] = this.errors[from]!
    this.exactOf(to).set(this.exactOf(from))
    this.int8Of(to).set(this.int8Of(from))
    this.slots.set(this.chunkIds[to]!, to)
  }
}

/**
 * Dot product of the query with `block` from `from` on, in four sums: additions wait less for
 * each other.
 */
export function exactDot(query: Float32Array, block: Float32Array, from = 0): number {
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  const whole = query.length - (query.length % 4)
  for (let i = 0; i < whole; i += 4) {
    a += query[i]! * block[from + i]!
    b += query[i + 1]! * block[from + i + 1]!
    c += query[i + 2]! * block[from + i + 2]!
    d += query[i + 3]! * block[from + i + 3]!
  }
  for (let i = whole; i < query.length; i++) a += query[i]! * block[from + i]!
  return a + b + (c + d)
}
