import { describe, expect, it } from 'vitest'
import type { Embedder } from '../../src/ports/index.ts'

const similar = 'The notice period is three months.'
const paraphrase = 'One must give notice three months ahead.'
const unrelated = 'Penguins swim in cold water.'

/** What every embedder must do, whatever runs it. `open` gives a fresh one; the kit closes it. */
export function embedderKit(name: string, open: () => Promise<Embedder>): void {
  describe(`embedder kit: ${name}`, () => {
    const using = async <T>(work: (embedder: Embedder) => Promise<T>): Promise<T> => {
      const embedder = await open()
      try {
        return await work(embedder)
      } finally {
        await embedder.close()
      }
    }

    it('gives unit vectors of its dimensions, in order [M2.embedder-vectors]', () =>
      using(async (embedder) => {
        expect(embedder.version).toBe('embedder/1')
        expect(embedder.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
        const texts = [similar, unrelated, '', '\u0000\ud800 🙂', 'word '.repeat(4_000)]
        const vectors = await embedder.embedPassages(texts)
        expect(vectors).toHaveLength(texts.length)
        for (const vector of vectors) {
          expect(vector).toHaveLength(embedder.dimensions)
          expect(dot(vector, vector)).toBeCloseTo(1, 3)
        }
        const [again] = await embedder.embedPassages([unrelated])
        expect(dot(again!, vectors[1]!)).toBeCloseTo(1, 4)
        expect(await embedder.embedPassages([])).toEqual([])
      }))

    it('puts a paraphrase nearer than another subject [M2.embedder-meaning]', () =>
      using(async (embedder) => {
        const query = await embedder.embedQuery(similar)
        const [near, far] = await embedder.embedPassages([paraphrase, unrelated])
        expect(dot(query, near!)).toBeGreaterThan(dot(query, far!))
      }))

    it('stops when it is told to [M2.embedder-abort]', () =>
      using(async (embedder) => {
        const stop = new AbortController()
        const work = embedder.embedPassages(
          Array.from({ length: 500 }, () => similar),
          stop.signal,
        )
        stop.abort()
        await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
        await expect(embedder.embedQuery('x', stop.signal)).rejects.toMatchObject({
          code: 'CANCELLED',
        })
        expect(await embedder.embedQuery(similar)).toHaveLength(embedder.dimensions)
      }))

    it('takes no work after it was closed, and fails what waited [M2.embedder-close]', async () => {
      const embedder = await open()
      const work = embedder.embedPassages(Array.from({ length: 200 }, () => similar))
      const failed = expect(work).rejects.toMatchObject({
        code: expect.stringMatching(/UNAVAILABLE|CANCELLED/),
      })
      await embedder.close()
      await failed
      await expect(embedder.embedQuery('x')).rejects.toMatchObject({ code: 'UNAVAILABLE' })
      await embedder.close()
    })
  })
}

export function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!
  return sum
}
