import { toPlinthError } from '#kernel'
import type { Store } from '#store'
import { missingSince } from './catch-up.ts'
import { type IndexedBase, indexName } from './indexed-base.ts'
import type { IndexPart } from './knowledge-index.ts'
import type { StoredIndex } from './stored/rows.ts'
import type { StoredIndexes } from './stored/stored-indexes.ts'
import type { IndexDelta } from './types.ts'
import type { SearchWorkers } from './workers.ts'

export interface IndexHouse {
  store: Store
  search: SearchWorkers
  storedIndexes: StoredIndexes
}

/** Attempts with a stored index before the rows alone are read: the first may have been superseded while it was read. */
const storedAttempts = 2

/**
 * Brings a base's index up to an epoch: one that is loaded reads what it lacks, another one begins with what is stored and
 * reads what it lacks after that. What is stored wrongly costs time, never an answer.
 */
export async function loadIndex(
  house: IndexHouse,
  base: IndexedBase,
  to: { epoch: number; signal?: AbortSignal },
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    let reading: StoredIndex | undefined
    const loader = async function* ({ epoch }: { epoch: number }) {
      let from = epoch
      if (from === 0 && attempt <= storedAttempts) {
        reading = await house.storedIndexes.newest(base)
        if (reading) {
          yield* house.storedIndexes.read(base, reading)
          from = reading.manifest.epoch
          reading = undefined
        }
      }
      yield* missingSince(house.store, base, { from, to: Math.max(from, to.epoch) })
    }
    try {
      await house.search.load(indexName(base), (held) => untilAborted(loader(held), to.signal))
      return
    } catch (error) {
      if (!reading || to.signal?.aborted) throw error
      const { code } = toPlinthError(error)
      if (code !== 'UNAVAILABLE') house.storedIndexes.refuse(base, reading, error)
    }
  }
}

async function* untilAborted(
  items: AsyncIterable<IndexDelta | IndexPart[]>,
  signal: AbortSignal | undefined,
): AsyncGenerator<IndexDelta | IndexPart[]> {
  for await (const item of items) {
    signal?.throwIfAborted()
    yield item
  }
}
