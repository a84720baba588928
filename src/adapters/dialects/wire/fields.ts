import { PlinthError } from '#kernel'
import type { Extra, JsonObject } from '#ports'

/** Whose mistake a wrong shape is. */
type Refuse = (where: string, detail: string) => PlinthError

function ofCaller(where: string, detail: string): PlinthError {
  return new PlinthError('INVALID_INPUT', { detail, where })
}

function ofUpstream(where: string, detail: string): PlinthError {
  return new PlinthError('UPSTREAM_FAILED', {
    detail: `The endpoint sent an answer of another shape: ${where}: ${detail}`,
  })
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Items of one list beyond which a request is refused. */
const maxItems = 10_000

/**
 * Reads the fields of a JSON object by type and remembers which were read, so that what nobody reads can be kept
 * (`rest`) instead of being dropped. `null` is the same as absent.
 */
export class Fields {
  readonly path: string
  readonly #value: JsonObject
  readonly #refuse: Refuse
  readonly #read = new Set<string>()

  private constructor(value: unknown, at: { path: string; refuse: Refuse }) {
    if (!isObject(value)) throw at.refuse(at.path, 'must be an object')
    this.#value = value
    this.path = at.path
    this.#refuse = at.refuse
  }

  /** A request: what is wrong is the caller's mistake. @throws INVALID_INPUT */
  static asked(value: unknown, path = 'body'): Fields {
    return new Fields(value, { path, refuse: ofCaller })
  }

  /** An answer: what is wrong is the endpoint's mistake. @throws UPSTREAM_FAILED */
  static answered(value: unknown): Fields {
    return new Fields(value, { path: 'answer', refuse: ofUpstream })
  }

  refuse(name: string, detail: string): PlinthError {
    return this.#refuse(`${this.path}/${name}`, `${this.#at(name)} ${detail}.`)
  }

  raw(name: string): unknown {
    this.#read.add(name)
    return this.#value[name] ?? undefined
  }

  /** Leaves a field to `rest` after all. */
  keep(name: string): void {
    this.#read.delete(name)
  }

  string(name: string): string | undefined {
    return this.#typed(name, 'string') as string | undefined
  }

  needString(name: string): string {
    const value = this.string(name)
    if (value === undefined) throw this.refuse(name, 'is required and must be a string')
    return value
  }

  boolean(name: string): boolean | undefined {
    return this.#typed(name, 'boolean') as boolean | undefined
  }

  number(name: string, range: { min?: number; max?: number } = {}): number | undefined {
    const value = this.#typed(name, 'number') as number | undefined
    if (value === undefined) return undefined
    const { min = -Infinity, max = Infinity } = range
    if (value < min || value > max) {
      throw this.refuse(name, `is ${value}; it must be from ${min} to ${max}`)
    }
    return value
  }

  count(name: string, range: { min?: number; max?: number } = {}): number | undefined {
    const value = this.number(name, { min: 0, ...range })
    if (value !== undefined && !Number.isInteger(value))
      throw this.refuse(name, 'must be a whole number')
    return value
  }

  object(name: string): Fields | undefined {
    const value = this.raw(name)
    return value === undefined ? undefined : this.#child(name, value)
  }

  needObject(name: string): Fields {
    const value = this.object(name)
    if (!value) throw this.refuse(name, 'is required and must be an object')
    return value
  }

  plain(name: string): JsonObject | undefined {
    const value = this.raw(name)
    if (value !== undefined && !isObject(value)) throw this.refuse(name, 'must be an object')
    return value
  }

  list(name: string): readonly unknown[] | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw this.refuse(name, 'must be a list')
    if (value.length > maxItems)
      throw this.refuse(name, `has ${value.length} items; ${maxItems} are the limit`)
    return value
  }

  objects(name: string): Fields[] | undefined {
    return this.list(name)?.map((value, i) => this.#child(`${name}/${i}`, value))
  }

  strings(name: string): string[] | undefined {
    return this.list(name)?.map((value, i) => {
      if (typeof value !== 'string') throw this.refuse(`${name}/${i}`, 'must be a string')
      return value
    })
  }

  /** An object of numbers or of strings. */
  table<T extends 'string' | 'number'>(
    name: string,
    type: T,
  ): Record<string, T extends 'string' ? string : number> | undefined {
    const value = this.plain(name)
    if (value === undefined) return undefined
    const wrong = Object.keys(value).find((key) => typeof value[key] !== type)
    if (wrong !== undefined) throw this.refuse(`${name}/${wrong}`, `must be a ${type}`)
    return value as Record<string, T extends 'string' ? string : number>
  }

  /** One of these words, else undefined with the field left to `rest`. */
  word<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.raw(name)
    if (value === undefined) return undefined
    if (words.includes(value as T)) return value as T
    this.keep(name)
    return undefined
  }

  /** All of it, as it came. */
  whole(): JsonObject {
    return this.#value
  }

  /** What was not read, for the same family to write back. */
  rest(family: string): Extra | undefined {
    let fields: JsonObject | undefined
    for (const name in this.#value) {
      if (this.#read.has(name) || this.#value[name] === null || this.#value[name] === undefined)
        continue
      fields ??= {}
      fields[name] = this.#value[name]
    }
    return fields && { family, fields }
  }

  #child(name: string, value: unknown): Fields {
    return new Fields(value, { path: `${this.path}/${name}`, refuse: this.#refuse })
  }

  #typed(name: string, type: 'string' | 'boolean' | 'number'): unknown {
    const value = this.raw(name)
    if (value !== undefined && typeof value !== type)
      throw this.refuse(name, `must be a ${type === 'boolean' ? 'truth value' : type}`)
    return value
  }

  #at(name: string): string {
    const place = `${this.path}/${name}`.replace(/^(body|answer)\//, '')
    return `"${place.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')}"`
  }
}

/** An object without its undefined fields. */
export function defined<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const clean: JsonObject = {}
  for (const [name, field] of Object.entries(value)) if (field !== undefined) clean[name] = field
  return clean as { [K in keyof T]: Exclude<T[K], undefined> }
}

/** Text as JSON; undefined where it is none. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
