import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appendAudit, keepInVault, permissionSetFor, Sealer, systemActor } from '#governance'
import { newId } from '#kernel'
import type { Store, Tx } from '#store'
import { FolderObjectStore } from '../../adapters/objects/folder/folder.ts'
import { addTurn } from '../../apps/conversations/turns.ts'
import type { DoctorDeps } from './check.ts'

const text =
  '# Hand luggage\n\nOne bag of 8 kg is free.\n\nBags over 8 kg cost 20 euros, to be paid at the gate.\n'
const passages = [
  [0, 14],
  [16, 40],
  [42, 95],
] as const

export interface Installation {
  deps: DoctorDeps
  organizationId: string
  store: Store
  objects: FolderObjectStore
  dataDir: string
  ids: {
    document: string
    version: string
    conversation: string
    job: string
    original: string
    segment: string
  }
  close(): Promise<void>
}

/** A small installation in which everything is as it should be. */
export async function installation(store: Store, organizationId: string): Promise<Installation> {
  const dataDir = await mkdtemp(join(tmpdir(), 'plinth-doctor-'))
  const objects = new FolderObjectStore(join(dataDir, 'objects'))
  const sealer = new Sealer(randomBytes(32))
  const keyFile = join(dataDir, 'master.key')
  await writeFile(keyFile, 'a key', { mode: 0o600 })
  const original = `${organizationId}/originals/${createHash('sha256').update(text).digest('hex')}`
  await objects.put(original, Buffer.from(text))
  const ids = {
    document: newId('doc'),
    version: newId('ver'),
    conversation: '',
    job: newId('job'),
    original,
    segment: `${organizationId}/segments/${'0'.repeat(32)}-1`,
  }
  await addDocument(store, organizationId, { ids, sealer, objects })
  await addStoredIndex(store, organizationId, { key: ids.segment, objects })
  ids.conversation = await addRest(store, organizationId, ids)
  const deps: DoctorDeps = {
    store,
    organizationIds: [organizationId],
    objects,
    sealer,
    now: () => new Date(),
    paths: {
      dataDir,
      modelsDir: join(dataDir, 'models'),
      keyFiles: [{ name: 'master key', path: keyFile, required: true }],
    },
    embedding: { embedder: 'test', off: null },
    working: true,
  }
  const close = () => rm(dataDir, { recursive: true, force: true })
  return { deps, organizationId, store, objects, dataDir, ids, close }
}

async function addDocument(
  store: Store,
  organizationId: string,
  {
    ids,
    sealer,
    objects,
  }: { ids: Installation['ids']; sealer: Sealer; objects: FolderObjectStore },
): Promise<void> {
  const parsedKey = `${organizationId}/parsed/${ids.version}.json`
  await objects.put(parsedKey, Buffer.from(JSON.stringify({ text })))
  await store.within(organizationId, async (tx) => {
    const permissionSetId = await permissionSetFor(tx, ['everyone'])
    await tx
      .insertInto('document')
      .values({
        id: ids.document,
        knowledge_base: 'travel',
        source: 'files',
        external_id: 'luggage.md',
        title: 'Hand luggage',
        permission_set_id: permissionSetId,
        version_id: ids.version,
        state: 'ready',
      })
      .execute()
    await tx
      .insertInto('document_version')
      .values({
        id: ids.version,
        document_id: ids.document,
        number: 1,
        content_digest: 'sha256:0',
        settings_digest: 'sha256:0',
        media_type: 'text/markdown',
        parser: 'md/1',
        bytes: text.length,
        original_key: ids.original,
        parsed_key: parsedKey,
        text_chars: text.length,
        chunk_count: passages.length,
      })
      .execute()
    await addPassages(tx, ids)
    await tx.insertInto('knowledge_epoch').values({ knowledge_base: 'travel', epoch: 1 }).execute()
    const place = { organizationId, documentVersionId: ids.version }
    const entries = [{ kind: 'email', placeholder: '[EMAIL_1]', value: 'ada@example.org' }]
    await keepInVault({ tx, sealer, place }, entries)
  })
}

async function addStoredIndex(
  store: Store,
  organizationId: string,
  { key, objects }: { key: string; objects: FolderObjectStore },
): Promise<void> {
  const bytes = Buffer.from('a manifest')
  await objects.put(key, bytes)
  await store.within(organizationId, (tx) =>
    tx
      .insertInto('index_segment')
      .values({
        knowledge_base: 'travel',
        id: 'm@1@1.0/manifest',
        from_epoch: 1,
        to_epoch: 1,
        object_key: key,
        digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
        bytes: bytes.byteLength,
      })
      .execute(),
  )
}

async function addPassages(tx: Tx, ids: Installation['ids']): Promise<void> {
  for (const [ordinal, [start, end]] of passages.entries()) {
    const { id } = await tx
      .insertInto('chunk')
      .values({
        knowledge_base: 'travel',
        document_id: ids.document,
        document_version_id: ids.version,
        ordinal,
        start_offset: start,
        end_offset: end,
        kind: 'text',
        text: text.slice(start, end),
        search_text: 'bag',
        tokens: 8,
        epoch: 1,
      })
      .returning('id')
      .executeTakeFirstOrThrow()
    const vector = new Float32Array([0.6, 0.8, 0])
    await tx
      .insertInto('embedding')
      .values({
        chunk_id: id,
        model: 'm@1',
        knowledge_base: 'travel',
        epoch: 1,
        vector: new Uint8Array(vector.buffer),
      })
      .execute()
  }
}

async function addRest(
  store: Store,
  organizationId: string,
  ids: Installation['ids'],
): Promise<string> {
  const userId = newId('usr')
  return store.within(organizationId, async (tx) => {
    await tx
      .insertInto('app_user')
      .values({ id: userId, email: 'ada@example.org', name: 'Ada' })
      .execute()
    for (let i = 0; i < 5; i++) {
      await appendAudit(tx, {
        kind: 'documents.searched',
        actor: systemActor,
        details: { number: i },
      })
    }
    await tx
      .insertInto('job')
      .values({
        id: ids.job,
        kind: 'ingest',
        input: '{}',
        created_by: 'system',
        state: 'succeeded',
        finished_at: new Date(),
      })
      .execute()
    const turn = {
      userId,
      assistant: 'travel',
      question: 'How heavy?',
      answer: '8 kg [1]',
      outcome: 'answered',
      citations: [],
      unsupported: [],
      grounds: [],
      traceId: newId('trc'),
    }
    const begun = await addTurn(tx, { ...turn, conversationId: undefined })
    const conversationId = begun?.conversationId ?? ''
    await addTurn(tx, { ...turn, conversationId })
    return conversationId
  })
}
