import { z } from 'zod'
import {
  claimOriginal,
  cleanName,
  countOriginal,
  hasOriginal,
  noteReceived,
  originalKeyOf,
  receiveDocument,
  requireRoom,
  requireUpload,
  resumeUpload,
  type SourceWithBase,
  settleUpload,
  startUpload,
  type UploadRow,
} from '#data'
import { actorOf } from '#governance'
import { digestOfBytes, PlinthError, type RequestContext } from '#kernel'
import { textDocument, upload, uploadStart } from '../contract/knowledge.ts'
import type { ApiHouse } from '../house.ts'
import { constraintOf } from '../http/constraint.ts'
import { route } from '../http/route.ts'

const tag = 'Uploads'
const byId = z.object({ id: z.string() })

export const uploadRoutes = [
  route({
    method: 'POST',
    path: '/api/v1/documents',
    permission: 'documents.write',
    summary: 'Add or replace a document by its text',
    tag,
    body: textDocument,
    response: z.object({ documentId: z.string(), jobId: z.string() }),
    status: 202,
    async handler({ context, body }, house) {
      const found = await uploadSource(house, context, body.source)
      const bytes = Buffer.from(body.text)
      const digest = digestOfBytes(bytes)
      const originalKey = originalKeyOf(context.organizationId, digest)
      await reserveText(house, context, { digest, bytes: bytes.byteLength })
      if (!(await house.objects.has(originalKey))) await house.objects.put(originalKey, bytes)
      const name = withEnding(cleanName(body.externalId), body.mediaType)
      const { readers, metadata, title } = body
      return receive(house, context, {
        ...found,
        name,
        title,
        digest,
        originalKey,
        readers,
        metadata,
      })
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/uploads',
    permission: 'documents.write',
    summary: 'Begin an upload, or find the one that broke off',
    tag,
    body: uploadStart,
    response: upload,
    async handler({ context, body }, house) {
      await uploadSource(house, context, body.source)
      const actor = actorOf(context.principal)
      const row = await house.store.within(context.organizationId, (tx) =>
        startUpload(tx, body, { by: actor, quota: house.uploadQuota }),
      )
      const received = await house.uploads.size(row.id)
      const started = { ...row, received }
      // An empty file is complete before its first byte.
      return row.size === 0 ? complete(house, context, started) : view(started, null)
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/uploads/:id',
    permission: 'documents.write',
    summary: 'How much of an upload is safe',
    tag,
    params: byId,
    response: upload,
    async handler({ context, params }, house) {
      const row = await house.store.read(context.organizationId, (tx) =>
        requireUpload(tx, params.id, actorOf(context.principal)),
      )
      const received = row.state === 'received' ? row.size : await house.uploads.size(row.id)
      return view({ ...row, received }, null)
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/uploads/:id',
    permission: 'documents.write',
    summary: 'Send bytes from an offset on; the last ones make it a document',
    tag,
    params: byId,
    query: z.object({ offset: z.coerce.number().int().min(0).default(0) }),
    consumes: 'application/octet-stream',
    rawBody: true,
    response: upload,
    async handler({ context, params, query, request }, house) {
      const actor = actorOf(context.principal)
      const row = await house.store.read(context.organizationId, (tx) =>
        requireUpload(tx, params.id, actor),
      )
      if (row.state === 'received') return view({ ...row, received: row.size }, null)
      await house.store.within(context.organizationId, (tx) =>
        resumeUpload(tx, row, { by: actor, quota: house.uploadQuota }),
      )
      const at = { offset: query.offset, size: row.size }
      const received = await house.uploads.append(row.id, at, request.raw)
      await house.store.within(context.organizationId, (tx) => noteReceived(tx, row.id, received))
      const now = { ...row, received }
      return received === row.size ? complete(house, context, now) : view(now, null)
    },
  }),
]

/** All bytes are there: the file becomes an object, then a document with a job, once. */
async function complete(house: ApiHouse, context: RequestContext, row: UploadRow) {
  const wanted = row.digest
  const { digest, key } = await house.uploads.finish(row.id, async (d) => {
    await house.store.within(context.organizationId, (tx) => claimOriginal(tx, d))
    return originalKeyOf(context.organizationId, d)
  })
  if (wanted && wanted !== digest) {
    await house.uploads.discard(row.id)
    throw new PlinthError('INVALID_INPUT', {
      detail: `The bytes of ${row.name} have the digest ${digest}, not ${wanted}; send them again.`,
      where: 'digest',
    })
  }
  const found = await uploadSource(house, context, row.source)
  const { name, readers, metadata } = row
  const content = { ...found, name, digest, originalKey: key, readers, metadata }
  const received = await receive(house, context, {
    ...content,
    first: async (tx) => {
      if (!(await settleUpload(tx, row.id, { digest, key }))) return false
      await countOriginal(tx, { digest, bytes: row.size })
      return true
    },
  })
  await house.uploads.discard(row.id)
  return view({ ...row, received: row.size, state: 'received' }, received.jobId || null)
}

type Tx = Parameters<typeof receiveDocument>[0]
/** `first`, in the same transaction, may find that another request has done it all. */
type Content = Omit<Parameters<typeof receiveDocument>[1], 'constraint'> & {
  first?: (tx: Tx) => Promise<boolean>
}

async function receive(
  house: ApiHouse,
  context: RequestContext,
  { first, ...content }: Content,
): Promise<{ documentId: string; jobId: string }> {
  const actor = actorOf(context.principal)
  const constraint = await constraintOf(house, context, 'documents.write')
  const received = await house.store.within(context.organizationId, async (tx) => {
    if (first && !(await first(tx))) return { documentId: '', jobId: '' }
    const done = await receiveDocument(tx, { ...content, constraint }, actor)
    await house.appendAudit(tx, [
      {
        kind: 'upload.received',
        actor,
        target: { kind: 'document', id: done.documentId },
        requestId: context.requestId,
        details: { source: content.source.name, content: content.digest },
      },
    ])
    return done
  })
  house.jobs.nudge()
  return received
}

/** A text is counted before it is kept: the same bytes sent again take no more room. */
async function reserveText(
  house: ApiHouse,
  context: RequestContext,
  text: { digest: string; bytes: number },
): Promise<void> {
  const by = actorOf(context.principal)
  await house.store.within(context.organizationId, async (tx) => {
    if (!(await hasOriginal(tx, text.digest))) {
      await requireRoom(tx, { bytes: text.bytes, quota: house.uploadQuota, by })
    }
    await countOriginal(tx, text)
  })
}

async function uploadSource(
  house: ApiHouse,
  context: RequestContext,
  name: string,
): Promise<SourceWithBase> {
  const found = await house.ingest.source(context.organizationId, name)
  if (found?.source.spec.upload) return found
  throw new PlinthError('NOT_FOUND', {
    detail: found
      ? `The source "${name}" reads a folder; it takes no uploads.`
      : `There is no source "${name}".`,
    where: 'body/source',
    remedy: 'Name a Source resource with "upload: {}", or apply one.',
  })
}

function view(row: UploadRow, jobId: string | null) {
  const { id, name, size, received, state } = row
  return { id, name, size, received, state, jobId }
}

const endings = {
  'text/plain': '.txt',
  'text/markdown': '.md',
  'text/html': '.html',
  'text/csv': '.csv',
} as const

/** The parsers look at content first and at the name where text could be several things. */
function withEnding(externalId: string, mediaType: keyof typeof endings): string {
  return /\.\w{1,5}$/.test(externalId) ? externalId : externalId + endings[mediaType]
}
