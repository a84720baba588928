import { cleanName, originalKeyOf, receiveDocument } from '#data'
import { systemActor } from '#governance'
import { digestOfBytes } from '#kernel'
import { type BenchHouse, workLeft } from '../harness/house.ts'
import { Progress } from '../harness/report.ts'
import { type BeirDocument, readLines } from './beir.ts'

export interface Loaded {
  documents: number
  failed: number
  chunks: number
  /** From the first document given to the last one searchable. */
  seconds: number
  /** The set's id of a document, by the id it has here. */
  idOf: Map<string, string>
}

const resources = (embedder: string) => `
kind: KnowledgeBase
name: bench
project: default
spec:
  embedder: ${embedder}
  readers: [everyone]
---
kind: Source
name: bench
project: default
spec:
  knowledgeBase: bench
  upload: {}
`

const page = 200

/** Gives every document to the product as `POST /api/v1/documents` does (text, title kept) and waits for the last. */
export async function loadCorpus(bench: BenchHouse, file: string): Promise<Loaded> {
  const { house, organizationId } = bench
  await bench.apply(resources(bench.embedder ?? 'none'))
  house.start()
  const began = performance.now()
  const idOf = new Map<string, string>()
  let waiting: BeirDocument[] = []
  for await (const document of readLines<BeirDocument>(file)) {
    waiting.push(document)
    if (waiting.length < page) continue
    await give(bench, waiting, idOf)
    waiting = []
  }
  if (waiting.length > 0) await give(bench, waiting, idOf)
  house.pipelines.jobs.nudge()
  const failed = await untilRead(bench, idOf.size, began)
  const seconds = (performance.now() - began) / 1_000
  const { n } = await house.foundation.store.read(organizationId, (tx) =>
    tx
      .selectFrom('chunk')
      .select((eb) => eb.fn.countAll<number>().as('n'))
      .executeTakeFirstOrThrow(),
  )
  return { documents: idOf.size, failed, chunks: Number(n), seconds, idOf }
}

async function give(
  { house, organizationId }: BenchHouse,
  documents: readonly BeirDocument[],
  idOf: Map<string, string>,
): Promise<void> {
  const { store, snapshots } = house.foundation
  const snapshot = await snapshots.get(organizationId)
  const source = snapshot.require('Source', 'bench')
  const base = snapshot.require('KnowledgeBase', 'bench')
  const contents: Parameters<typeof receiveDocument>[1][] = []
  for (const { _id, title, text } of documents) {
    const bytes = Buffer.from(text)
    const digest = digestOfBytes(bytes)
    const originalKey = originalKeyOf(organizationId, digest)
    const { objects } = house.pipelines
    if (!(await objects.has(originalKey))) await objects.put(originalKey, bytes)
    const name = cleanName(`${idOf.size}.txt`)
    idOf.set(name, String(_id))
    const named = { name, title: title?.trim() || undefined, constraint: { permissionSetIds: [] } }
    contents.push({ source, base, ...named, digest, originalKey })
  }
  await store.within(organizationId, async (tx) => {
    for (const content of contents) await receiveDocument(tx, content, systemActor)
  })
}

async function untilRead(bench: BenchHouse, all: number, began: number): Promise<number> {
  const progress = new Progress()
  for (;;) {
    const { jobs, ready, failed } = await workLeft(bench)
    const rate = (ready + failed) / ((performance.now() - began) / 1_000)
    const left = rate > 0 ? Math.round((all - ready - failed) / rate) : 0
    progress.show(
      `read ${ready + failed} of ${all}, ${rate.toFixed(1)} documents/s, ${left} s left`,
    )
    if (jobs === 0) {
      progress.done()
      return all - ready
    }
    await new Promise((done) => setTimeout(done, 500))
  }
}
