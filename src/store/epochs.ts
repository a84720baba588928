import { setTimeout as delay } from 'node:timers/promises'
import type { Tx } from './store.ts'

/** How far an organization's rights and resources have come. */
export interface Epochs {
  access: number
  resources: number
  /** Of what is kept of answers: a purge forgets all that was kept before. */
  caches: number
}

/**
 * Milliseconds for which epochs that were read may be believed without asking again. A change of rights or resources
 * is reported as done only so long after its commit, so whoever was told of it finds it in force on every server.
 */
export const trustMs = 50

interface Held extends Epochs {
  /** `performance.now()` when the read began: what was committed before is in it. */
  readAt: number
}

const moved = new WeakSet<object>()

/** Marks a transaction as one that moves an epoch, so that its commit is waited for as `trustMs` says. */
export function moveEpoch(tx: Tx): void {
  moved.add(tx)
}

/**
 * Epochs by organization, read once for all that ask within `trustMs`: a door that answers thousands of requests a
 * second cannot read a row for each. Asking early (at half the time) keeps the read off the path of a busy door.
 */
export class EpochWatch {
  readonly #read: (organizationId: string) => Promise<Epochs>
  readonly #held = new Map<string, Held>()
  readonly #reading = new Map<string, Promise<Epochs>>()

  constructor(read: (organizationId: string) => Promise<Epochs>) {
    this.#read = read
  }

  /** Epochs that hold now. Not a promise where one read lately can be believed. */
  current(organizationId: string): Epochs | Promise<Epochs> {
    const held = this.#held.get(organizationId)
    const age = held ? performance.now() - held.readAt : Number.POSITIVE_INFINITY
    if (!held || age >= trustMs) return this.#fresh(organizationId)
    if (age >= trustMs / 2 && !this.#reading.has(organizationId)) {
      this.#start(organizationId).catch(() => undefined)
    }
    return held
  }

  /** A transaction ended: when it moved an epoch, forgets what was read and waits out what others may believe. */
  async committed(organizationId: string, tx: Tx, alone: boolean): Promise<void> {
    if (!moved.has(tx)) return
    this.#held.delete(organizationId)
    this.#reading.delete(organizationId)
    if (!alone) await delay(trustMs)
  }

  async #fresh(organizationId: string): Promise<Epochs> {
    const asked = performance.now()
    for (;;) {
      const reading = this.#reading.get(organizationId) ?? this.#start(organizationId)
      const read = await reading
      const held = this.#held.get(organizationId)
      // A read that began before the question may miss what was committed in between.
      if (!held || held.readAt + trustMs > asked) return held ?? read
    }
  }

  #start(organizationId: string): Promise<Epochs> {
    const readAt = performance.now()
    const reading: Promise<Epochs> = this.#read(organizationId).then(
      (epochs) => {
        // Replaced or forgotten meanwhile: this one is too old to be kept.
        if (this.#reading.get(organizationId) === reading) {
          this.#reading.delete(organizationId)
          this.#held.set(organizationId, { ...epochs, readAt })
        }
        return epochs
      },
      (error) => {
        if (this.#reading.get(organizationId) === reading) this.#reading.delete(organizationId)
        throw error
      },
    )
    this.#reading.set(organizationId, reading)
    if (this.#held.size > 10_000) this.#held.clear()
    return reading
  }
}
