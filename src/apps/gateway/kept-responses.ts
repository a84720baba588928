import { sql } from 'kysely'
import { type AuditEventInput, actorOf, systemActor } from '#governance'
import { limits, PlinthError, type Principal } from '#kernel'
import type { JsonObject } from '#ports'
import type { Store, Tx } from '#store'
import type { GatewayHouse } from './house.ts'

/** Whose an answer is: nobody else can read, continue or delete it. */
export interface Owner {
  organizationId: string
  principal: Principal
}

/** An answer as its caller may continue it. */
export interface KeptResponse {
  id: string
  previousId: string | undefined
  /** What was asked beyond the answer before it. */
  input: readonly JsonObject[]
  response: JsonObject
}

const dayMs = 86_400_000

/** Keeps an answer until its days are over, and those that it continues as long. @throws TOO_LARGE */
export async function keepResponse(
  house: GatewayHouse,
  { organizationId, principal }: Owner,
  kept: KeptResponse,
): Promise<void> {
  const input = JSON.stringify(kept.input)
  const response = JSON.stringify(kept.response)
  const bytes = Buffer.byteLength(input) + Buffer.byteLength(response)
  requireKeepable(bytes)
  const now = house.clock.now()
  const expires = new Date(now.getTime() + house.responsesKeptDays * dayMs)
  const row = {
    principal_id: principal.id,
    id: kept.id,
    previous_id: kept.previousId ?? null,
    item_ids: itemIds(kept.response),
    input,
    response,
    bytes,
    created_at: now,
    expires_at: expires,
  }
  await house.store.within(organizationId, async (tx) => {
    await tx
      .insertInto('stored_response')
      .values(row)
      .onConflict((on) =>
        on.columns(['organization_id', 'principal_id', 'id']).doUpdateSet({ ...row }),
      )
      .execute()
    if (!kept.previousId) return
    const chain = await chainOf(tx, { organizationId, principal }, kept.previousId)
    const ids = chain.map(({ id }) => id)
    if (ids.length === 0) return
    await tx
      .updateTable('stored_response')
      .set({ expires_at: expires })
      .where('principal_id', '=', principal.id)
      .where('id', 'in', ids)
      .execute()
  })
}

/** @throws TOO_LARGE for more than is kept of one request and its answer. */
export function requireKeepable(bytes: number): void {
  if (bytes <= limits.keptResponseBytes) return
  throw new PlinthError('TOO_LARGE', {
    detail: `Request and answer have ${bytes} bytes; ${limits.keptResponseBytes} are kept (keptResponseBytes).`,
    where: 'body',
    remedy: 'Send "store": false, and the conversation with each request.',
  })
}

function itemIds({ output }: JsonObject): string[] {
  const items = Array.isArray(output) ? output : []
  return items.flatMap(({ id }: JsonObject) => (typeof id === 'string' ? [id] : []))
}

/** An answer that is kept for its owner; undefined where there is none. */
export async function keptResponse(
  house: GatewayHouse,
  { organizationId, principal }: Owner,
  id: string,
): Promise<KeptResponse | undefined> {
  const row = await house.store.read(organizationId, (tx) =>
    tx
      .selectFrom('stored_response')
      .select(['id', 'previous_id', 'input', 'response'])
      .where('principal_id', '=', principal.id)
      .where('id', '=', id)
      .where('expires_at', '>', house.clock.now())
      .executeTakeFirst(),
  )
  return row && keptOf(row)
}

interface Row {
  id: string
  previous_id: string | null
  input: string
  response: string
}

function keptOf({ id, previous_id, input, response }: Row): KeptResponse {
  const previousId = previous_id ?? undefined
  return { id, previousId, input: JSON.parse(input), response: JSON.parse(response) }
}

/** Deletes it, with an audit event. False: there is none. */
export async function deleteResponse(
  house: GatewayHouse,
  { organizationId, principal, requestId }: Owner & { requestId: string },
  id: string,
): Promise<boolean> {
  return house.store.within(organizationId, async (tx) => {
    const gone = await tx
      .deleteFrom('stored_response')
      .where('principal_id', '=', principal.id)
      .where('id', '=', id)
      .where('expires_at', '>', house.clock.now())
      .executeTakeFirst()
    if (Number(gone.numDeletedRows) === 0) return false
    const target = { kind: 'response', id }
    const event = { kind: 'response.deleted' as const, actor: actorOf(principal), target }
    await house.appendAudit(tx, [{ ...event, requestId }])
    return true
  })
}

interface Link {
  id: string
  previous_id: string | null
  bytes: number
}

/** An answer and those that it continues, the newest first, without their content. */
async function chainOf(tx: Tx, { organizationId, principal }: Owner, id: string): Promise<Link[]> {
  const { rows } = await sql<Link>`
    with recursive chain as (
      select id, previous_id, bytes, 1 as depth from stored_response
      where organization_id = ${organizationId} and principal_id = ${principal.id} and id = ${id}
      union all
      select r.id, r.previous_id, r.bytes, chain.depth + 1
      from stored_response r join chain on r.id = chain.previous_id
      where r.organization_id = ${organizationId} and r.principal_id = ${principal.id}
        and chain.depth <= ${limits.responseChain}
    )
    select id, previous_id, bytes from chain order by depth`.execute(tx)
  return rows
}

