import { digestOf, type ResourceSpec } from '#kernel'
import type { Named } from '../named.ts'
import { Gate } from './gate.ts'
import { keysOf, type ProviderKey } from './keys.ts'
import { gateSettings, healthUrl } from './settings.ts'

/** Failed checks in a row after which an endpoint counts as gone. */
const checksToDown = 2
/** Nobody decided about it for so long: it is not checked, and what checks said is not believed any more. */
const unaskedMs = 600_000

/** What is known about a provider of an organization, whatever models it serves: who is in, its keys, its health. */
export class Endpoint {
  readonly gate: Gate
  provider: Named<ResourceSpec<'Provider'>>
  keys: readonly ProviderKey[] = []
  /** Moves when the configuration does: deployments then begin anew with keys and breaker. */
  version = 0
  readonly #processes: number
  #mark = ''
  #failedChecks = 0
  #nextCheck = 0
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(
    provider: Named<ResourceSpec<'Provider'>>,
    { now, processes = 1 }: { now: () => number; processes?: number },
  ) {
    this.provider = provider
    this.#processes = processes
    this.gate = new Gate(gateSettings(provider.spec, processes), now)
  }

  /** Whether the last active checks failed. Asking keeps the checks going. */
  down(now: number): boolean {
    if (now - this.#askedAt > unaskedMs) this.#failedChecks = 0
    this.#askedAt = now
    return this.#failedChecks >= checksToDown
  }

  /** Takes over a configuration; where nothing of it changed, keys that were refused stay so. */
  configure(
    provider: Named<ResourceSpec<'Provider'>>,
    secret: (env: string) => string | undefined,
  ): void {
    if (provider === this.provider && this.version > 0) return
    const keys = keysOf(provider.spec, secret)
    const mark = digestOf([provider.spec, keys.map((key) => key.value?.reveal() ?? null)])
    this.provider = provider
    if (mark === this.#mark) return
    this.#mark = mark
    this.keys = keys
    this.version++
    this.#failedChecks = 0
    this.gate.configure(gateSettings(provider.spec, this.#processes))
  }

  /** The address to check now; undefined where none is due, or nobody asks. The next is due after the interval. */
  dueCheck(now: number): string | undefined {
    const url = healthUrl(this.provider.spec)
    if (url === undefined || now < this.#nextCheck) return undefined
    if (now - this.#askedAt > unaskedMs) return undefined
    this.#nextCheck = now + (this.provider.spec.health?.everyMs ?? 0)
    return url
  }

  checked(ok: boolean): void {
    this.#failedChecks = ok ? 0 : Math.min(checksToDown, this.#failedChecks + 1)
  }
}
