import { PlinthError } from '#kernel'
import type { Tx } from '#store'
import { type Acting, beginAccessChange, record, requireHeld } from './acting.ts'
import {
  type Binding,
  keepOwner,
  requireCovers,
  requireNotAbove,
  rightsFrom,
  rolePermissions,
} from './rights.ts'

/**
 * Gives a role to `user:<id>` or `group:<name>`, in one project or (`*`, the default) the whole organization. Needs
 * `roles.write` and every permission of the role. Giving it again changes nothing.
 * @throws NOT_FOUND for an unknown subject, role or project.
 */
export async function bindRole(
  tx: Tx,
  { subject, role, project = '*' }: Omit<Binding, 'project'> & { project?: string },
  by: Acting,
): Promise<void> {
  requireHeld(by, 'roles.write')
  await beginAccessChange(tx)
  await requireSubject(tx, subject)
  if (project !== '*') await requireProject(tx, project)
  const granted = await grantRoles(tx, { subject, roles: [role], project }, by)
  if (granted.length > 0)
    await record(tx, by, roleEvent('role.granted', { subject, role, project }))
}

/** Takes a role away. Needs `roles.write`. Throws NOT_FOUND where it is not held, CONFLICT for the last owner. */
export async function unbindRole(
  tx: Tx,
  { subject, role, project = '*' }: Omit<Binding, 'project'> & { project?: string },
  by: Acting,
): Promise<void> {
  requireHeld(by, 'roles.write')
  await beginAccessChange(tx)
  const removed = await revoke(tx, { subject, role, project }, by)
  if (!removed) throw new PlinthError('NOT_FOUND', 'That role is not held there.')
  await record(tx, by, roleEvent('role.revoked', { subject, role, project }))
}

/** Makes these the roles bound directly to a user in the whole organization. Needs `roles.write`. */
export async function setUserRoles(
  tx: Tx,
  { userId, roles }: { userId: string; roles: readonly string[] },
  by: Acting,
): Promise<void> {
  requireHeld(by, 'roles.write')
  await beginAccessChange(tx)
  const subject = `user:${userId}`
  await requireSubject(tx, subject)
  const rows = await tx
    .selectFrom('role_binding')
    .select('role')
    .where('subject', '=', subject)
    .where('project', '=', '*')
    .execute()
  const before = rows.map((row) => row.role)
  const granted = await grantRoles(tx, { subject, roles, project: '*' }, by)
  const revoked = before.filter((role) => !roles.includes(role))
  for (const role of revoked) await revoke(tx, { subject, role, project: '*' }, by)
  const event = (kind: 'role.granted' | 'role.revoked') => (role: string) =>
    roleEvent(kind, { subject, role, project: '*' })
  const events = [...granted.map(event('role.granted')), ...revoked.map(event('role.revoked'))]
  if (events.length > 0) await record(tx, by, ...events)
}

/** Who holds what, by subject and role. Needs `people.read`. */
export async function listBindings(
  tx: Tx,
  filter: { subject?: string; role?: string },
  by: Pick<Acting, 'principal'>,
): Promise<Binding[]> {
  requireHeld(by, 'people.read')
  let query = tx
    .selectFrom('role_binding')
    .select(['subject', 'role', 'project'])
    .orderBy('subject')
    .orderBy('role')
    .orderBy('project')
    .limit(10_000)
  if (filter.subject) query = query.where('subject', '=', filter.subject.replaceAll('\0', ''))
  if (filter.role) query = query.where('role', '=', filter.role.replaceAll('\0', ''))
  return query.execute()
}

/** Inserts bindings after checking that they grant nothing beyond the giver's rights. The caller holds the lock and records. */
export async function grantRoles(
  tx: Tx,
  { subject, roles, project }: { subject: string; roles: readonly string[]; project: string },
  by: Acting,
): Promise<string[]> {
  const wanted = [...new Set(roles)].sort()
  if (wanted.length === 0) return []
  const known = await rolePermissions(tx, wanted)
  for (const role of wanted) {
    if (!known.has(role)) {
      throw new PlinthError('NOT_FOUND', `There is no Role "${role.slice(0, 100)}".`)
    }
    const rights = rightsFrom([{ subject, role, project }], known)
    requireCovers(by.principal, rights, `The role "${role}"`)
  }
  const rows = await tx
    .insertInto('role_binding')
    .values(wanted.map((role) => ({ subject, role, project })))
    .onConflict((conflict) =>
      conflict.columns(['organization_id', 'subject', 'role', 'project']).doNothing(),
    )
    .returning('role')
    .execute()
  return rows.map((row) => row.role)
}

async function revoke(tx: Tx, binding: Binding, by: Acting): Promise<boolean> {
  const { subject, role, project } = binding
  const rights = rightsFrom([binding], await rolePermissions(tx, [role]))
  requireNotAbove(by.principal, rights, `The role "${role}"`)
  const check = await keepOwner(tx)
  const removed = await tx
    .deleteFrom('role_binding')
    .where('subject', '=', subject)
    .where('role', '=', role)
    .where('project', '=', project)
    .returning('role')
    .execute()
  await check()
  return removed.length > 0
}

async function requireSubject(tx: Tx, subject: string): Promise<void> {
  const [, kind, name] = /^(user|group):([^\0]+)$/.exec(subject) ?? []
  const found =
    name === undefined
      ? undefined
      : kind === 'user'
        ? await tx.selectFrom('app_user').select('id').where('id', '=', name).executeTakeFirst()
        : await tx
            .selectFrom('user_group')
            .select('name')
            .where('name', '=', name)
            .executeTakeFirst()
  if (!found) throw new PlinthError('NOT_FOUND', 'There is no such user or group.')
}

async function requireProject(tx: Tx, name: string): Promise<void> {
  const found = name.includes('\0')
    ? undefined
    : await tx.selectFrom('project').select('name').where('name', '=', name).executeTakeFirst()
  if (!found) throw new PlinthError('NOT_FOUND', `There is no project "${name.slice(0, 100)}".`)
}

function roleEvent(kind: 'role.granted' | 'role.revoked', { subject, role, project }: Binding) {
  return { kind, target: { kind: 'Role', id: role }, details: { subject, project } }
}