/**
 * An answer after those that it continues, oldest first; undefined where it, or one of them, is not kept.
 * @throws TOO_LARGE
 */
export async function conversationOf(
  house: GatewayHouse,
  owner: Owner,
  id: string,
): Promise<KeptResponse[] | undefined> {
  return house.store.read(owner.organizationId, async (tx) => {
    const chain = await chainOf(tx, owner, id)
    requireWhole(chain)
    if (chain.length === 0 || chain.at(-1)?.previous_id) return undefined
    const ids = chain.map((link) => link.id)
    const rows = await tx
      .selectFrom('stored_response')
      .select(['id', 'previous_id', 'input', 'response'])
      .where('principal_id', '=', owner.principal.id)
      .where('id', 'in', ids)
      .where('expires_at', '>', house.clock.now())
      .execute()
    if (rows.length !== chain.length) return undefined
    const found = new Map(rows.map((row) => [row.id, keptOf(row)]))
    return ids.reverse().map((one) => found.get(one)!)
  })
}

/** What was said in it, as it may be said again. */
export function saidIn({ input, response }: KeptResponse): JsonObject[] {
  return [...input, ...outputOf(response)]
}

function requireWhole(chain: readonly Link[]): void {
  const bytes = chain.reduce((sum, link) => sum + link.bytes, 0)
  if (chain.length <= limits.responseChain && bytes <= limits.modelBodyBytes) return
  throw new PlinthError('TOO_LARGE', {
    detail: `The conversation has ${chain.length} answers and ${bytes} bytes; the limits are ${limits.responseChain} (responseChain) and ${limits.modelBodyBytes} (modelBodyBytes).`,
    where: 'body/previous_response_id',
    remedy: 'Begin a new one, with what still matters of it in "input".',
  })
}

/** Items of an answer as they may be said again: thoughts that only their endpoint could look up are left out. */
function outputOf({ output }: JsonObject): JsonObject[] {
  const items = Array.isArray(output) ? (output as JsonObject[]) : []
  return items.filter(sayable)
}

function sayable({ type, encrypted_content: encrypted, content }: JsonObject): boolean {
  return type !== 'reasoning' || typeof encrypted === 'string' || Array.isArray(content)
}

/**
 * Items of kept answers by their ids, with these answers; null for items that can be left out. Ids that nobody knows are
 * not in it.
 */
export async function itemsNamed(
  house: GatewayHouse,
  { organizationId, principal }: Owner,
  ids: readonly string[],
): Promise<{ items: Map<string, JsonObject | null>; of: JsonObject[] }> {
  const rows = await house.store.read(organizationId, (tx) =>
    tx
      .selectFrom('stored_response')
      .select(['response'])
      .where('principal_id', '=', principal.id)
      .where('expires_at', '>', house.clock.now())
      .where(sql<boolean>`item_ids && ${[...ids]}::text[]`)
      .limit(limits.responseChain)
      .execute(),
  )
  const items = new Map<string, JsonObject | null>()
  const of = rows.map(({ response }) => JSON.parse(response) as JsonObject)
  for (const { output } of of) {
    for (const item of output as JsonObject[]) {
      if (typeof item.id === 'string') items.set(item.id, sayable(item) ? item : null)
    }
  }
  return { items, of }
}

const stepRows = 1_000
const maxSteps = 1_000

/** Deletes answers whose days are over. The first ones of an organization leave an audit event. */
export async function purgeResponses(
  deps: { store: Store; appendAudit(tx: Tx, events: readonly AuditEventInput[]): Promise<unknown> },
  now: Date,
): Promise<number> {
  const organizations = await deps.store.system((tx) =>
    tx.selectFrom('organization').select('organization_id').execute(),
  )
  let gone = 0
  for (const { organization_id } of organizations) {
    for (let step = 0; step < maxSteps; step++) {
      const deleted = await deps.store.within(organization_id, async (tx) => {
        const old = await tx
          .selectFrom('stored_response')
          .select(['principal_id', 'id'])
          .where('expires_at', '<=', now)
          .limit(stepRows)
          .execute()
        if (old.length === 0) return 0
        if (step === 0) await deps.appendAudit(tx, [expiredEvent(now)])
        for (const { principal_id, id } of old) await deleteOne(tx, principal_id, id)
        return old.length
      })
      gone += deleted
      if (deleted < stepRows) break
    }
  }
  return gone
}

async function deleteOne(tx: Tx, principalId: string, id: string): Promise<void> {
  await tx
    .deleteFrom('stored_response')
    .where('principal_id', '=', principalId)
    .where('id', '=', id)
    .execute()
}

function expiredEvent(now: Date): AuditEventInput {
  const details = { before: now.toISOString() }
  return { kind: 'responses.expired', actor: systemActor, outcome: 'intended', details }
}
