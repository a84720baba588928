import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { MemoryWatch } from '../harness/memory.ts'
import { BenchError, folderOption, readOptions, wholeNumber } from '../harness/options.ts'
import { processorSeconds } from '../harness/processor.ts'
import { Progress, type Row, report, round } from '../harness/report.ts'
import { BenchServer, removeRoot, temporaryRoot, untilEnded } from '../harness/server.ts'

/**
 * PDF pages per second from file to searchable: the files below `--data` are read once to know their pages, then copied
 * under other names with other bytes up to `--pages`, and these are timed, from asking for the scan to the last commit.
 */
export async function run(args: string[]): Promise<void> {
  const options = readOptions(args, { data: undefined, pages: '500', embedder: 'none' })
  const folder = folderOption('data', options.data)
  const wanted = wholeNumber('pages', options.pages)
  const files = globSync('**/*.{pdf,PDF}', { cwd: folder }).sort()
  if (files.length === 0) throw new BenchError(`There is no PDF below ${folder}.`)
  const root = await temporaryRoot()
  const server = await BenchServer.start(root, { PLINTH_EMBEDDER: options.embedder ?? 'none' })
  const memory = new MemoryWatch(server.pid)
  try {
    const originals = await readOnce(server, { folder, files, path: join(root, 'originals') })
    const path = join(root, 'copies')
    const copies = writeCopies(originals, { path, wanted })
    const first = memory.look()
    const measured = await readAll(server, { memory, path })
    const pages = copies.pages
    await searchable(server)
    report(
      {
        distinct_files_count: originals.length,
        files_count: copies.files,
        pages_count: pages,
        failed_count: measured.failed,
        pages_per_s: round(pages / measured.seconds, 1),
        files_per_s: round(copies.files / measured.seconds, 1),
        chunks_per_s: round(measured.chunks / measured.seconds, 1),
        took_s: round(measured.seconds, 1),
        processor_ms_per_page: measured.processor && round((measured.processor * 1_000) / pages, 1),
        embedder: options.embedder ?? 'none',
        begin_rss_mb: round(first, 0),
        ...quarters(memory, measured.from),
        peak_rss_mb: round(memory.peakMb, 0),
        loop_delay_p99_ms: round(measured.loopDelayMs),
      },
      options.json,
    )
  } finally {
    memory.stop()
    await server.stop()
    await removeRoot(root)
  }
}

/** A folder is complete before its source is applied: that begins the first scan. */
const resources = (name: string, path: string) => `
kind: KnowledgeBase
name: ${name}
project: default
spec: { readers: [everyone] }
---
kind: Source
name: ${name}
project: default
spec:
  knowledgeBase: ${name}
  folder: { path: ${JSON.stringify(path)} }
`

interface Original {
  path: string
  pages: number
}

/** Reads every distinct file once; those that cannot be read are left out of what is timed. */
async function readOnce(
  server: BenchServer,
  from: { folder: string; files: readonly string[]; path: string },
): Promise<Original[]> {
  mkdirSync(from.path, { recursive: true })
  const named = new Map<string, string>()
  for (const [i, file] of from.files.entries()) {
    const name = `original-${i}-${basename(file)}`
    named.set(name, join(from.folder, file))
    copyFileSync(join(from.folder, file), join(from.path, name))
  }
  await sync(server, 'originals', from.path)
  const found: Original[] = []
  for (let cursor = ''; ; ) {
    const more = cursor && `&cursor=${encodeURIComponent(cursor)}`
    const page = await server.ask('GET', `/api/v1/documents?source=originals&limit=500${more}`)
    for (const { externalId, pageCount, state } of page.items) {
      const path = named.get(externalId)
      if (state === 'ready' && path && pageCount > 0) found.push({ path, pages: pageCount })
    }
    if (!page.nextCursor) break
    cursor = page.nextCursor
  }
  if (found.length === 0) throw new BenchError('None of the PDFs could be read.')
  return found
}

function writeCopies(
  originals: readonly Original[],
  to: { path: string; wanted: number },
): { files: number; pages: number } {
  mkdirSync(to.path, { recursive: true })
  let pages = 0
  let files = 0
  while (pages < to.wanted) {
    const original = originals[files % originals.length] as Original
    const bytes = readFileSync(original.path)
    // A comment behind the end is no part of the document and makes it another one.
    const other = Buffer.concat([bytes, Buffer.from(`\n% copy ${files}\n`)])
    writeFileSync(join(to.path, `copy-${files}-${basename(original.path)}`), other)
    pages += original.pages
    files++
  }
  return { files, pages }
}

async function sync(server: BenchServer, name: string, path: string) {
  await server.ask('POST', '/api/v1/resources', { yaml: resources(name, path) })
  const job = await server.ask('POST', `/api/v1/sources/${name}/sync`)
  const progress = new Progress()
  const ended = await untilEnded(server, job.id, ({ filesDone = 0, filesTotal, pages }) =>
    progress.show(`read ${filesDone} of ${filesTotal ?? '?'} files, ${pages ?? 0} pages`),
  )
  progress.done()
  if (ended.state !== 'succeeded') throw new Error(`Reading ended as ${ended.state}.`)
  return ended.progress
}

async function readAll(
  server: BenchServer,
  { memory, path }: { memory: MemoryWatch; path: string },
) {
  await server.loopDelay()
  const from = memory.samples.length
  const busyBefore = processorSeconds(server.pid)
  const began = performance.now()
  const { filesFailed = 0, chunks = 0 } = await sync(server, 'copies', path)
  const seconds = (performance.now() - began) / 1_000
  const { p99Ms } = await server.loopDelay()
  const busy = processorSeconds(server.pid)
  const processor = busy === null || busyBefore === null ? null : busy - busyBefore
  return { seconds, processor, failed: filesFailed, chunks, loopDelayMs: p99Ms, from }
}

/** What was committed is found; the index has read all of it before it answers. */
async function searchable(server: BenchServer): Promise<void> {
  const search = { query: 'the', knowledgeBases: ['copies'] }
  await server.ask('POST', '/api/v1/search', search)
}

/** Resident memory at its highest in each quarter of the timed reading: flat means that these stay alike. */
function quarters(memory: MemoryWatch, from: number): Row {
  const samples = memory.samples.slice(from)
  const size = Math.max(1, Math.ceil(samples.length / 4))
  const peak = (i: number) =>
    Math.max(0, ...samples.slice(i * size, (i + 1) * size).map(({ mb }) => mb))
  return Object.fromEntries([0, 1, 2, 3].map((i) => [`quarter_${i + 1}_rss_mb`, round(peak(i), 0)]))
}
