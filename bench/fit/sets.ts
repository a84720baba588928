import { readdirSync, readFileSync } from 'node:fs'
import { parseAny } from '../../src/adapters/parsers/index.ts'
import { standAlone } from '../../src/apps/answer/finding.ts'
import { chunkDocument, type Language } from '../../src/data/index.ts'
import type { FitDocument } from './retrieval.ts'

/** A question of a set before retrieval. */
export interface SetQuestion {
  text: string
  /** What is searched for, where it differs: a follow-up with the question before it. */
  searched?: string
  /** Questions of one group share documents and stand in one part. */
  group: string
  /** Spans of documents that answer, as far as the data say. */
  gold: { document: string; start: number; end: number }[]
  /** Documents taken out of the corpus for this question. */
  hidden?: ReadonlySet<string>
  /** What a right answer contains, each; alternatives between bars. */
  expect?: readonly string[]
  /** An answer in other words. */
  reference?: string
}

export interface FitSet {
  name: string
  language: Language
  documents: FitDocument[]
  questions: SetQuestion[]
  /** Only measured on, never fitted. */
  measuredOnly?: boolean
}

const data = new URL('../../../shared/data/', import.meta.url)

function lines<T>(path: string | URL): T[] {
  const text = readFileSync(new URL(path, data), 'utf8').trim()
  return text.split('\n').map((line) => JSON.parse(line) as T)
}

interface XquadQuestion {
  _id: string
  text: string
  metadata: { answers: { answer_start: number; text: string }[] }
}

/** Each XQuAD question twice: with all paragraphs, and with its own paragraph taken out of the corpus. */
export function xquadSet(language: 'en' | 'de' | 'zh'): FitSet {
  const folder = `xquad/beir/${language}`
  const documents = lines<FitDocument & { _id: string }>(`${folder}/corpus.jsonl`).map((one) => ({
    id: one._id,
    title: one.title,
    text: one.text,
  }))
  const byId = new Map(documents.map((document) => [document.id, document]))
  const rows = readFileSync(new URL(`${folder}/qrels/test.tsv`, data), 'utf8')
    .trim()
    .split('\n')
  const goldOf = new Map(
    rows.slice(1).map((row) => row.split('\t').slice(0, 2) as [string, string]),
  )
  const questions = lines<XquadQuestion>(`${folder}/queries.jsonl`).flatMap((question) => {
    const document = goldOf.get(question._id)!
    const gold = question.metadata.answers.map(({ answer_start: start, text }) => ({
      document,
      start,
      end: start + text.length,
    }))
    // Languages are parallel by paragraph, so the article's place names the group in all of them.
    const { title } = byId.get(document)!
    const group = `x${documents.findIndex((other) => other.title === title)}`
    const expect = [question.metadata.answers.map(({ text }) => text).join('|')]
    return [
      { text: question.text, group, gold, expect },
      { text: question.text, group, gold: [], hidden: new Set([document]) },
    ]
  })
  return { name: `xquad-${language}`, language, documents, questions }
}

interface Claim {
  _id: string
  claim: string
  evidence: { doc_id: string; sentences: number[] }[]
}

/** SciFact claims: with evidence in the corpus, or without any. */
export function scifactSet(): FitSet {
  const corpus = lines<FitDocument & { _id: string; metadata: { lens: number[] } }>(
    'scifact/corpus.jsonl',
  )
  const byId = new Map(corpus.map((document) => [document._id, document]))
  const questions = lines<Claim>('scifact/claims.jsonl').map(({ _id, claim, evidence }) => ({
    text: claim,
    group: `s${_id}`,
    gold: evidence.flatMap(({ doc_id, sentences }) =>
      sentences.map((sentence) => ({
        document: doc_id,
        ...sentenceSpan(byId.get(doc_id)!.metadata.lens, sentence),
      })),
    ),
  }))
  const documents = corpus.map(({ _id, title, text }) => ({ id: _id, title, text }))
  return { name: 'scifact', language: 'en', documents, questions }
}

function sentenceSpan(lens: readonly number[], sentence: number): { start: number; end: number } {
  const start = lens.slice(0, sentence).reduce((sum, length) => sum + length, 0) + sentence
  return { start, end: start + lens[sentence]! }
}

interface Task {
  conversation_id: string
  answerability: string[]
  input: { speaker: string; text: string }[]
  targets: { text: string }[]
  contexts: { document_id: string; title?: string; text: string }[]
}

/**
 * MTRAG-UN: the last question of a conversation over the passages of all conversations. Answerable ones again with
 * their own passages taken out; those labelled unanswerable as they are.
 */
export function mtragSet(): FitSet {
  const tasks = lines<Task>('mtrag-un/reference.jsonl')
  const documents = new Map<string, FitDocument>()
  for (const { contexts } of tasks) {
    for (const { document_id: id, title = '', text } of contexts)
      documents.set(id, { id, title, text: text.trim() })
  }
  const questions = tasks.flatMap((task): SetQuestion[] => {
    const [label] = task.answerability
    const asked = task.input
      .filter(({ speaker }) => speaker === 'user')
      .map(({ text }) => text.trim())
    const text = asked.at(-1)!
    const base = {
      text,
      searched: standAlone(text, asked.slice(0, -1)),
      group: `m${task.conversation_id}`,
    }
    if (label === 'UNANSWERABLE') return [{ ...base, gold: [] }]
    if (label !== 'ANSWERABLE') return []
    const own = task.contexts.map(({ document_id: id }) => id)
    const gold = own.map((document) => ({
      document,
      start: 0,
      end: documents.get(document)!.text.length,
    }))
    return [
      { ...base, gold, reference: task.targets[0]!.text },
      { ...base, gold: [], hidden: new Set(own) },
    ]
  })
  return { name: 'mtrag-un', language: 'en', documents: [...documents.values()], questions }
}

const ferries = new URL('./ferries/', import.meta.url)

/** A small company written for this bench, cut as the product cuts documents. Never fitted. */
export async function ferriesSet(): Promise<FitSet> {
  const documents: FitDocument[] = []
  for (const name of readdirSync(ferries)
    .filter((file) => file.endsWith('.md'))
    .sort()) {
    const bytes = readFileSync(new URL(name, ferries))
    const { document } = await parseAny({ bytes, name })
    const title = document.title ?? name
    for (const chunk of chunkDocument(document, { title })) {
      documents.push({
        id: `${name} ${chunk.ordinal}`,
        documentId: name,
        title,
        context: chunk.context,
        headingPath: chunk.headingPath,
        text: document.text.slice(chunk.start, chunk.end),
      })
    }
  }
  const questions = lines<{ question: string; expect?: string[]; language?: string }>(
    new URL('questions.jsonl', ferries),
  ).map(({ question, expect }, i) => ({
    text: question,
    group: `f${i}`,
    gold: (expect ?? []).flatMap((text) => goldSpans(documents, text)),
    ...(expect ? { expect } : {}),
  }))
  return { name: 'ferries', language: 'en', documents, questions, measuredOnly: true }
}

function goldSpans(documents: readonly FitDocument[], text: string) {
  return documents.flatMap((document) => {
    const start = document.text.indexOf(text)
    return start < 0 ? [] : [{ document: document.id, start, end: start + text.length }]
  })
}
