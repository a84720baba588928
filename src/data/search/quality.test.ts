import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { analyse } from '../analyse.ts'
import type { Language } from '../language.ts'
import { KnowledgeIndex } from './knowledge-index.ts'

const folder = new URL('../../../../shared/data/xquad/beir/', import.meta.url)

function read(path: string): string[] {
  return readFileSync(new URL(path, folder), 'utf8').trim().split('\n')
}

/** nDCG@10 of the lexical leg; in XQuAD each question has one right paragraph. */
function ndcg(language: Language): number {
  const index = new KnowledgeIndex()
  const ids = new Map<string, number>()
  const add = read(`${language}/corpus.jsonl`).map((line, chunkId) => {
    const { _id, title, text } = JSON.parse(line)
    ids.set(_id, chunkId)
    const searchText = analyse(`${title ?? ''}\n${text}`, language).join(' ')
    return { chunkId, documentKey: _id, permissionSet: 1, searchText }
  })
  index.apply({ epoch: 1, add })
  const questions = new Map<string, string>()
  for (const line of read(`${language}/queries.jsonl`)) {
    const { _id, text } = JSON.parse(line)
    questions.set(_id, text)
  }
  const judged = read(`${language}/qrels/test.tsv`).slice(1)
  let sum = 0
  for (const line of judged) {
    const [question, document] = line.split('\t') as [string, string]
    const terms = analyse(questions.get(question)!, language)
    const hits = index.search({ terms, permissionSets: [1], k: 10 })
    const rank = hits.findIndex(({ chunkId }) => chunkId === ids.get(document))
    if (rank >= 0) sum += 1 / Math.log2(rank + 2)
  }
  return sum / judged.length
}

describe('lexical ranking', () => {
  // Measured: en .9690, de .9461, zh .9660.
  it.each([
    ['en', 0.96],
    ['de', 0.93],
    ['zh', 0.95],
  ] as const)(
    'finds XQuAD paragraphs in %s with nDCG@10 of at least %d [M3.lexical-quality]',
    (language, least) => {
      expect(ndcg(language)).toBeGreaterThanOrEqual(least)
    },
  )
})
