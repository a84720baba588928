import { Readable } from 'node:stream'
import { z } from 'zod'
import {
  type AuditFilter,
  type AuditKind,
  type AuditView,
  actorOf,
  auditEvents,
  exportAudit,
  findActors,
  inclusionProof,
  listAudit,
  auditState as readAuditState,
  readEvent,
} from '#governance'
import type { RequestContext } from '#kernel'
import type { Tx } from '#store'
import {
  auditActors,
  auditEvent,
  auditPage,
  auditQuery,
  auditState,
} from '../contract/administration.ts'
import { paging } from '../contract/basics.ts'
import type { ApiHouse } from '../house.ts'
import { decodeCursor, encodeCursor } from '../http/cursor.ts'
import { denyAudited } from '../http/denial.ts'
import { replied, route } from '../http/route.ts'
import { type EventNames, eventNames, targetOf } from '../views/event-names.ts'

const tag = 'Audit'
/** Characters handed to the connection at once. */
const pieceChars = 64 * 1024

const kinds = Object.entries(auditEvents).map(([kind, { what }]) => ({ kind, what }))

const auditEventProof = auditEvent
  .extend({
    /** RFC 8785 text of the event: its leaf hash is SHA-256 of a zero byte and this. */
    canonical: z.string(),
    proof: z.object({
      treeSize: z.number(),
      /** Base 64, RFC 6962 inclusion path. */
      hashes: z.array(z.string()),
      /** The signed note (C2SP) of the tree that the proof leads to. */
      checkpoint: z.string(),
    }),
  })
  .meta({ id: 'AuditEventProof' })

