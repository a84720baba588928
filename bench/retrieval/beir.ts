import { createReadStream, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { BenchError } from '../harness/options.ts'

export interface BeirDocument {
  _id: string
  title?: string
  text: string
}

/** Query id to the documents that answer it, with their grades. */
export type Relevance = Map<string, Map<string, number>>

/** Lines of a JSONL file, one object each. */
export async function* readLines<T>(file: string): AsyncGenerator<T> {
  if (!existsSync(file))
    throw new BenchError(`There is no ${file}: --data takes a folder in BEIR's format.`)
  let number = 0
  for await (const line of createInterface({
    input: createReadStream(file),
    crlfDelay: Infinity,
  })) {
    number++
    if (line.trim() === '') continue
    try {
      yield JSON.parse(line) as T
    } catch {
      throw new BenchError(`${file}:${number} is no JSON.`)
    }
  }
}

/** Texts of the queries, by id. */
export async function readQueries(folder: string): Promise<Map<string, string>> {
  const queries = new Map<string, string>()
  const lines = readLines<{ _id: string; text: string }>(join(folder, 'queries.jsonl'))
  for await (const { _id, text } of lines) queries.set(String(_id), text)
  return queries
}

/** `qrels/<split>.tsv`: query, document, grade; lines with grade 0 or less are left out, and so is a header. */
export function readRelevance(folder: string, split: string): Relevance {
  const file = join(folder, 'qrels', `${split}.tsv`)
  if (!existsSync(file)) throw new BenchError(`There is no ${file} (--split).`)
  const judged: Relevance = new Map()
  for (const line of readFileSync(file, 'utf8').split(/\r?\n/)) {
    const [query, document, grade] = line.split('\t')
    if (!query || !document || !(Number(grade) > 0)) continue
    const documents = judged.get(query) ?? new Map<string, number>()
    documents.set(document, Number(grade))
    judged.set(query, documents)
  }
  if (judged.size === 0) throw new BenchError(`${file} judges no document as relevant.`)
  return judged
}

/** The split to take where none is named: the first of train, test and dev that is there. */
export function splitOf(folder: string, wanted: string | undefined): string {
  if (wanted) return wanted
  const found = ['train', 'test', 'dev'].find((s) => existsSync(join(folder, 'qrels', `${s}.tsv`)))
  if (!found) throw new BenchError(`There is no qrels/train.tsv, test.tsv or dev.tsv in ${folder}.`)
  return found
}
