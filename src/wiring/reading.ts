import { setTimeout } from 'node:timers/promises'
import { type Reading, readingOf } from '#data'
import type { House } from './house.ts'

const lookEveryMs = 500
/** Looks between two lines about work that goes on. */
const looksPerLine = 10

/** Documents of all sources that nobody can be answered from yet; undefined where there are none. */
export async function stillReading({ foundation }: House): Promise<Reading | undefined> {
  const { store, organizationId, snapshots } = foundation
  const sources = (await snapshots.get(organizationId)).list('Source')
  return store.read(organizationId, (tx) => readingOf(tx, sources, 'all'))
}

/** Says now and then how far the first reading of documents is, and when it is done. Ends with the signal. */
export async function followReading(
  house: House,
  { say, signal }: { say(line: string): void; signal: AbortSignal },
): Promise<void> {
  let last: Reading | undefined
  for (let look = 1; !signal.aborted; look++) {
    const reading = await stillReading(house)
    if (!reading) {
      if (last) say('All documents are read.')
      return
    }
    last = reading
    if (look % looksPerLine === 0) say(readingText(reading))
    await setTimeout(lookEveryMs, undefined, { signal }).catch(() => undefined)
  }
}

/** `12 of 41 documents read`; what is not listed yet is not counted. */
export function readingText({ done, total, listing }: Reading): string {
  return `${done} of ${total}${listing ? ' or more' : ''} documents read`
}
