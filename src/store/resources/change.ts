import { PlinthError } from '#kernel'
import type { Tx } from '../store.ts'
import { type Applied, applyResources, requireRevision } from './apply.ts'
import { type By, eventBy } from './by.ts'
import {
  findResource,
  getResource,
  type ResourceKey,
  type VersionChoice,
  versionName,
} from './read.ts'
import { referringKinds } from './references.ts'
import { mayKnow, ownerRole, requireWrite } from './rights.ts'
import { bumpEpochs, currentRows, lockResources, notFound } from './rows.ts'
import { refuseMissing, refuseOrphans, World } from './world.ts'

/** Letters first, so that a label is never taken for a revision or a digest. */
const labelPattern = /^[a-z][a-z0-9._-]{0,62}$/

/**
 * Points a label at a version; a label that stands elsewhere moves. Returns the revision it stood at before.
 * @throws INVALID_INPUT for a word that cannot be a label; NOT_FOUND for an unknown version; CONFLICT where
 * something refers to the label and what it would then name refers to something that does not exist.
 */
export async function setLabel(
  tx: Tx,
  at: ResourceKey & { label: string; to: VersionChoice },
  by: By,
): Promise<{ revision: number; before: number | null; auditSeq: number | null }> {
  const { kind, name, label } = at
  if (!labelPattern.test(label) || label === 'latest') {
    throw new PlinthError('INVALID_INPUT', {
      detail: `"${label}" cannot be a label.`,
      remedy:
        'Use a lower-case letter, then letters, digits, ".", "_", "-"; "latest" is always the current version.',
    })
  }
  await lockResources(tx)
  await requireLive(tx, { kind, name }, by)
  const version = await findResource(tx, { kind, name }, at.to)
  if (!version) throw notFound(kind, versionName(name, at.to))
  const before = await labelRevision(tx, at)
  if (before === version.revision) return { revision: before, before, auditSeq: null }
  const world = await World.load(tx, referringKinds)
  world.setLabel(at, version)
  await world.loadPinned(tx)
  refuseMissing(world)
  await bumpEpochs(tx, { access: false })
  await tx
    .insertInto('resource_label')
    .values({ kind, name, label, revision: version.revision })
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'kind', 'name', 'label']).doUpdateSet((eb) => ({
        revision: eb.ref('excluded.revision'),
        updated_at: eb.fn<Date>('now'),
      })),
    )
    .execute()
  const { revision, digest } = version
  const details = { label, revision, digest, ...(before !== null && { before }) }
  const target = { kind, id: name }
  const { first } = await by.appendAudit(tx, [
    eventBy(by, { kind: 'resource.labelled', target, details }),
  ])
  return { revision, before, auditSeq: first }
}

/** Takes a label away. Throws NOT_FOUND where it is not set, CONFLICT where something refers to it. */
export async function removeLabel(
  tx: Tx,
  at: ResourceKey & { label: string },
  by: By,
): Promise<{ auditSeq: number }> {
  const { kind, name, label } = at
  await lockResources(tx)
  await requireLive(tx, { kind, name }, by)
  const before = await labelRevision(tx, at)
  if (before === null) throw notFound(kind, `${name}@${label}`)
  const world = await World.load(tx, referringKinds)
  world.setLabel(at)
  await world.loadPinned(tx)
  refuseOrphans(world, `${kind}/${name}@${label}`)
  await bumpEpochs(tx, { access: false })
  await tx
    .deleteFrom('resource_label')
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('label', '=', label)
    .execute()
  const event = eventBy(by, {
    kind: 'resource.labelled',
    target: { kind, id: name },
    details: { label, removed: true, before },
  })
  return { auditSeq: (await by.appendAudit(tx, [event])).first }
}

/**
 * Makes the content of an earlier version current again, as a new revision: history only grows. Also brings a
 * deleted resource back. Unchanged where the content is current already.
 * @throws NOT_FOUND for an unknown version; INVALID_INPUT where its content is no longer valid.
 */
export async function rollbackResource(
  tx: Tx,
  at: ResourceKey & { to: VersionChoice; expectedRevision?: number; message?: string },
  by: By,
): Promise<Applied & { auditSeq: number | null }> {
  const { kind, name } = at
  await lockResources(tx)
  const version = await getResource(tx, { kind, name, ...at.to }, by)
  const origin = {
    file: `${kind}/${name}@${version.revision}`,
    locate: () => ({ line: 1, column: 1 }),
  }
  const { project, spec } = version
  const applied = await applyResources(tx, [{ kind, name, project, spec, origin }], {
    principal: by.principal,
    message: at.message ?? `Roll back to revision ${version.revision}`,
    ...(at.expectedRevision !== undefined && {
      expectedRevisions: { [`${kind}/${name}`]: at.expectedRevision },
    }),
    appendAudit: (inner, events) =>
      by.appendAudit(
        inner,
        events.map((event) => ({
          ...event,
          kind: 'resource.rolled-back' as const,
          details: { ...event.details, to: version.revision },
          ...(by.requestId && { requestId: by.requestId }),
        })),
      ),
  })
  const [result] = applied.results
  return { ...(result as Applied), auditSeq: applied.auditSeq }
}

