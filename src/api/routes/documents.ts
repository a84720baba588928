import { z } from 'zod'
import {
  changeReaders,
  countDocuments,
  type DocumentView,
  listChunks,
  listDocuments,
  listVersions,
  maySeePlain,
  readDocument,
  readParsed,
  readVersion,
  removeDocuments,
  retryDocument,
} from '#data'
import { actorOf, permissionSetFor, revealFromVault } from '#governance'
import { PlinthError, type RequestContext, readerToken } from '#kernel'
import { acknowledged, paging } from '../contract/basics.ts'
import {
  chunkPage,
  document,
  documentPage,
  documentQuery,
  documentText,
  job,
} from '../contract/knowledge.ts'
import type { ApiHouse } from '../house.ts'
import { constraintOf, sightIn } from '../http/constraint.ts'
import { decodeCursor, pageOf } from '../http/cursor.ts'
import { replied, route } from '../http/route.ts'
import { jobView } from '../views/jobs.ts'
import { maskedNames } from '../views/plain.ts'
import { retried } from './jobs.ts'

const tag = 'Documents'
const byId = z.object({ id: z.string() })
const ofVersion = z.object({ version: z.string().optional() })

export const documentRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/documents',
    permission: 'documents.read',
    summary: 'Documents one may read',
    tag,
    query: documentQuery,
    response: documentPage,
    async handler({ context, query }, house) {
      const sight = await sightIn(house, context, 'documents.read')
      const after = decodeCursor(query.cursor, 'string')?.[0]
      const page = await house.store.read(context.organizationId, async (tx) => {
        const rows = await listDocuments(tx, sight, {
          ...query,
          after,
          limit: query.limit + 1,
        })
        const found = pageOf(rows, query.limit, (row) => [row.id])
        if (query.search) return found
        return { ...found, total: await countDocuments(tx, sight.constraint, query) }
      })
      return { ...page, items: await maskedNames(house, context, page.items) }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/documents/:id',
    permission: 'documents.read',
    summary: 'One document',
    tag,
    params: byId,
    response: document,
    async handler({ context, params }, house) {
      const constraint = await constraintOf(house, context)
      const found = await house.store.read(context.organizationId, (tx) =>
        readDocument(tx, constraint, params.id),
      )
      return shownOf(house, context, found)
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/documents/:id',
    permission: 'documents.write',
    summary: 'Remove a document: from now on nothing is answered from it',
    tag,
    params: byId,
    response: acknowledged,
    async handler({ context, params }, house) {
      const constraint = await constraintOf(house, context)
      const scanned = await scannedSources(house, context)
      return house.store.within(context.organizationId, async (tx) => {
        const found = await readDocument(tx, constraint, params.id)
        if (scanned.has(found.source)) {
          throw scanDecides(found.source, 'remove the file, or "exclude" it in the resource')
        }
        await removeDocuments(tx, found.knowledgeBase, [found.id])
        const { first } = await house.appendAudit(tx, [
          {
            kind: 'document.removed',
            actor: actorOf(context.principal),
            target: { kind: 'document', id: found.id },
            requestId: context.requestId,
            details: { knowledgeBase: found.knowledgeBase, source: found.source },
          },
        ])
        return { ok: true as const, auditSeq: first }
      })
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/documents/:id/retry',
    permission: 'documents.write',
    summary: 'Read a failed document again',
    tag,
    params: byId,
    response: job,
    status: 202,
    async handler({ context, params }, house) {
      const constraint = await constraintOf(house, context)
      const started = await house.store.within(context.organizationId, async (tx) => {
        const found = await readDocument(tx, constraint, params.id)
        const { id } = await retryDocument(tx, found.id, actorOf(context.principal))
        await house.appendAudit(tx, [retried(context, id, { document: found.id })])
        return jobView(tx, id)
      })
      house.jobs.nudge()
      return started
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/documents/:id/text',
    permission: 'documents.read',
    summary: 'The stored text with its structure',
    tag,
    params: byId,
    query: ofVersion,
    response: documentText,
    async handler({ context, params, query }, house) {
      const constraint = await constraintOf(house, context)
      const { found, version } = await house.store.read(context.organizationId, async (tx) => ({
        found: await readDocument(tx, constraint, params.id),
        version: await readVersion(tx, constraint, {
          documentId: params.id,
          versionId: query.version,
        }),
      }))
      const snapshot = await house.snapshots.get(context.organizationId)
      const seesPlain = maySeePlain(snapshot, context.principal, found.knowledgeBase)
      if (!seesPlain && !version.masked) throw plainForbidden('This version')
      const parsed = await readParsed(house.objects, version)
      return {
        documentId: params.id,
        versionId: version.id,
        title: parsed.title ?? found.title,
        mediaType: parsed.mediaType,
        text: parsed.text,
        blocks: parsed.blocks,
        pages: parsed.pages ?? [],
        boxes: parsed.boxes ?? [],
        originalAvailable: seesPlain,
      }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/documents/:id/chunks',
    permission: 'documents.read',
    summary: 'The passages a document was cut into',
    tag,
    params: byId,
    query: paging,
    response: chunkPage,
    async handler({ context, params, query }, house) {
      const constraint = await constraintOf(house, context)
      const after = decodeCursor(query.cursor, 'integer')?.[0] ?? -1
      return house.store.read(context.organizationId, async (tx) => {
        await readDocument(tx, constraint, params.id)
        const rows = await listChunks(tx, params.id, { after, limit: query.limit + 1 })
        return pageOf(rows, query.limit, (row) => [row.ordinal])
      })
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/documents/:id/versions',
    permission: 'documents.read',
    summary: 'Versions, newest first',
    tag,
    params: byId,
    response: z.object({
      items: z.array(
        z.object({
          id: z.string(),
          number: z.number(),
          createdAt: z.string(),
          contentDigest: z.string(),
        }),
      ),
    }),
    async handler({ context, params }, house) {
      const constraint = await constraintOf(house, context)
      return house.store.read(context.organizationId, async (tx) => {
        await readDocument(tx, constraint, params.id)
        const items = await listVersions(tx, params.id)
        return {
          items: items.map(({ id, number, createdAt, contentDigest }) => ({
            id,
            number,
            createdAt,
            contentDigest,
          })),
        }
      })
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/documents/:id/original',
    permission: 'documents.read',
    summary: 'The file as it was received',
    tag,
    params: byId,
    query: ofVersion,
    produces: 'application/octet-stream',
    async handler({ context, params, query, reply }, house) {
      const constraint = await constraintOf(house, context)
      // Before the transaction: a snapshot that must be read waits for the one session that it would hold.
      const snapshot = await house.snapshots.get(context.organizationId)
      const { found, version } = await house.store.within(context.organizationId, async (tx) => {
        const readable = await readDocument(tx, constraint, params.id)
        const at = { documentId: params.id, versionId: query.version }
        const wanted = await readVersion(tx, constraint, at)
        if (!maySeePlain(snapshot, context.principal, readable.knowledgeBase)) {
          throw plainForbidden('The original')
        }
        await house.appendAudit(tx, [opened(context, params.id, wanted.id)])
        return { found: readable, version: wanted }
      })
      const name = found.externalId.slice(found.externalId.lastIndexOf('/') + 1)
      // Never rendered as a page of this origin: a hostile HTML file must not run here.
      const inline = version.mediaType === 'application/pdf' ? 'inline' : 'attachment'
      await reply
        .header(
          'content-type',
          inline === 'inline' ? 'application/pdf' : 'application/octet-stream',
        )
        .header('content-security-policy', "default-src 'none'; sandbox")
        .header('content-disposition', `${inline}; filename*=UTF-8''${encodeURIComponent(name)}`)
        .header('content-length', String(version.bytes))
        .send(await house.objects.open(version.originalKey))
      return replied
    },
  }),
  route({
    method: 'PUT',
    path: '/api/v1/documents/:id/readers',
    permission: 'documents.write',
    summary: 'Who may read a document',
    tag,
    params: byId,
    body: z.object({ readers: z.array(readerToken).max(100) }),
    response: document,
    async handler({ context, params, body }, house) {
      const constraint = await constraintOf(house, context)
      const scanned = await scannedSources(house, context)
      const changed = await house.store.within(context.organizationId, async (tx) => {
        const found = await readDocument(tx, constraint, params.id)
        if (scanned.has(found.source)) {
          throw scanDecides(found.source, 'change "readers" or "access" in it, then scan it')
        }
        const permissionSetId = await permissionSetFor(tx, body.readers)
        await changeReaders(tx, found.knowledgeBase, { ids: [found.id], permissionSetId })
        await house.appendAudit(tx, [
          {
            kind: 'document.changed',
            actor: actorOf(context.principal),
            target: { kind: 'document', id: found.id },
            requestId: context.requestId,
            details: { permissionSet: permissionSetId, before: found.readers.length },
          },
        ])
        const seen = { permissionSetIds: [...constraint.permissionSetIds, permissionSetId] }
        return readDocument(tx, seen, found.id)
      })
      return shownOf(house, context, changed)
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/documents/:id/unmask',
    permission: 'documents.unmask',
    summary: 'Masked values in the clear; each act is audited before it is done',
    tag,
    params: byId,
    body: z.object({ placeholders: z.array(z.string().max(100)).min(1).max(200) }),
    idempotency: 'secret',
    response: z.object({ values: z.record(z.string(), z.string()), auditSeq: z.number() }),
    async handler({ context, params, body }, house) {
      const constraint = await constraintOf(house, context)
      const { organizationId } = context
      const at = await house.store.within(organizationId, async (tx) => {
        const found = await readDocument(tx, constraint, params.id)
        const { first } = await house.appendAudit(tx, [
          {
            kind: 'vault.revealed',
            actor: actorOf(context.principal),
            target: { kind: 'document', id: found.id },
            outcome: 'intended',
            requestId: context.requestId,
            details: { placeholders: body.placeholders },
          },
        ])
        return { versionId: found.versionId, auditSeq: first }
      })
      if (!at.versionId) return { values: {}, auditSeq: at.auditSeq }
      const place = { organizationId, documentVersionId: at.versionId }
      const values = await house.store.read(organizationId, (tx) =>
        revealFromVault({ tx, sealer: house.sealer, place }, body.placeholders),
      )
      return { values: Object.fromEntries(values), auditSeq: at.auditSeq }
    },
  }),
]

function opened(context: RequestContext, documentId: string, versionId: string) {
  return {
    kind: 'document.opened' as const,
    actor: actorOf(context.principal),
    target: { kind: 'document', id: documentId },
    outcome: 'intended' as const,
    requestId: context.requestId,
    details: { version: versionId, what: 'original' },
  }
}

async function shownOf(house: ApiHouse, context: RequestContext, found: DocumentView) {
  const [shown] = await maskedNames(house, context, [found])
  return shown ?? found
}

/** Sources whose documents a scan makes and removes, by what lies in a folder. */
async function scannedSources(house: ApiHouse, context: RequestContext): Promise<Set<string>> {
  const snapshot = await house.snapshots.get(context.organizationId)
  const folders = snapshot.list('Source').filter(({ spec }) => spec.folder)
  return new Set(folders.map(({ name }) => name))
}

/** The next scan would undo it: what was shut or removed would be answered from again, and nobody would have said so. */
function scanDecides(source: string, instead: string): PlinthError {
  return new PlinthError('CONFLICT', {
    detail: `The document belongs to the folder of Source/${source}, and follows it at each scan.`,
    remedy: `Mend it there: ${instead}.`,
  })
}

function plainForbidden(what: string): PlinthError {
  return new PlinthError('FORBIDDEN', {
    detail: `${what} holds personal data that this knowledge base masks.`,
    remedy: 'Read the newest stored text, or ask for the permission documents.unmask.',
  })
}
