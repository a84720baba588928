import { limits, newId, PlinthError, resourceName } from '#kernel'
import { applyResources, type ResourceInput, type Store, type Tx } from '#store'
import { type Acting, record, requireHeld } from './acting.ts'
import { builtInResources } from './roles.ts'

export interface Project {
  name: string
  description: string
  createdAt: string
}

/**
 * The organization of a name, made with its built-in roles, model and project where there is none; one that exists
 * gains the built-in resources that it never had. Safe when several servers start at once.
 */
export async function ensureOrganization(
  store: Store,
  name: string,
  by: Acting,
): Promise<{ organizationId: string; created: boolean }> {
  if (name.trim() === '' || name.length > limits.nameChars) {
    throw new PlinthError('INVALID_INPUT', `"${name}" cannot name an organization.`)
  }
  const known = await findOrganization(store, name)
  if (known) {
    await store.within(known, (tx) => ensureBuiltIns(tx, by))
    return { organizationId: known, created: false }
  }
  const organizationId = newId('org')
  const created = await store.within(organizationId, async (tx) => {
    const made = await tx
      .insertInto('organization')
      .values({ name })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('organization_id')
      .execute()
    if (made.length === 0) return false
    await ensureBuiltIns(tx, by)
    const target = { kind: 'organization', id: organizationId }
    await record(tx, by, { kind: 'organization.created', target })
    return true
  })
  if (created) return { organizationId, created }
  const winner = await findOrganization(store, name)
  if (!winner) throw new PlinthError('UNAVAILABLE', `Organization "${name}" is being created.`)
  return { organizationId: winner, created: false }
}

async function findOrganization(store: Store, name: string): Promise<string | undefined> {
  const row = await store.system((tx) =>
    tx
      .selectFrom('organization')
      .select('organization_id')
      .where('name', '=', name)
      .executeTakeFirst(),
  )
  return row?.organization_id
}

/** Adds what is built in and was never there; what somebody changed or deleted stays as they left it. */
export async function ensureBuiltIns(tx: Tx, by: Acting): Promise<void> {
  const wanted = builtInResources()
  const rows = await tx
    .selectFrom('resource')
    .select(['kind', 'name'])
    .where('kind', 'in', ['Role', 'Provider', 'Model'])
    .execute()
  const had = new Set(rows.map((row) => `${row.kind}/${row.name}`))
  const missing = wanted.filter(({ kind, name }) => !had.has(`${kind}/${name}`))
  if (missing.length > 0) await applyBuiltIns(tx, missing, by)
  await tx
    .insertInto('project')
    .values({ name: 'default', description: 'Where resources belong that name no project' })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .execute()
}

function applyBuiltIns(tx: Tx, missing: readonly ResourceInput[], by: Acting) {
  return applyResources(tx, missing, {
    principal: by.principal,
    appendAudit: by.appendAudit,
    message: 'Built in',
    ...(by.requestId && { requestId: by.requestId }),
  })
}

/** Makes a project. Throws CONFLICT where there is one of that name. */
export async function createProject(
  tx: Tx,
  { name, description = '' }: { name: string; description?: string },
  by: Acting,
): Promise<Project> {
  requireHeld(by, 'resources.write')
  if (!resourceName.safeParse(name).success || description.length > 2_000) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `"${name.slice(0, 70)}" cannot name a project, or its description is over 2,000 characters.`,
      remedy: 'Use lower-case letters, digits, "-" and ".", at most 63 characters.',
    })
  }
  const made = await tx
    .insertInto('project')
    .values({ name, description })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .returning('created_at')
    .executeTakeFirst()
  if (!made) {
    throw new PlinthError('CONFLICT', {
      detail: `There is a project "${name}" already.`,
      remedy: 'Use it, or choose another name.',
    })
  }
  await record(tx, by, { kind: 'project.created', target: { kind: 'project', id: name } })
  return { name, description, createdAt: made.created_at.toISOString() }
}

/** The projects of the organization, by name. */
export async function listProjects(tx: Tx): Promise<Project[]> {
  const rows = await tx
    .selectFrom('project')
    .select(['name', 'description', 'created_at'])
    .orderBy('name')
    .limit(limits.pageSizeMax)
    .execute()
  return rows.map(({ name, description, created_at }) => ({
    name,
    description,
    createdAt: created_at.toISOString(),
  }))
}
