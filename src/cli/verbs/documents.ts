import { writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Document, DocumentState } from '@plinth/sdk'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { bytes, time } from '../text.ts'
import { type Verb, type VerbCall, withLimit } from '../verb.ts'

export const documentVerbs: Verb[] = [
  {
    name: 'documents list',
    summary: 'List the documents that you may read',
    needs: ['documents.read'],
    define: (command) =>
      withLimit(command)
        .option('-b, --base <name>', 'of this knowledge base')
        .option('-s, --source <name>', 'of this source')
        .option('--state <state>', 'pending, ready or failed')
        .option('--search <text>', 'with this in title or name'),
    run: list,
  },
  {
    name: 'documents show',
    summary: 'Show a document: its facts, text, passages or original',
    needs: ['documents.read'],
    define: (command) =>
      command
        .argument('<id>')
        .option('--text', 'its stored text')
        .option('--chunks', 'the passages it was cut into')
        .option('--original <file>', 'write the original bytes into a file'),
    run: show,
  },
  {
    name: 'documents remove',
    summary: 'Remove documents; nothing is answered from them any more',
    needs: ['documents.read', 'documents.write'],
    define: (command) =>
      command.argument('<id...>').option('-y, --yes', 'do not ask before removing'),
    run: remove,
  },
  {
    name: 'documents retry',
    summary: 'Read failed documents again',
    needs: ['documents.write'],
    define: (command) => command.argument('<id...>'),
    run: retry,
  },
]

const states: readonly string[] = ['pending', 'ready', 'failed']

async function list(call: VerbCall): Promise<ExitName> {
  const state = call.option('state')
  if (state !== undefined && !states.includes(state)) {
    throw usage(`There is no state "${state}".`, `States: ${states.join(', ')}.`)
  }
  const client = await call.client()
  const items = await call.pages((paging) =>
    client.documents.list({
      ...paging,
      knowledgeBase: call.option('base'),
      source: call.option('source'),
      state: state as DocumentState | undefined,
      search: call.option('search'),
    }),
  )
  const failed = state === 'failed'
  await call.rows(
    items,
    {
      id: (one) => one.id,
      state: (one) => one.state,
      base: (one) => one.knowledgeBase,
      name: (one) => one.externalId,
      ...(failed
        ? { error: (one: Document) => `${one.error?.code ?? ''} ${one.error?.detail ?? ''}` }
        : {
            chunks: (one: Document) => String(one.chunkCount),
            size: (one: Document) => (one.bytes === null ? '' : bytes(one.bytes)),
            title: (one: Document) => one.title,
          }),
    },
    'No document that you may read.',
  )
  return 'ok'
}

async function show(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const id = call.arg(0) ?? ''
  const original = call.option('original')
  if (original !== undefined) {
    const blob = await client.documents.original(id)
    const file = resolve(call.io.cwd, original)
    await writeFile(file, Buffer.from(await blob.arrayBuffer()), { flag: 'wx' })
    await call.data({ file, bytes: blob.size })
    await call.say(`${bytes(blob.size)} written to ${original}`)
    return 'ok'
  }
  if (call.option<boolean>('text')) {
    const text = await client.documents.text(id)
    await call.data(text)
    await call.say(text.text)
    return 'ok'
  }
  if (call.option<boolean>('chunks')) {
    const chunks = await call.pages((paging) => client.documents.chunks(id, paging))
    if (call.json) for (const chunk of chunks) await call.data(chunk)
    for (const { ordinal, start, end, headingPath, text, tokens } of chunks) {
      await call.say(`#${ordinal}  ${start}–${end}  ${tokens} tokens  ${headingPath.join(' › ')}`)
      await call.say(`${text}\n`)
    }
    return 'ok'
  }
  await facts(call, await client.documents.get(id))
  return 'ok'
}

async function facts(call: VerbCall, one: Document): Promise<void> {
  if (call.json) return call.data(one)
  const findings = Object.entries(one.findings).map(([kind, n]) => `${kind} ${n}`)
  const rows = Object.entries({
    id: one.id,
    title: one.title,
    state: one.state,
    ...(one.error ? { error: `${one.error.code}: ${one.error.detail}` } : {}),
    ...(one.error?.remedy ? { mend: one.error.remedy } : {}),
    'knowledge base': one.knowledgeBase,
    source: one.source,
    name: one.externalId,
    readers: one.readers.join(' '),
    version: `${one.versionNumber ?? 'none'} ${one.versionId ?? ''}`,
    type: one.mediaType ?? '',
    size: one.bytes === null ? '' : bytes(one.bytes),
    language: one.language ?? '',
    pages: one.pageCount === null ? '' : String(one.pageCount),
    chunks: String(one.chunkCount),
    'personal data': findings.join(', '),
    metadata: JSON.stringify(one.metadata),
    warnings: one.warnings.join('; '),
    notes: one.notes.join('; '),
    updated: time(one.updatedAt),
  }).filter(([, value]) => value !== '')
  await call.rows(rows, { field: ([field]) => field, value: ([, value]) => value }, '')
}

async function remove(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const ids = call.list(0)
  const found: Document[] = []
  for (const id of ids) found.push(await client.documents.get(id))
  if (!call.option<boolean>('yes')) {
    for (const { title, externalId } of found) call.note(`${title} (${externalId})`)
    const what = found.length === 1 ? 'this document' : `these ${found.length} documents`
    if (!(await call.io.confirm(`Remove ${what}?`))) {
      throw usage('Nothing was removed.', 'Add --yes where nobody can be asked.')
    }
  }
  for (const { id, title } of found) {
    const { auditSeq } = await client.documents.remove(id)
    await call.data({ id, removed: true, auditSeq: auditSeq ?? null })
    await call.say(`${title} removed`)
  }
  return 'ok'
}

async function retry(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  for (const id of call.list(0)) {
    const job = await client.documents.retry(id)
    await call.data(job)
    await call.say(`${id} is read again by ${job.id}`)
  }
  return 'ok'
}
