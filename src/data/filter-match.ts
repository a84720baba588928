/** Metadata as stored: dates are canonical ISO 8601 strings in UTC, so they compare as text. */
export type MetadataValue = string | number | boolean
export type Metadata = Readonly<Record<string, MetadataValue>>

/**
 * A compiled filter. `in` holds values of the field's type; bounds are numbers, or canonical date
 * strings (compare them as text, byte by byte). A document without the field matches only
 * `exists: false`.
 */
export type FilterNode =
  | { op: 'and'; nodes: readonly FilterNode[] }
  | { op: 'or'; nodes: readonly FilterNode[] }
  | { op: 'in'; field: string; type: MetadataType; values: readonly MetadataValue[] }
  | ({ op: 'range'; field: string; type: 'number' | 'date' } & Bounds)
  | { op: 'exists'; field: string; exists: boolean }

export type MetadataType = 'string' | 'number' | 'boolean' | 'date'

export interface Bounds {
  gte?: number | string
  gt?: number | string
  lte?: number | string
  lt?: number | string
}

/** A node about one field. */
export type FieldNode = Exclude<FilterNode, { op: 'and' | 'or' }>

/** Whether one field's value, `undefined` where the document has none, satisfies a node. */
export function matchesValue(node: FieldNode, value: MetadataValue | undefined): boolean {
  if (node.op === 'exists') return (value !== undefined) === node.exists
  if (value === undefined) return false
  if (node.op === 'in') return node.values.includes(value)
  if (typeof value !== (node.type === 'number' ? 'number' : 'string')) return false
  return (
    (node.gte === undefined || value >= node.gte) &&
    (node.gt === undefined || value > node.gt) &&
    (node.lte === undefined || value <= node.lte) &&
    (node.lt === undefined || value < node.lt)
  )
}

/** Whether a document's metadata satisfies a filter. */
export function matches(node: FilterNode, metadata: Metadata): boolean {
  if (node.op === 'and') return node.nodes.every((inner) => matches(inner, metadata))
  if (node.op === 'or') return node.nodes.some((inner) => matches(inner, metadata))
  return matchesValue(node, Object.hasOwn(metadata, node.field) ? metadata[node.field] : undefined)
}