export const auditRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/audit',
    permission: 'audit.read',
    summary: 'What happened, newest first',
    tag,
    query: auditQuery,
    response: auditPage,
    async handler({ context, query }, house) {
      const cursor = decodeCursor(query.cursor, 'sequence')?.[0] ?? null
      const page = await house.store.read(context.organizationId, (tx) =>
        listAudit(tx, filterOf(query), { cursor, limit: query.limit }),
      )
      const names = await eventNames(house, context, page.events)
      return {
        items: page.events.map((event) => shown(event, names)),
        nextCursor: page.next === null ? null : encodeCursor([page.next]),
      }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/audit/state',
    permission: 'audit.read',
    summary: 'Length of the log, the key that signs it, the newest checkpoint',
    tag,
    response: auditState,
    async handler({ context }, house) {
      const state = await house.store.read(context.organizationId, (tx) =>
        readAuditState(tx, context.organizationId, house.signer),
      )
      return { ...state, kinds }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/audit/actors',
    permission: 'audit.read',
    summary: 'Whose events one may ask for: people, keys and the server, found by name',
    tag,
    query: z.object({
      search: z.string().max(200).optional(),
      limit: paging.shape.limit,
    }),
    response: auditActors,
    async handler({ context, query }, house) {
      const items = await house.store.read(context.organizationId, (tx) =>
        findActors(tx, query, { principal: context.principal }),
      )
      return { items }
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/audit/export',
    permission: 'audit.read',
    summary: 'The log with its checkpoints as JSON lines, for verification without this server',
    tag,
    query: z.object({
      /** First sequence number, and the number after the last. */
      from: z.coerce.number().int().min(0).optional(),
      to: z.coerce.number().int().min(0).optional(),
    }),
    produces: 'application/x-ndjson',
    async handler({ context, query, reply }, house) {
      const { organizationId, signal } = context
      await recordExport(house, context, query)
      const range = {
        ...(query.from === undefined ? {} : { from: query.from }),
        ...(query.to === undefined ? {} : { to: query.to }),
      }
      const { signer } = house
      const lines = exportAudit(house.store, organizationId, { signer, signal, ...range })
      // Before the first byte an error is still an answer of its own.
      const first = await lines.next()
      const name = `audit-${organizationId}.jsonl`
      await reply
        .header('content-type', 'application/x-ndjson; charset=utf-8')
        .header('content-disposition', `attachment; filename="${name}"`)
        .send(Readable.from(pieces(first, lines), { objectMode: false, highWaterMark: pieceChars }))
      return replied
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/audit/:seq',
    permission: 'audit.read',
    summary: 'One event with the proof that the signed log contains it',
    tag,
    params: z.object({ seq: z.coerce.number().int().min(0) }),
    query: z.object({
      /** Shows personal data; needs documents.unmask too, and is recorded first. */
      reveal: z.stringbool().default(false),
    }),
    response: auditEventProof,
    async handler({ context, params, query }, house) {
      if (query.reveal) await recordReveal(house, context, params.seq)
      const { organizationId } = context
      const view = await house.store.read(organizationId, (tx) =>
        readEvent(tx, params.seq, query.reveal ? house.sealer : undefined),
      )
      const { size, note } = await house.signer.checkpointNow(organizationId)
      const names = await eventNames(house, context, [view])
      return house.store.read(organizationId, async (tx) => {
        const { hashes } = await inclusionProof(tx, params.seq, size)
        return {
          ...shown(view, names),
          canonical: await canonicalOf(tx, params.seq),
          proof: { treeSize: size, hashes, checkpoint: note },
        }
      })
    },
  }),
]

function filterOf(query: z.output<typeof auditQuery>): AuditFilter {
  const { kind, actor, target, from, to, search } = query
  return {
    ...(kind ? { kind: kind as AuditKind } : {}),
    ...(actor ? { actor } : {}),
    ...(target ? { target } : {}),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
    ...(search ? { text: search } : {}),
  }
}

/** An event as the API shows it. */
function shown(event: AuditView, names: EventNames) {
  const { personal } = event
  const target = targetOf(event)
  return {
    seq: event.seq,
    at: event.at,
    kind: event.kind,
    actor: event.actor.id,
    actorName: names.actor(event.actor.id),
    target,
    targetName: names.targets.get(target) ?? null,
    outcome: event.outcome,
    details: event.details ?? {},
    ...(personal ? { personal: personalOf(personal) } : {}),
    leafHash: event.leafHash,
  }
}

function personalOf(personal: NonNullable<AuditView['personal']>) {
  if (personal.state !== 'shown') {
    return personal.state === 'erased' ? ('erased' as const) : ('hidden' as const)
  }
  const { data } = personal
  const plain = data !== null && typeof data === 'object' && !Array.isArray(data)
  return plain ? data : { value: data }
}

async function canonicalOf(tx: Tx, seq: number): Promise<string> {
  const row = await tx
    .selectFrom('audit_event')
    .select('canonical')
    .where('seq', '=', seq)
    .executeTakeFirstOrThrow()
  return row.canonical
}

/** Audit before effect: that the log leaves the server. */
async function recordExport(
  house: ApiHouse,
  { organizationId, principal, requestId }: RequestContext,
  { from, to }: { from?: number | undefined; to?: number | undefined },
): Promise<void> {
  await house.store.within(organizationId, (tx) =>
    house.appendAudit(tx, [
      {
        kind: 'audit.exported',
        actor: actorOf(principal),
        outcome: 'intended',
        requestId,
        details: { from: from ?? 0, to: to ?? null },
      },
    ]),
  )
}

/** Audit before effect: that personal data is about to be shown. Throws FORBIDDEN without the right to see it. */
async function recordReveal(house: ApiHouse, context: RequestContext, seq: number): Promise<void> {
  const { organizationId, principal, requestId } = context
  if (!principal.permissions.has('documents.unmask')) {
    throw await denyAudited(house, context, { permission: 'documents.unmask' })
  }
  await house.store.within(organizationId, async (tx) => {
    const { personal } = await readEvent(tx, seq)
    if (!personal) return
    await house.appendAudit(tx, [
      {
        kind: 'subject.revealed',
        actor: actorOf(principal),
        target: { kind: 'subject', id: personal.subject },
        outcome: 'intended',
        requestId,
        details: { event: seq },
      },
    ])
  })
}

/** Lines joined to larger pieces; the reader's pace sets that of the database. */
async function* pieces(
  first: IteratorResult<string>,
  rest: AsyncGenerator<string>,
): AsyncGenerator<Buffer> {
  let text = first.done ? '' : first.value
  try {
    for await (const line of rest) {
      text += line
      if (text.length < pieceChars) continue
      yield Buffer.from(text)
      text = ''
    }
    if (text) yield Buffer.from(text)
  } finally {
    await rest.return(undefined)
  }
}
