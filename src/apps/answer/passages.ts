import type { Candidate, Ground } from '#data'
import type { ShownPassage } from './parts.ts'

/** The numbered passages as people see them beside the answer. */
export function toShown(ground: Ground, byChunk: ReadonlyMap<string, Candidate>): ShownPassage[] {
  return ground.passages.map((passage) => {
    const candidate = byChunk.get(passage.chunkId)
    return {
      number: passage.number,
      chunkId: Number(passage.chunkId),
      documentId: passage.documentId,
      versionId: passage.documentVersionId,
      title: passage.title,
      headingPath: [...passage.headingPath],
      text: passage.text,
      start: passage.start,
      end: candidate?.end ?? passage.end,
      page: passage.page ?? null,
      score: passage.score,
      lexicalScore: passage.lexicalScore ?? null,
      denseScore: passage.denseScore ?? null,
    }
  })
}
