import type { Store, Tx } from '#store'

/** Most items in one transaction. */
const most = 32

interface Waiting<T> {
  item: T
  resolve(): void
  reject(error: unknown): void
}

/**
 * Writes items that come while another write is under way in one transaction together: at 16 clients a commit, with
 * its statements, then costs once what it cost 16 times. `add` resolves after the commit, so that nothing is
 * acknowledged which could be lost. Where a common write fails, each item is written by itself, and only the one that
 * cannot be written fails.
 */
export class GroupCommit<T> {
  readonly #store: Store
  readonly #write: (tx: Tx, items: readonly T[]) => Promise<void>
  /** By organization; present while a write of it is under way. */
  readonly #waiting = new Map<string, Waiting<T>[]>()

  constructor(store: Store, write: (tx: Tx, items: readonly T[]) => Promise<void>) {
    this.#store = store
    this.#write = write
  }

  add(organizationId: string, item: T): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(organizationId)
      if (waiting) waiting.push({ item, resolve, reject })
      else void this.#run(organizationId, [{ item, resolve, reject }])
    })
  }

  async #run(organizationId: string, first: Waiting<T>[]): Promise<void> {
    const waiting = [...first]
    this.#waiting.set(organizationId, waiting)
    while (waiting.length > 0) await this.#flush(organizationId, waiting.splice(0, most))
    this.#waiting.delete(organizationId)
  }

  async #flush(organizationId: string, batch: readonly Waiting<T>[]): Promise<void> {
    try {
      await this.#commit(organizationId, batch)
      for (const { resolve } of batch) resolve()
    } catch (error) {
      if (batch.length === 1) batch[0]?.reject(error)
      else for (const one of batch) await this.#flush(organizationId, [one])
    }
  }

  #commit(organizationId: string, batch: readonly Waiting<T>[]): Promise<void> {
    const items = batch.map(({ item }) => item)
    return this.#store.within(organizationId, (tx) => this.#write(tx, items))
  }
}
