import { type Acting, actorOf, recordAct, requireHeld } from '#governance'
import { type ModelStage, newId, PlinthError, type ResourceSpec } from '#kernel'
import {
  type Applied,
  applyResources,
  getResource,
  inProduction,
  modelApprovers,
  type StoredResource,
  type Tx,
} from '#store'
import { modelUses } from './uses.ts'

/** A move of a Model between stages, asked for and perhaps decided. */
export interface Promotion {
  id: string
  model: string
  fromStage: string | null
  toStage: string
  revision: number
  digest: string
  note: string
  state: 'open' | 'approved' | 'rejected'
  askedBy: string
  askedAt: Date
  decidedBy: string | null
  decidedAt: Date | null
  decisionNote: string | null
}

/** What came of asking or deciding. `applied`: the Model moved. */
export interface Decided {
  promotion: Promotion
  applied: Applied | undefined
}

/**
 * Moves a Model to another stage; where the organization wants two people and production would use it, leaves a proposal
 * for the second one. @throws NOT_FOUND; CONFLICT where it stands there already, or would be retired from under a
 * Route; INVALID_INPUT where it says it was evaluated and names no evaluation.
 */
export async function askPromotion(
  tx: Tx,
  asked: { model: string; to: ModelStage; note: string; force: boolean },
  by: Acting,
): Promise<Decided> {
  requireHeld(by, 'models.write')
  const model = await modelOf(tx, asked.model, by)
  await checkMove(tx, model, asked)
  const from = model.spec.stage
  const second =
    inProduction(asked.to) && asked.to !== 'deprecated' && (await modelApprovers(tx)) === 2
  const open = await tx
    .selectFrom('model_promotion')
    .select('id')
    .where('model', '=', asked.model)
    .where('state', '=', 'open')
    .executeTakeFirst()
  if (open) {
    throw new PlinthError('CONFLICT', {
      detail: `Model ${asked.model} is proposed for a stage already: ${open.id}.`,
      remedy: `Decide that first: plinth models decide ${open.id} --approve or --reject`,
    })
  }
  const id = newId('prm')
  await tx
    .insertInto('model_promotion')
    .values({
      ...{ id, model: asked.model, from_stage: from ?? null, to_stage: asked.to },
      ...{ revision: model.revision, digest: model.digest, note: asked.note },
      state: second ? 'open' : 'approved',
      ...{ asked_by: by.principal.id, asked_user: by.principal.userId },
    })
    .execute()
  const details = { promotion: id, from: from ?? null, to: asked.to, digest: model.digest }
  const target = { kind: 'Model', id: asked.model }
  if (second) {
    await recordAct(tx, by, { kind: 'model.promotion-asked', target, details })
    return { promotion: await readPromotion(tx, id), applied: undefined }
  }
  await recordAct(tx, by, { kind: 'model.promoted', outcome: 'intended', target, details })
  const applied = await move(tx, model, { to: asked.to, by, note: asked.note })
  return { promotion: await readPromotion(tx, id), applied }
}

/**
 * Approves or refuses a proposal. Not by who asked, nor by who wrote the version; and only of the version that it was
 * asked for. @throws NOT_FOUND, FORBIDDEN, CONFLICT.
 */
export async function decidePromotion(
  tx: Tx,
  decision: { id: string; approve: boolean; note: string },
  by: Acting,
): Promise<Decided> {
  requireHeld(by, 'models.write')
  const promotion = await readPromotion(tx, decision.id)
  const model = await modelOf(tx, promotion.model, by)
  if (promotion.state !== 'open') {
    throw new PlinthError('CONFLICT', `${promotion.id} was ${promotion.state} already.`)
  }
  if (decision.approve) {
    await requireSecond(tx, { promotion, model }, by)
    requireSameVersion(promotion, model)
  }
  const decided = await tx
    .updateTable('model_promotion')
    .set({
      state: decision.approve ? 'approved' : 'rejected',
      decided_by: by.principal.id,
      decided_at: new Date(),
      decision_note: decision.note,
    })
    .where('id', '=', promotion.id)
    .where('state', '=', 'open')
    .executeTakeFirst()
  // Two who decide at once: one did, and the other must not be recorded as if.
  if (Number(decided.numUpdatedRows) === 0) {
    throw new PlinthError('CONFLICT', `${promotion.id} was decided by somebody else just now.`)
  }
  const { fromStage: from, toStage: to, digest } = promotion
  const target = { kind: 'Model', id: promotion.model }
  const details = { promotion: promotion.id, from, to, digest, askedBy: promotion.askedBy }
  let applied: Applied | undefined
  if (decision.approve) {
    await recordAct(tx, by, { kind: 'model.promoted', outcome: 'intended', target, details })
    applied = await move(tx, model, { to: to as ModelStage, by, note: decision.note })
  } else await recordAct(tx, by, { kind: 'model.promotion-rejected', target, details })
  return { promotion: await readPromotion(tx, promotion.id), applied }
}

