import { type ResourceSpec, Secret } from '#kernel'

/** A key of a provider, by the environment variable that holds it. */
export interface ProviderKey {
  readonly env: string
  /** Undefined where the variable is not set. */
  readonly value: Secret | undefined
  readonly weight: number
  /** The provider did not accept it: unused until the provider or the key changes. */
  refused: boolean
}

/** All keys of a provider: `apiKey` first, then `keys`. Empty where the provider needs none. */
export function keysOf(
  spec: Pick<ResourceSpec<'Provider'>, 'apiKey' | 'keys'>,
  secret: (env: string) => string | undefined,
): ProviderKey[] {
  const named = [...(spec.apiKey ? [{ ...spec.apiKey, weight: 1 }] : []), ...(spec.keys ?? [])]
  return named.map(({ env, weight }) => {
    const value = secret(env)
    return { env, weight, value: value ? new Secret(value) : undefined, refused: false }
  })
}

/** Stands for calls of a provider that needs no key: it can rest like one. */
const withoutKey: ProviderKey = Object.freeze({
  env: '',
  value: undefined,
  weight: 1,
  refused: false,
})

function isSet(key: ProviderKey): boolean {
  return key.value !== undefined || key === withoutKey
}

/**
 * The keys of a provider as one deployment uses them: spread by weight (smooth weighted round robin), each resting
 * after the provider asked for it. Rate limits hold per key and model, so rest is kept here and not with the key.
 */
export class KeyRing {
  readonly #keys: readonly ProviderKey[]
  readonly #restUntil: Float64Array
  readonly #turns: Float64Array

  constructor(keys: readonly ProviderKey[]) {
    this.#keys = keys.length > 0 ? keys : [withoutKey]
    this.#restUntil = new Float64Array(this.#keys.length)
    this.#turns = new Float64Array(this.#keys.length)
  }

  /** How many keys work now. Without any key at all, one call does. */
  usable(now: number): number {
    let count = 0
    for (let i = 0; i < this.#keys.length; i++) if (this.#works(i, now)) count++
    return count
  }

  /** Milliseconds until a key works; 0 where one does, Infinity where none will. */
  waitMs(now: number): number {
    let least = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.#keys.length; i++) {
      if (this.#works(i, now)) return 0
      const key = this.#keys[i]!
      if (isSet(key) && !key.refused) least = Math.min(least, this.#restUntil[i]! - now)
    }
    return least
  }

  /** Index of the key whose turn it is; negative where none works. Without any key: 0. */
  take(now: number): number {
    if (this.#keys.length === 1) return this.waitMs(now) === 0 ? 0 : -1
    let best = -1
    let total = 0
    for (let i = 0; i < this.#keys.length; i++) {
      if (!this.#works(i, now)) continue
      const { weight } = this.#keys[i]!
      total += weight
      this.#turns[i]! += weight
      if (best < 0 || this.#turns[i]! > this.#turns[best]!) best = i
    }
    if (best >= 0) this.#turns[best]! -= total
    return best
  }

  /** The key to call with; undefined where the provider needs none. */
  at(index: number): ProviderKey | undefined {
    const key = this.#keys[index]
    return key === withoutKey ? undefined : key
  }

  /** Lets a key rest for this deployment. */
  rest(index: number, until: number): void {
    if (index < this.#restUntil.length) {
      this.#restUntil[index] = Math.max(this.#restUntil[index]!, until)
    }
  }

  /** Why none works, by the names of the variables. */
  explain(): string {
    const unset = this.#keys.filter((key) => !isSet(key)).map((key) => key.env)
    if (unset.length === this.#keys.length) {
      return `needs the environment variable ${unset.join(' or ')}, which is not set`
    }
    const refused = this.#keys.filter((key) => key.refused).map((key) => key.env)
    if (unset.length + refused.length === this.#keys.length) {
      return `does not accept the key in ${refused.join(' nor the one in ')}`
    }
    return 'asked for a pause'
  }

  #works(index: number, now: number): boolean {
    const key = this.#keys[index]!
    return isSet(key) && !key.refused && this.#restUntil[index]! <= now
  }
}
