import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { limits } from '#kernel'

export interface Place {
  line: number
  column: number
}

export type Path = readonly (string | number)[]

/** What is wrong with the text itself, before any schema. */
export interface TextProblem {
  at: Place
  path: Path
  detail: string
  remedy: string
}

/** A value with where each of its keys and items stands. */
export interface LocatedValue {
  value: unknown
  /** The place of the key or item at a path, or of the nearest one above it. */
  locate(path: Path): Place
}

/** Nodes a document may have after its aliases are followed: a bomb of ten lines stops here. */
const maxNodes = 100_000
const maxAliases = 200

interface Done {
  value: unknown
  size: number
}

/**
 * Turns a parsed YAML document into plain JSON values, keeping places. The library's own conversion keeps none,
 * and its check for duplicate keys compares each key with each other (60,000 keys: 48 s); this one is linear.
 */
export class YamlReader {
  readonly problems: TextProblem[] = []
  readonly #lines: LineCounter
  readonly #places = new Map<string, Place>()
  readonly #anchors = new Map<string, Node>()
  readonly #done = new WeakMap<Node, Done>()
  #nodes = 0
  #aliases = 0
  #full = false

  constructor(lines: LineCounter) {
    this.#lines = lines
  }

  read(document: Document.Parsed<ParsedNode>): LocatedValue {
    const root = document.contents as Node | null
    this.#places.set('', this.#placeOf(root))
    const value = root === null ? null : this.#visit(root, []).value
    return { value, locate: (path) => this.#locate(path) }
  }

  #locate(path: Path): Place {
    for (let length = path.length; length > 0; length--) {
      const place = this.#places.get(keyOf(path.slice(0, length)))
      if (place) return place
    }
    return this.#places.get('') as Place
  }

  #placeOf(node: Node | null): Place {
    const { line, col } = this.#lines.linePos(node?.range?.[0] ?? 0)
    return { line: Math.max(line, 1), column: Math.max(col, 1) }
  }

  #problem(node: Node, path: Path, words: { detail: string; remedy: string }): Done {
    this.problems.push({ at: this.#placeOf(node), path, ...words })
    return { value: undefined, size: 1 }
  }

  #visit(node: Node, path: Path): Done {
    if (this.#full) return { value: undefined, size: 0 }
    if (isAlias(node)) return this.#alias(node, path)
    if (!this.#spend(1, node, path)) return { value: undefined, size: 0 }
    if (path.length > limits.jsonDepth) {
      return this.#problem(node, path, {
        detail: `The value is nested more than ${limits.jsonDepth} levels deep.`,
        remedy: 'Write it flatter; no resource needs that depth.',
      })
    }
    const { anchor } = node as { anchor?: string }
    if (anchor) this.#anchors.set(anchor, node)
    let done: Done
    if (isMap(node)) done = this.#map(node, path)
    else if (isSeq(node)) done = this.#list(node, path)
    else done = this.#scalar(node as Scalar, path)
    if (anchor) this.#done.set(node, done)
    return done
  }

  #spend(nodes: number, node: Node, path: Path): boolean {
    this.#nodes += nodes
    if (this.#nodes <= maxNodes) return true
    if (!this.#full) {
      this.#full = true
      this.#problem(node, path, {
        detail: `The document has more than ${maxNodes} values, aliases followed.`,
        remedy: 'Split it, and write repeated values out where they are few.',
      })
    }
    return false
  }

  /** A finished value is shared, not walked again; its size counts each time. */
  #alias(node: Node & { source: string }, path: Path): Done {
    this.#aliases++
    if (this.#aliases === maxAliases + 1) {
      return this.#problem(node, path, {
        detail: `The document has more than ${maxAliases} aliases.`,
        remedy: 'Write the values out.',
      })
    }
    const target = this.#anchors.get(node.source)
    const done = target && this.#done.get(target)
    if (!done) {
      return this.#problem(node, path, {
        detail: target
          ? `The alias "*${node.source}" stands inside what it names.`
          : `The alias "*${node.source}" names no anchor above it.`,
        remedy: `Write "&${node.source}" before the value meant, above this line.`,
      })
    }
    return this.#spend(done.size, node, path) ? done : { value: undefined, size: 0 }
  }

  #map(node: YAMLMap, path: Path): Done {
    const entries = new Map<string, unknown>()
    let size = 1
    for (const pair of node.items) {
      const keyNode = pair.key as Node
      if (!isScalar(keyNode)) {
        this.#problem(keyNode ?? node, path, {
          detail: 'A key is not plain text.',
          remedy: 'Write keys as words: "name: value".',
        })
        continue
      }
      const key = typeof keyNode.value === 'string' ? keyNode.value : (keyNode.source ?? '')
      const below = [...path, key]
      const wrong = wrongKey(key, entries)
      if (wrong) {
        this.#problem(keyNode, below, wrong)
        continue
      }
      this.#places.set(keyOf(below), this.#placeOf(keyNode))
      const done = pair.value ? this.#visit(pair.value as Node, below) : { value: null, size: 1 }
      entries.set(key, done.value)
      size += done.size
    }
    return { value: Object.fromEntries(entries), size }
  }

  #list(node: YAMLSeq, path: Path): Done {
    const items: unknown[] = []
    let size = 1
    for (const [i, item] of node.items.entries()) {
      const below = [...path, i]
      this.#places.set(keyOf(below), this.#placeOf(item as Node))
      const done = this.#visit(item as Node, below)
      items.push(done.value)
      size += done.size
    }
    return { value: items, size }
  }

  #scalar(node: Scalar, path: Path): Done {
    const { value } = node
    if (typeof value === 'number' && !Number.isFinite(value)) {
      return this.#problem(node, path, {
        detail: `${node.source} is not a number that JSON can hold.`,
        remedy: 'Leave the key out, or write a number.',
      })
    }
    if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return this.#problem(node, path, {
        detail: `${node.source} is too large to be kept exactly.`,
        remedy: 'Put it in quotes if it is an identifier.',
      })
    }
    return { value, size: 1 }
  }
}

function wrongKey(
  key: string,
  before: ReadonlyMap<string, unknown>,
): { detail: string; remedy: string } | undefined {
  if (key === '<<') {
    return {
      detail: 'Merge keys ("<<") are not part of YAML 1.2 and are not followed.',
      remedy: 'Write the merged keys out, or alias one whole value.',
    }
  }
  if (key === '__proto__')
    return { detail: 'The key "__proto__" is refused.', remedy: 'Rename it.' }
  if (before.has(key)) {
    return { detail: `The key "${key}" stands twice.`, remedy: 'Remove one of the two.' }
  }
  return undefined
}

/** A path as one word. */
export function keyOf(path: Path): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
