import type { ModelReply, StreamEvent } from '#ports'
import { BoundedCache, type Kept, type Partition } from './bounded.ts'
import type { Flight } from './flight.ts'

/** What a model said, as it can be said again. */
export type Said =
  /** In the caller's dialect, byte for byte. */
  | { kind: 'bytes'; body: Buffer }
  /** With placeholders, which each caller gets their own values for. */
  | { kind: 'events'; events: readonly StreamEvent[] }
  | { kind: 'reply'; reply: ModelReply }

/** An answer that is given again. */
export interface KeptAnswer extends Kept {
  said: Said
  contentType: string
  /** Which Model answered. */
  name: string
  provider: string
  upstreamModel: string
  /** What asking again would cost; null: its price is not known. */
  costNanousd: number | null
  tokens: number
}

/** Answers of models that are kept, and calls under way that others can wait for. */
export class AnswerCache {
  readonly #kept: BoundedCache<KeptAnswer>
  readonly #flights = new Map<string, Flight>()

  constructor(maxBytes: number) {
    this.#kept = new BoundedCache(maxBytes)
  }

  get(partition: Partition, key: string, now: number): KeptAnswer | undefined {
    return this.#kept.get(partition, key, now)
  }

  set(partition: Partition, key: string, answer: KeptAnswer): boolean {
    return this.#kept.set(partition, key, answer)
  }

  held(partition: Partition): { entries: number; bytes: number } {
    return this.#kept.held(partition)
  }

  /** Callers who are given the answers of calls under way. */
  get waiting(): number {
    return [...this.#flights.values()].reduce((sum, { readers }) => sum + readers, 0)
  }

  /** A call of this key that who comes now can still see whole. */
  flight(partition: Partition, key: string): Flight | undefined {
    const found = this.#flights.get(nameOf(partition, key))
    return found?.open ? found : undefined
  }

  /** Others may wait for this call until it is over. */
  announce(partition: Partition, key: string, flight: Flight): void {
    const name = nameOf(partition, key)
    this.#flights.set(name, flight)
    void flight.over.then(() => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name)
    })
  }
}

/** Callers that are on either side of a purge do not share a call. */
function nameOf({ organizationId, generation }: Partition, key: string): string {
  return `${organizationId} ${generation} ${key}`
}
