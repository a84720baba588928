import {
  type FieldNode,
  type FilterNode,
  type Metadata,
  type MetadataValue,
  matchesValue,
} from '../filter-match.ts'
import { roomFor } from './segment.ts'
import type { DocumentKey } from './types.ts'

/** One metadata field of all documents: each distinct value once, and its code per document. */
interface Field {
  /** 0: the document has no value. */
  codes: Uint32Array
  values: (MetadataValue | undefined)[]
  codeOf: Map<MetadataValue, number>
}

const remembered = 16

/**
 * What is known per document: permission set and metadata. A removed document's ordinal is not
 * given out again, so that rows that still name it stay dead.
 */
export class DocumentTable {
  /** 1 for documents that are there, by ordinal. */
  alive = new Uint8Array(64)
  private permissions = new Uint32Array(64)
  private count = 0
  private readonly keys: (DocumentKey | undefined)[] = []
  private readonly ordinals = new Map<DocumentKey, number>()
  private readonly permissionOrdinals = new Map<number, number>()
  private readonly fields = new Map<string, Field>()
  private readonly answers = new Map<string, Uint8Array>()

  get size(): number {
    return this.ordinals.size
  }

  /** Ordinals given out so far, removed documents included. */
  get ordinalCount(): number {
    return this.count
  }

  /** Approximate. */
  get bytes(): number {
    let sum = this.count * 5 + this.ordinals.size * 120
    for (const { codes, values } of this.fields.values())
      sum += codes.byteLength + values.length * 80
    return sum
  }

  ordinalOf(key: DocumentKey): number | undefined {
    return this.ordinals.get(key)
  }

  /** The document's ordinal, a new one where the key is not there. */
  ensure(key: DocumentKey): number {
    const known = this.ordinals.get(key)
    if (known !== undefined) return known
    const ordinal = this.count++
    this.alive = roomFor(this.alive, this.count)
    this.permissions = roomFor(this.permissions, this.count)
    this.alive[ordinal] = 1
    this.keys.push(key)
    this.ordinals.set(key, ordinal)
    this.answers.clear()
    return ordinal
  }

  remove(key: DocumentKey): boolean {
    const ordinal = this.ordinals.get(key)
    if (ordinal === undefined) return false
    this.ordinals.delete(key)
    this.keys[ordinal] = undefined
    this.alive[ordinal] = 0
    this.answers.clear()
    return true
  }

  setPermission(ordinal: number, permissionSet: number): void {
    let permission = this.permissionOrdinals.get(permissionSet)
    if (permission === undefined) {
      permission = this.permissionOrdinals.size
      this.permissionOrdinals.set(permissionSet, permission)
    }
    if (this.permissions[ordinal] === permission) return
    this.permissions[ordinal] = permission
    this.answers.clear()
  }

  setMetadata(ordinal: number, metadata: Metadata): void {
    for (const [name, field] of this.fields) {
      if (ordinal < field.codes.length && !Object.hasOwn(metadata, name)) field.codes[ordinal] = 0
    }
    for (const [name, value] of Object.entries(metadata)) {
      const field = this.fieldOf(name)
      let code = field.codeOf.get(value)
      if (code === undefined) {
        code = field.values.push(value) - 1
        field.codeOf.set(value, code)
      }
      field.codes = roomFor(field.codes, ordinal + 1)
      field.codes[ordinal] = code
    }
    this.answers.clear()
  }

  /** Per ordinal 1 where the document is there, has one of the sets, and satisfies the filter. */
  allowed(permissionSets: readonly number[], filter: FilterNode | undefined): Uint8Array {
    const key = JSON.stringify([permissionSets, filter])
    const known = this.answers.get(key)
    if (known !== undefined) return known
    const sets = new Uint8Array(this.permissionOrdinals.size)
    for (const permissionSet of permissionSets) {
      const ordinal = this.permissionOrdinals.get(permissionSet)
      if (ordinal !== undefined) sets[ordinal] = 1
    }
    const allowed = filter === undefined ? this.alive.slice(0, this.count) : this.bitmap(filter)
    for (let ordinal = 0; ordinal < this.count; ordinal++) {
      allowed[ordinal]! &= this.alive[ordinal]! & sets[this.permissions[ordinal]!]!
    }
    if (this.answers.size >= remembered) this.answers.clear()
    this.answers.set(key, allowed)
    return allowed
  }

  /** Plain data for a snapshot; removed documents keep their places, and nothing else. */
  toJson(): unknown {
    return {
      keys: this.keys.map((key) => key ?? null),
      permissions: [...this.permissions.subarray(0, this.count)],
      permissionSets: [...this.permissionOrdinals.keys()],
      fields: [...this.fields].map(([name, field]) => ({ name, ...this.usedOf(field) })),
    }
  }

  /** Codes and values of living documents only: what was said of a removed one is not kept. */
  private usedOf({ codes, values }: Field): { codes: number[]; values: MetadataValue[] } {
    const renamed = new Uint32Array(values.length)
    const used: MetadataValue[] = []
    const kept = Array.from(codes.subarray(0, this.count), (code, ordinal) => {
      if (code === 0 || this.alive[ordinal] === 0) return 0
      if (renamed[code] === 0) renamed[code] = used.push(values[code]!)
      return renamed[code]!
    })
    return { codes: kept, values: used }
  }

  static fromJson(json: unknown): DocumentTable {
    const data = json as {
      keys: (DocumentKey | null)[]
      permissions: number[]
      permissionSets: number[]
      fields: { name: string; codes: number[]; values: MetadataValue[] }[]
    }
    const table = new DocumentTable()
    table.count = data.keys.length
    table.alive = Uint8Array.from(data.keys, (key) => (key === null ? 0 : 1))
    table.permissions = Uint32Array.from(data.permissions)
    data.keys.forEach((key, ordinal) => {
      table.keys.push(key ?? undefined)
      if (key !== null) table.ordinals.set(key, ordinal)
    })
    data.permissionSets.forEach((set, ordinal) => {
      table.permissionOrdinals.set(set, ordinal)
    })
    for (const { name, codes, values } of data.fields) {
      const field = table.fieldOf(name)
      field.codes = Uint32Array.from(codes)
      for (const value of values) field.codeOf.set(value, field.values.push(value) - 1)
    }
    return table
  }

  private fieldOf(name: string): Field {
    let field = this.fields.get(name)
    if (field === undefined) {
      field = { codes: new Uint32Array(64), values: [undefined], codeOf: new Map() }
      this.fields.set(name, field)
    }
    return field
  }

  private bitmap(node: FilterNode): Uint8Array {
    if (node.op !== 'and' && node.op !== 'or') return this.fieldBitmap(node)
    const result = new Uint8Array(this.count).fill(node.op === 'and' ? 1 : 0)
    for (const inner of node.nodes) {
      const bits = this.bitmap(inner)
      for (let i = 0; i < result.length; i++) {
        result[i] = node.op === 'and' ? result[i]! & bits[i]! : result[i]! | bits[i]!
      }
    }
    return result
  }

  /** The node is asked once per distinct value, not once per document. */
  private fieldBitmap(node: FieldNode): Uint8Array {
    const field = this.fields.get(node.field)
    const result = new Uint8Array(this.count)
    const verdicts = Uint8Array.from(field?.values ?? [undefined], (value) =>
      matchesValue(node, value) ? 1 : 0,
    )
    for (let i = 0; i < result.length; i++) result[i] = verdicts[field?.codes[i] ?? 0]!
    return result
  }
}
