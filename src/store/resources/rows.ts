import {
  PlinthError,
  type Resource,
  type ResourceKind,
  type ResourceVersion,
  resourceName,
} from '#kernel'
import { moveEpoch } from '../epochs.ts'
import type { Tx } from '../store.ts'

/**
 * Locks an organization's resources against other writers until the transaction ends, and returns their epoch.
 * One lock for all: references, uniqueness and revisions are checked on a state that nobody else changes.
 * Locks are always taken in this order: resource_epoch, access_epoch, audit_tree.
 */
export async function lockResources(tx: Tx): Promise<number> {
  await tx
    .insertInto('resource_epoch')
    .values({ epoch: 0 })
    .onConflict((conflict) => conflict.columns(['organization_id']).doNothing())
    .execute()
  const row = await tx
    .selectFrom('resource_epoch')
    .select('epoch')
    .forUpdate()
    .executeTakeFirstOrThrow()
  return row.epoch
}

/** Makes every compiled snapshot of the organization out of date; with `access`, every cached principal too. */
export async function bumpEpochs(tx: Tx, what: { access: boolean }): Promise<void> {
  moveEpoch(tx)
  await tx
    .updateTable('resource_epoch')
    .set((eb) => ({ epoch: eb('epoch', '+', 1) }))
    .execute()
  if (what.access) await bumpAccessEpoch(tx)
}

/**
 * Makes every cached principal of the organization out of date, and holds other changes of access back until the
 * transaction ends.
 */
export async function bumpAccessEpoch(tx: Tx): Promise<void> {
  moveEpoch(tx)
  await tx
    .insertInto('access_epoch')
    .values({ epoch: 1 })
    .onConflict((conflict) =>
      conflict
        .columns(['organization_id'])
        .doUpdateSet((eb) => ({ epoch: eb('access_epoch.epoch', '+', 1) })),
    )
    .execute()
}

/**
 * Holds other changes of access, and other makers of permission sets, back until the transaction ends; principals in
 * memory stay valid.
 */
export async function lockAccess(tx: Tx): Promise<void> {
  await tx
    .insertInto('access_epoch')
    .values({ epoch: 0 })
    .onConflict((conflict) => conflict.columns(['organization_id']).doNothing())
    .execute()
  await tx.selectFrom('access_epoch').select('epoch').forUpdate().execute()
}

/** A resource's row with its current version; also of a deleted one. */
export interface CurrentRow {
  kind: string
  name: string
  project: string
  revision: number
  digest: string
  spec: Record<string, unknown>
  deleted: boolean
}

/** Rows of these resources. Asks by name and drops other kinds, so that one list of parameters is enough. */
export async function currentRows(
  tx: Tx,
  wanted: readonly { kind: string; name: string }[],
): Promise<Map<string, CurrentRow>> {
  const named = wanted.filter(({ name }) => isName(name))
  const keys = new Set(named.map(({ kind, name }) => `${kind}/${name}`))
  const rows = await tx
    .selectFrom('resource as r')
    .innerJoin('resource_version as v', (join) =>
      join
        .onRef('v.kind', '=', 'r.kind')
        .onRef('v.name', '=', 'r.name')
        .onRef('v.revision', '=', 'r.revision'),
    )
    .select(['r.kind', 'r.name', 'r.project', 'r.revision', 'r.digest', 'v.spec', 'r.deleted_at'])
    .where('r.name', 'in', [...new Set(named.map(({ name }) => name)), ''])
    .execute()
  const found = new Map<string, CurrentRow>()
  for (const { deleted_at, ...row } of rows) {
    const key = `${row.kind}/${row.name}`
    if (keys.has(key)) found.set(key, { ...row, deleted: deleted_at !== null })
  }
  return found
}

/** Whether a resource could have this name; routes hand in whatever stands in a URL. */
export function isName(name: string): boolean {
  return resourceName.safeParse(name).success
}

/** The same answer for what is absent, deleted, of another organization, or not to be seen. */
export function notFound(kind: string, name: string): PlinthError {
  return new PlinthError('NOT_FOUND', `There is no ${kind} "${name}".`)
}

/** A row of resource_version as the rest of the code sees it. */
export function versionOf(
  row: {
    kind: string
    name: string
    project: string
    spec: Record<string, unknown>
    revision: number
    digest: string
    message: string
    created_by: string
    created_at: Date
  },
  labels: string[],
): ResourceVersion {
  return {
    kind: row.kind as ResourceKind,
    name: row.name,
    project: row.project,
    spec: row.spec as Resource['spec'],
    revision: row.revision,
    digest: row.digest,
    message: row.message,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    labels,
  }
}