/**
 * Deletes a resource: it is no longer current and its labels go, its versions stay readable by digest and revision.
 * @throws NOT_FOUND; CONFLICT naming what still refers to it, or where it is not at the expected revision.
 */
export async function deleteResource(
  tx: Tx,
  at: ResourceKey & { expectedRevision?: number },
  by: By,
): Promise<{ revision: number; auditSeq: number }> {
  const { kind, name } = at
  await lockResources(tx)
  const row = await requireLive(tx, { kind, name }, by)
  if (at.expectedRevision !== undefined) {
    requireRevision(row, { key: `${kind}/${name}`, expected: at.expectedRevision })
  }
  if (kind === 'Role') await refuseRoleInUse(tx, name)
  await refuseDocuments(tx, { kind, name })
  const world = await World.load(tx, referringKinds)
  world.remove(kind, name)
  refuseOrphans(world, `${kind}/${name}`)
  await bumpEpochs(tx, { access: kind === 'Role' })
  await tx.deleteFrom('resource_label').where('kind', '=', kind).where('name', '=', name).execute()
  await tx
    .updateTable('resource')
    .set((eb) => ({ deleted_at: eb.fn<Date>('now'), updated_at: eb.fn<Date>('now') }))
    .where('kind', '=', kind)
    .where('name', '=', name)
    .execute()
  const { revision, digest, project } = row
  const event = eventBy(by, {
    kind: 'resource.deleted',
    target: { kind, id: name },
    details: { revision, digest, project },
  })
  return { revision, auditSeq: (await by.appendAudit(tx, [event])).first }
}

/**
 * The current row, with the right to change it. Throws FORBIDDEN where it may only be read, and NOT_FOUND for what is not
 * there or may not even be read: its name tells nothing.
 */
async function requireLive(tx: Tx, { kind, name }: ResourceKey, { principal }: By) {
  const row = (await currentRows(tx, [{ kind, name }])).get(`${kind}/${name}`)
  if (!row || row.deleted) throw notFound(kind, name)
  const { project } = row
  if (!mayKnow(principal, { kind, project })) throw notFound(kind, name)
  requireWrite(principal, { kind, project })
  return row
}

async function labelRevision(
  tx: Tx,
  { kind, name, label }: ResourceKey & { label: string },
): Promise<number | null> {
  const row = await tx
    .selectFrom('resource_label')
    .select('revision')
    .where('kind', '=', kind)
    .where('name', '=', name)
    .where('label', '=', label)
    .executeTakeFirst()
  return row?.revision ?? null
}

/** Documents name the base and the source that they belong to. Throws CONFLICT while there are any. */
async function refuseDocuments(tx: Tx, { kind, name }: ResourceKey): Promise<void> {
  const column = { KnowledgeBase: 'knowledge_base', Source: 'source' } as const
  if (kind !== 'KnowledgeBase' && kind !== 'Source') return
  const row = await tx
    .selectFrom('document')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where(column[kind], '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow()
  const count = Number(row.n)
  if (count === 0) return
  throw new PlinthError('CONFLICT', {
    detail: `${kind}/${name} still holds ${count} ${count === 1 ? 'document' : 'documents'}.`,
    remedy: 'Remove its documents first.',
  })
}

async function refuseRoleInUse(tx: Tx, name: string): Promise<void> {
  if (name === ownerRole) {
    throw new PlinthError('CONFLICT', {
      detail: 'The role "owner" cannot be deleted.',
      remedy: 'Leave it; an organization always has an owner.',
    })
  }
  const holders = await tx
    .selectFrom('role_binding')
    .select(['subject'])
    .where('role', '=', name)
    .orderBy('subject')
    .limit(21)
    .execute()
  if (holders.length === 0) return
  const list = holders.map(({ subject }) => subject).slice(0, 20)
  throw new PlinthError('CONFLICT', {
    detail: `Role/${name} is held by ${list.join(', ')}${holders.length > 20 ? ', …' : ''}.`,
    remedy: 'Take the role away from them first.',
  })
}
