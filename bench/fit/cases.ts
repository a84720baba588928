import { analyse, analyseIn } from '../../src/data/index.ts'
import type { Passage } from '../../src/ports/index.ts'
import { indexedText, PlainIndex } from './retrieval.ts'
import {
  type FitSet,
  ferriesSet,
  mtragSet,
  type SetQuestion,
  scifactSet,
  xquadSet,
} from './sets.ts'
import { openVectors, type Vectors } from './vectors.ts'

/** A question with the passages that retrieval found for it. */
export interface FitCase extends SetQuestion {
  set: string
  /** The embedder of the dense leg; `none` where there was none. */
  embedder: string
  /** Fitted on, or only measured on: by document, the same in every run. */
  part: 'fit' | 'held-out'
  language: string | undefined
  passages: Passage[]
  /** Whether the corpus holds the answer. */
  wanted: boolean
  /** Whether the passages found hold it. */
  answerable: boolean
}

const passagesPerQuestion = 8
/** Shares of five by which groups are dealt: two of five are held out. */
const heldOut = 2

export function foldOf(group: string): number {
  let hash = 0
  for (const char of group) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) >>> 0
  return (Math.imul(hash, 2_654_435_761) >>> 16) % 5
}

async function casesOf(set: FitSet, embedder: string, vectors?: Vectors): Promise<FitCase[]> {
  const { documents, questions } = set
  const index = new PlainIndex(documents, {
    analyse: (text) => (set.measuredOnly ? analyseIn(text) : analyse(text, set.language)),
    ...(vectors ? { vectors: await vectors.passages(documents.map(indexedText)) } : {}),
  })
  const asked = questions.map((one) => one.searched ?? one.text)
  const queries = await vectors?.queries(asked)
  return questions.map((question, i) => {
    const vector = queries?.[i]
    const passages = index.search({ text: asked[i]!, vector }, passagesPerQuestion, question.hidden)
    const found = new Set(passages.map(({ chunkId }) => chunkId))
    const gold = question.gold.filter(({ document }) => found.has(document))
    const part = set.measuredOnly || foldOf(question.group) < heldOut ? 'held-out' : 'fit'
    return {
      ...question,
      set: set.name,
      embedder,
      part,
      language: set.measuredOnly ? undefined : set.language,
      passages,
      wanted: question.gold.length > 0,
      answerable: gold.length > 0,
      gold,
    }
  })
}

const multilingual = 'multilingual-e5-small'
const english = 'all-minilm-l6-v2'

/** All sets, each without an embedder and with those that suit it. */
export async function allCases(
  embedders: readonly string[] = ['none', english, multilingual],
  wanted?: readonly string[],
): Promise<FitCase[]> {
  const makers = {
    'xquad-en': () => xquadSet('en'),
    'xquad-de': () => xquadSet('de'),
    'xquad-zh': () => xquadSet('zh'),
    scifact: scifactSet,
    'mtrag-un': mtragSet,
    ferries: ferriesSet,
  }
  const sets: FitSet[] = []
  for (const [name, make] of Object.entries(makers)) {
    if (!wanted || wanted.includes(name)) sets.push(await make())
  }
  const cases: FitCase[] = []
  for (const embedder of embedders) {
    const vectors = embedder === 'none' ? undefined : await openVectors(embedder)
    for (const set of sets) {
      if (embedder === english && set.language !== 'en') continue
      // 5,183 abstracts in ten minutes: SciFact is measured with the English model only.
      if (embedder === multilingual && set.name === 'scifact') continue
      cases.push(...(await casesOf(set, embedder, vectors)))
    }
    await vectors?.close()
  }
  return cases
}
