import { readFileSync } from 'node:fs'
import { analyse, type Language } from '../../src/data/index.ts'
import type { Passage } from '../../src/ports/index.ts'
import { type FitDocument, PlainIndex, passageOf } from './retrieval.ts'

/** A question with the passages that retrieval found for it. */
export interface FitCase {
  set: string
  /** Cases of one group stand in one fold: they share documents. */
  group: string
  language: string
  question: string
  passages: Passage[]
  /** Whether the passages hold the answer. */
  answerable: boolean
  /** Where the answer stands, as far as the data say: spans by document. */
  gold: { document: string; start: number; end: number }[]
}

const data = new URL('../../../shared/data/', import.meta.url)
const passagesPerQuestion = 8

function lines<T>(path: string): T[] {
  const text = readFileSync(new URL(path, data), 'utf8').trim()
  return text.split('\n').map((line) => JSON.parse(line) as T)
}

interface XquadQuestion {
  _id: string
  text: string
  metadata: { answers: { answer_start: number; text: string }[] }
}

/** Each XQuAD question twice: with all paragraphs, and with its own paragraph taken out of the corpus. */
export function xquadCases(language: 'en' | 'de' | 'zh'): FitCase[] {
  const folder = `xquad/beir/${language}`
  const corpus = lines<FitDocument & { _id: string }>(`${folder}/corpus.jsonl`).map((document) => ({
    ...document,
    id: document._id,
  }))
  const byId = new Map(corpus.map((document) => [document.id, document]))
  const index = new PlainIndex(corpus, (text) => analyse(text, language))
  const qrels = readFileSync(new URL(`${folder}/qrels/test.tsv`, data), 'utf8')
    .trim()
    .split('\n')
  const goldOf = new Map(
    qrels.slice(1).map((row) => row.split('\t').slice(0, 2) as [string, string]),
  )
  return lines<XquadQuestion>(`${folder}/queries.jsonl`).flatMap(({ _id, text, metadata }) => {
    const document = goldOf.get(_id)!
    const spans = metadata.answers.map(({ answer_start: start, text: answer }) => ({
      document,
      start,
      end: start + answer.length,
    }))
    // Languages are parallel by paragraph, so the paragraph's place names the group in all of them.
    const base = {
      set: `xquad-${language}`,
      group: `x${titleKey(byId.get(document)!, corpus)}`,
      language,
      question: text,
    }
    const found = index.search(text, passagesPerQuestion)
    const here = found.some((passage) => passage.documentId === document)
    const left = index.search(text, passagesPerQuestion, new Set([document]))
    return [
      { ...base, passages: found, answerable: here, gold: here ? spans : [] },
      { ...base, passages: left, answerable: false, gold: [] },
    ]
  })
}

/** Articles are numbered by their first paragraph, the same in every language. */
function titleKey(document: FitDocument, corpus: readonly FitDocument[]): number {
  return corpus.findIndex((other) => other.title === document.title)
}

interface Claim {
  _id: string
  claim: string
  evidence: { doc_id: string; sentences: number[] }[]
}

/** SciFact claims: with evidence among the passages, or without any in the corpus. */
export function scifactCases(): FitCase[] {
  const corpus = lines<FitDocument & { _id: string; metadata: { lens: number[] } }>(
    'scifact/corpus.jsonl',
  )
  const documents = corpus.map((document) => ({ ...document, id: document._id }))
  const byId = new Map(documents.map((document) => [document.id, document]))
  const index = new PlainIndex(documents, (text) => analyse(text, 'en'))
  return lines<Claim>('scifact/claims.jsonl').map(({ _id, claim, evidence }) => {
    const passages = index.search(claim, passagesPerQuestion)
    const here = evidence.filter((one) =>
      passages.some((passage) => passage.documentId === one.doc_id),
    )
    const gold = here.flatMap(({ doc_id, sentences }) =>
      sentences.map((sentence) => ({
        document: doc_id,
        ...sentenceSpan(byId.get(doc_id)!.metadata.lens, sentence),
      })),
    )
    const base = { set: 'scifact', group: `s${_id}`, language: 'en', question: claim }
    return { ...base, passages, answerable: here.length > 0, gold }
  })
}

function sentenceSpan(lens: readonly number[], sentence: number): { start: number; end: number } {
  const start = lens.slice(0, sentence).reduce((sum, length) => sum + length, 0) + sentence
  return { start, end: start + lens[sentence]! }
}

interface Task {
  task_id: string
  conversation_id: string
  answerability: string[]
  input: { speaker: string; text: string }[]
  contexts: { document_id: string; title?: string; text: string }[]
}

/** MTRAG-UN: the last question of a conversation with its contexts, answerable and unanswerable ones only. */
export function mtragCases(): FitCase[] {
  const tasks = lines<Task>('mtrag-un/reference.jsonl')
  return tasks.flatMap((task) => {
    const [label] = task.answerability
    const usable = (label === 'ANSWERABLE' || label === 'UNANSWERABLE') && task.contexts.length > 0
    if (!usable) return []
    const passages = task.contexts.slice(0, passagesPerQuestion).map((context, i) => {
      const document = {
        id: context.document_id,
        title: context.title ?? '',
        text: context.text.trim(),
      }
      return passageOf(document, { number: i + 1, score: 1 - i / passagesPerQuestion })
    })
    return {
      set: 'mtrag-un',
      group: `m${task.conversation_id}`,
      language: 'en' satisfies Language,
      question: task.input.at(-1)!.text,
      passages,
      answerable: label === 'ANSWERABLE',
      gold: [],
    }
  })
}
