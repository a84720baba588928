import { allPermissions, holds, type Permission, PlinthError, type Principal } from '#kernel'
import { ownerRole, type Tx } from '#store'
import { permissionsOf } from './roles.ts'

/** What somebody may do: in the whole organization, and beyond that by project. */
export interface Rights {
  organization: Set<Permission>
  projects: Map<string, Set<Permission>>
}

export interface Binding {
  subject: string
  role: string
  /** `*`: the whole organization. */
  project: string
}

/** A user's groups. */
export async function groupsOf(tx: Tx, userId: string): Promise<string[]> {
  const rows = await tx
    .selectFrom('group_member')
    .select('group_name')
    .where('user_id', '=', userId)
    .orderBy('group_name')
    .execute()
  return rows.map((row) => row.group_name)
}

/** What these subjects (`user:<id>`, `group:<name>`) are granted together. */
export async function rightsOf(tx: Tx, subjects: readonly string[]): Promise<Rights> {
  if (subjects.length === 0) return { organization: new Set(), projects: new Map() }
  const bindings = await tx
    .selectFrom('role_binding')
    .select(['subject', 'role', 'project'])
    .where('subject', 'in', subjects)
    .execute()
  return rightsFrom(bindings, await rolePermissions(tx, [...new Set(bindings.map((b) => b.role))]))
}

/** The rights of a user, through groups too. */
export async function userRights(tx: Tx, userId: string): Promise<Rights> {
  const groups = await groupsOf(tx, userId)
  return rightsOf(tx, [`user:${userId}`, ...groups.map((name) => `group:${name}`)])
}

/** Permissions of current roles by name; a role that was deleted or never was grants nothing. */
export async function rolePermissions(
  tx: Tx,
  names: readonly string[],
): Promise<Map<string, Permission[]>> {
  const asked = names.filter((name) => !name.includes('\0'))
  if (asked.length === 0) return new Map()
  const rows = await tx
    .selectFrom('resource as r')
    .innerJoin('resource_version as v', (join) =>
      join
        .onRef('v.kind', '=', 'r.kind')
        .onRef('v.name', '=', 'r.name')
        .onRef('v.revision', '=', 'r.revision'),
    )
    .select(['r.name', 'v.spec'])
    .where('r.kind', '=', 'Role')
    .where('r.deleted_at', 'is', null)
    .where('r.name', 'in', asked)
    .execute()
  return new Map(rows.map((row) => [row.name, permissionsOf(row.spec)]))
}

export function rightsFrom(
  bindings: readonly Binding[],
  roles: ReadonlyMap<string, readonly Permission[]>,
): Rights {
  const rights: Rights = { organization: new Set(), projects: new Map() }
  for (const { role, project } of bindings) {
    let into = rights.organization
    if (project !== '*') {
      into = rights.projects.get(project) ?? new Set()
      rights.projects.set(project, into)
    }
    for (const permission of roles.get(role) ?? []) into.add(permission)
  }
  return rights
}

/**
 * Throws FORBIDDEN where rights go beyond the principal's own: nobody grants, or takes over, what they do not hold.
 * @param what for the error: `The role "security"`, `User usr_…`.
 */
export function requireCovers(principal: Principal, rights: Rights, what: string): void {
  const excess = firstExcess(principal, rights)
  if (excess === undefined) return
  throw new PlinthError('FORBIDDEN', {
    detail: `${what} may do more than ${principal.id}: ${excess}.`,
    remedy: 'Ask an owner: nobody grants or takes over rights that they do not hold.',
  })
}

function firstExcess(principal: Principal, rights: Rights): string | undefined {
  for (const permission of rights.organization) {
    if (!holds(principal, permission)) return permission
  }
  for (const [project, permissions] of rights.projects) {
    for (const permission of permissions) {
      if (!holds(principal, permission, project)) return `${permission} in project ${project}`
    }
  }
  return undefined
}

/**
 * Throws FORBIDDEN where somebody who may not do everything acts against one who may. Taking rights away needs no
 * more: in an incident nobody should have to find an owner first.
 */
export function requireNotAbove(principal: Principal, rights: Rights, what: string): void {
  if (allPermissions.every((p) => rights.organization.has(p))) {
    requireCovers(principal, rights, what)
  }
}

/**
 * Remembers whether the organization has an owner who can sign in; the returned check throws CONFLICT where a change
 * took the last one away. Call under the lock of `beginAccessChange`.
 */
export async function keepOwner(tx: Tx): Promise<() => Promise<void>> {
  const before = await countOwners(tx)
  return async () => {
    if (before === 0 || (await countOwners(tx)) > 0) return
    throw new PlinthError('CONFLICT', {
      detail: 'This would leave the organization without an owner.',
      remedy: 'Give the role "owner" to somebody else first.',
    })
  }
}

async function countOwners(tx: Tx): Promise<number> {
  const holders = await tx
    .selectFrom('role_binding')
    .select('subject')
    .where('role', '=', ownerRole)
    .where('project', '=', '*')
    .execute()
  const named = (kind: string) =>
    holders.filter((h) => h.subject.startsWith(kind)).map((h) => h.subject.slice(kind.length))
  const members = await tx
    .selectFrom('group_member')
    .select('user_id')
    .where('group_name', 'in', [...named('group:'), ''])
    .execute()
  const ids = new Set([...named('user:'), ...members.map((m) => m.user_id)])
  const users = await tx
    .selectFrom('app_user')
    .select('id')
    .where('id', 'in', [...ids, ''])
    .where('disabled_at', 'is', null)
    .limit(1)
    .execute()
  return users.length
}
