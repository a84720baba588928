import type { Clock } from '#kernel'

interface Window {
  startedAt: number
  failures: number
}

/** Failures allowed within one window. An account is also limited over all addresses, an address over all accounts. */
const allowed = { pair: 10, account: 50, address: 100 } as const
const windowMs = 15 * 60_000
const maxWindows = 30_000

/**
 * Failed sign-ins in memory. A server counts for itself: with n servers an attacker has n times as many attempts,
 * which these numbers allow for.
 */
export class SignInAttempts {
  readonly #windows = new Map<string, Window>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Counts an attempt before it is made, so that many at once cannot pass. Seconds to wait, or 0 to go on. */
  begin(account: string, address: string): number {
    const keys = keysOf(account, address)
    const now = this.#clock.now().getTime()
    let wait = 0
    for (const [kind, key] of keys) {
      const window = this.#windows.get(key)
      if (window && now - window.startedAt < windowMs && window.failures >= allowed[kind]) {
        wait = Math.max(wait, Math.ceil((window.startedAt + windowMs - now) / 1000))
      }
    }
    if (wait > 0) return wait
    for (const [, key] of keys) this.#count(key, now)
    return 0
  }

  /** A sign-in that succeeded is no failure, and clears its account at that address. */
  succeeded(account: string, address: string): void {
    for (const [kind, key] of keysOf(account, address)) {
      const window = this.#windows.get(key)
      if (!window) continue
      if (kind === 'pair') this.#windows.delete(key)
      else window.failures = Math.max(0, window.failures - 1)
    }
  }

  #count(key: string, now: number): void {
    const window = this.#windows.get(key)
    this.#windows.delete(key)
    const fresh = !window || now - window.startedAt >= windowMs
    const next = fresh
      ? { startedAt: now, failures: 1 }
      : { ...window, failures: window.failures + 1 }
    this.#windows.set(key, next)
    if (this.#windows.size > maxWindows) {
      const oldest = this.#windows.keys().next().value
      if (oldest !== undefined) this.#windows.delete(oldest)
    }
  }
}

function keysOf(account: string, address: string): ['pair' | 'account' | 'address', string][] {
  return [
    ['pair', JSON.stringify([account, address])],
    ['account', JSON.stringify([account])],
    ['address', JSON.stringify([null, address])],
  ]
}