/** Newest first. `before`: id of the last one shown. */
export async function listPromotions(
  tx: Tx,
  filter: { state?: Promotion['state'] | undefined; model?: string | undefined },
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<Promotion[]> {
  let query = tx.selectFrom('model_promotion').selectAll().orderBy('id', 'desc').limit(limit)
  if (filter.state) query = query.where('state', '=', filter.state)
  if (filter.model !== undefined) query = query.where('model', '=', filter.model)
  if (before !== undefined) query = query.where('id', '<', before)
  return (await query.execute()).map(toPromotion)
}

/** How many people it takes from now on. */
export async function setModelApprovers(tx: Tx, people: 1 | 2, by: Acting): Promise<number> {
  requireHeld(by, 'roles.write')
  await tx.updateTable('organization').set({ model_approvers: people }).execute()
  return recordAct(tx, by, { kind: 'model.approvers-set', details: { people } })
}

type Model = StoredResource & { spec: ResourceSpec<'Model'> }

async function modelOf(tx: Tx, name: string, by: Acting): Promise<Model> {
  return (await getResource(tx, { kind: 'Model', name }, by)) as Model
}

async function checkMove(
  tx: Tx,
  { name, spec }: Model,
  { to, force }: { to: ModelStage; force: boolean },
): Promise<void> {
  if (spec.stage === to) throw new PlinthError('CONFLICT', `Model ${name} is ${to} already.`)
  if (to === 'evaluated' && !spec.evaluations?.length) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `Model ${name} names no evaluation.`,
      where: `Model/${name} spec.evaluations`,
      remedy: 'Write down what was measured, under "evaluations", then promote it.',
    })
  }
  if (to !== 'retired' || force) return
  const { routes, assistants } = await modelUses(tx, name)
  const left = routes.filter(({ only }) => only)
  if (left.length === 0) return
  const who = assistants.length > 0 ? `, of the assistants ${assistants.join(', ')}` : ''
  throw new PlinthError('CONFLICT', {
    detail: `Model ${name} is the only one of the routes ${left.map((route) => route.name).join(', ')}${who}.`,
    remedy: 'Give these routes a successor first, or retire it with --force.',
  })
}

async function requireSecond(
  tx: Tx,
  { promotion, model }: { promotion: Promotion; model: Model },
  { principal }: Acting,
): Promise<void> {
  const users = await usersOf(tx, [promotion.askedBy, model.createdBy])
  const who = users.get(promotion.askedBy) === principal.userId ? 'asked for it' : undefined
  const wrote = users.get(model.createdBy) === principal.userId ? 'wrote this version' : undefined
  if (!who && !wrote) return
  throw new PlinthError('FORBIDDEN', {
    detail: `You ${who ?? wrote}: somebody else has to approve it.`,
    remedy: 'Ask a colleague who holds models.write.',
  })
}

/** Keys act for their user: two keys of one person are one person. */
async function usersOf(tx: Tx, ids: readonly string[]): Promise<Map<string, string>> {
  const keys = await tx
    .selectFrom('api_key')
    .select(['id', 'user_id'])
    .where('id', 'in', ids)
    .execute()
  const users = new Map(ids.map((id) => [id, id]))
  for (const { id, user_id } of keys) users.set(id, user_id)
  return users
}

function requireSameVersion(promotion: Promotion, model: Model): void {
  if (promotion.digest === model.digest) return
  throw new PlinthError('CONFLICT', {
    detail: `Model ${model.name} is at revision ${model.revision}; the proposal is of revision ${promotion.revision}.`,
    remedy: 'Reject it, and ask again for the version of now.',
  })
}

async function move(
  tx: Tx,
  { name, project, spec }: Model,
  { to, by, note }: { to: ModelStage; by: Acting; note: string },
): Promise<Applied> {
  const outcome = await applyResources(
    tx,
    [{ kind: 'Model', name, project, spec: { ...spec, stage: to } }],
    {
      ...by,
      approved: true,
      message: note || `Stage ${to}, by ${actorOf(by.principal).id}`,
    },
  )
  return outcome.results[0] as Applied
}

async function readPromotion(tx: Tx, id: string): Promise<Promotion> {
  const row = await tx
    .selectFrom('model_promotion')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirst()
  if (!row) throw new PlinthError('NOT_FOUND', `There is no promotion ${id}.`)
  return toPromotion(row)
}

function toPromotion(row: {
  id: string
  model: string
  from_stage: string | null
  to_stage: string
  revision: number
  digest: string
  note: string
  state: Promotion['state']
  asked_by: string
  asked_at: Date
  decided_by: string | null
  decided_at: Date | null
  decision_note: string | null
}): Promotion {
  return {
    ...{ id: row.id, model: row.model, fromStage: row.from_stage, toStage: row.to_stage },
    ...{ revision: row.revision, digest: row.digest, note: row.note, state: row.state },
    ...{ askedBy: row.asked_by, askedAt: row.asked_at, decidedBy: row.decided_by },
    ...{ decidedAt: row.decided_at, decisionNote: row.decision_note },
  }
}
