import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Candidate, mergeNeighbours } from './winners.ts'

const gap = '\n\n'
const sentences = fc.array(fc.lorem({ maxCount: 3, mode: 'sentences' }), {
  minLength: 1,
  maxLength: 12,
})

/** The chunks of two documents, some of them found, in any order of rank. */
const found = fc
  .tuple(sentences, sentences)
  .chain(([a, b]) => fc.shuffledSubarray([...chunksOf('a', a), ...chunksOf('b', b)]))
  .map((chunks) => chunks.map((chunk, i) => ({ ...chunk, score: 1 - i / 100 })))

function chunksOf(versionId: string, texts: readonly string[]): Candidate[] {
  let start = 0
  return texts.map((text, ordinal) => {
    const chunk = candidate({ versionId, text, ordinal, start })
    start = chunk.end + gap.length
    return chunk
  })
}

function candidate(at: { versionId: string; text: string; ordinal: number; start: number }) {
  return {
    ...at,
    chunkId: at.ordinal,
    documentId: at.versionId,
    knowledgeBase: 'notes',
    title: at.versionId,
    externalId: at.versionId,
    metadata: {},
    headingPath: [],
    language: 'en',
    end: at.start + at.text.length,
    page: at.ordinal,
    pageEnd: at.ordinal,
    lastOrdinal: at.ordinal,
    score: 0,
    lexical: null,
    dense: null,
  }
}

describe('mergeNeighbours', () => {
  it('makes one passage of chunks that follow each other, whatever their ranks, and of no others [M3.neighbours]', () => {
    fc.assert(
      fc.property(found, (chunks) => {
        const passages = mergeNeighbours(chunks)
        const runs = runsOf(chunks)
        expect(new Set(passages.map(place))).toEqual(new Set(runs.map(place)))
        expect(passages).toHaveLength(runs.length)
        for (const passage of passages) {
          const run = runs.find((one) => place(one) === place(passage))
          expect(passage.text).toBe(run?.texts.join(gap))
          expect(passage.end - passage.start).toBe(passage.text.length)
          expect(passage.score).toBe(run?.best)
          expect([passage.page, passage.pageEnd]).toEqual([passage.ordinal, passage.lastOrdinal])
        }
        const scores = passages.map((one) => one.score)
        expect(scores).toEqual(scores.toSorted((x, y) => y - x))
      }),
    )
  })
})

interface Run {
  versionId: string
  ordinal: number
  lastOrdinal: number
  texts: string[]
  best: number
}

const place = (one: Pick<Run, 'versionId' | 'ordinal' | 'lastOrdinal'>) =>
  `${one.versionId} ${one.ordinal}-${one.lastOrdinal}`

/** The same by sorting, without looking at ranks. */
function runsOf(chunks: readonly Candidate[]): Run[] {
  const runs: Run[] = []
  const sorted = chunks.toSorted(
    (x, y) => x.versionId.localeCompare(y.versionId) || x.ordinal - y.ordinal,
  )
  for (const { versionId, ordinal, text, score } of sorted) {
    const last = runs.at(-1)
    if (last?.versionId === versionId && last.lastOrdinal + 1 === ordinal) {
      last.lastOrdinal = ordinal
      last.texts.push(text)
      last.best = Math.max(last.best, score)
    } else runs.push({ versionId, ordinal, lastOrdinal: ordinal, texts: [text], best: score })
  }
  return runs
}
