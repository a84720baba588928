const hidden = '[secret]'
const values = new WeakMap<Secret, string>()

/**
 * A value that must not reach a log, a response or an error by accident: written out, serialised, inspected or
 * compared as text it is `[secret]`. Only `reveal` gives it, so that every use can be found by searching for it.
 */
export class Secret {
  constructor(value: string) {
    values.set(this, value)
    Object.freeze(this)
  }

  /** The value itself, for the one place that hands it over. */
  reveal(): string {
    return values.get(this) as string
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  [Symbol.toPrimitive](): string {
    return hidden
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return hidden
  }
}
