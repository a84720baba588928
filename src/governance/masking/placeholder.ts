import { PlinthError } from '#kernel'
import { literalKind, placeholderKinds } from './kinds.ts'

const names = [...placeholderKinds].sort((a, b) => b.length - a.length).join('|')
const digitsMax = 9

/** Something of placeholder shape, in any case: a model may write `<email_1>`. */
export const placeholderPattern = new RegExp(`<(?:${names})_[1-9]\\d{0,${digitsMax - 1}}>`, 'gi')

const onePlaceholder = new RegExp(`^<(?:${names})_[1-9]\\d{0,${digitsMax - 1}}>$`)
const numbered = new RegExp(`^<(?:${names})_[1-9]\\d{0,${digitsMax - 1}}$`, 'i')
/** All beginnings of placeholders up to the number, upper case. */
const beginnings = new Set(
  placeholderKinds.flatMap((kind) =>
    Array.from({ length: kind.length + 2 }, (_, i) => `<${kind}_`.slice(0, i + 1)),
  ),
)

/** The longest placeholder there can be. */
const placeholderMax = Math.max(...placeholderKinds.map((kind) => kind.length)) + digitsMax + 3

/**
 * Where a placeholder that is not complete yet begins at the end of the text; its length where none
 * does.
 */
export function openPlaceholder(text: string): number {
  // A placeholder holds one "<" only, so nothing before the last one can still become one.
  const at = text.lastIndexOf('<')
  if (at < 0 || text.length - at >= placeholderMax) return text.length
  const tail = text.slice(at)
  return beginnings.has(tail.toUpperCase()) || numbered.test(tail) ? at : text.length
}

/** Gives out placeholders: the same value gets the same one. */
export type Mint = (kind: string, value: string) => string
/** The value of a placeholder (upper case), or undefined for one that was never given out. */
export type Lookup = (placeholder: string) => string | undefined

/** How many distinct values one scope holds; beyond that the caller should split the work. */
const scopeEntriesMax = 1_000_000

export interface ScopeEntry {
  kind: string
  placeholder: string
  value: string
}

/**
 * Placeholders and values of one document, conversation or request. Numbers count per kind from 1
 * in the
 * order of first occurrence; values are kept apart exactly, so that unmasking gives back every
 * character.
 * The values never show in JSON, in logs or in an inspection of the object.
 */
export class PlaceholderScope {
  readonly #values = new Map<string, string>()
  readonly #placeholders = new Map<string, string>()
  readonly #counts = new Map<string, number>()

  /** A scope that goes on with what an earlier one gave out. */
  static of(entries: Iterable<ScopeEntry>): PlaceholderScope {
    const scope = new PlaceholderScope()
    for (const entry of entries) scope.#restore(entry)
    return scope
  }

  readonly mint: Mint = (kind, value) => {
    const key = `${kind}:${value}`
    const known = this.#placeholders.get(key)
    if (known !== undefined) return known
    if (!placeholderKinds.includes(kind)) {
      throw new PlinthError('INVALID_INPUT', `"${kind}" cannot stand in a placeholder.`)
    }
    if (this.#values.size >= scopeEntriesMax) {
      throw new PlinthError('TOO_LARGE', `A masking scope holds at most ${scopeEntriesMax} values.`)
    }
    const number = (this.#counts.get(kind) ?? 0) + 1
    const placeholder = `<${kind}_${number}>`
    this.#counts.set(kind, number)
    this.#placeholders.set(key, placeholder)
    this.#values.set(placeholder, value)
    return placeholder
  }

  readonly lookup: Lookup = (placeholder) => this.#values.get(placeholder.toUpperCase())

  /** How many values there are. */
  get size(): number {
    return this.#values.size
  }

  /** All placeholders with their values in the clear, for sealing into the vault. */
  *entries(): Generator<ScopeEntry> {
    for (const [placeholder, value] of this.#values) {
      yield { kind: placeholder.slice(1, placeholder.lastIndexOf('_')), placeholder, value }
    }
  }

  #restore({ placeholder, value }: ScopeEntry): void {
    if (!onePlaceholder.test(placeholder)) {
      throw new PlinthError('INVALID_INPUT', `"${placeholder}" is not a placeholder.`)
    }
    const kind = placeholder.slice(1, placeholder.lastIndexOf('_'))
    const number = Number(placeholder.slice(placeholder.lastIndexOf('_') + 1, -1))
    this.#placeholders.set(`${kind}:${value}`, placeholder)
    this.#values.set(placeholder, value)
    this.#counts.set(kind, Math.max(number, this.#counts.get(kind) ?? 0))
  }

  toJSON(): { size: number } {
    return { size: this.size }
  }
}

/**
 * Whether a replacement stands for text that itself looked like a placeholder, and hides nothing
 * personal.
 */
export const isLiteral = (kind: string) => kind === literalKind
