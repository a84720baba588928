import {
  allPermissions,
  holds,
  type Permission,
  PlinthError,
  type Principal,
  type Resource,
  type ResourceKind,
  type ResourceSpec,
} from '#kernel'

/** The permission that changes a kind. Roles have their own: who may write prompts may not write rights. */
export function writePermission(kind: ResourceKind): Permission {
  return kind === 'Role' ? 'roles.write' : 'resources.write'
}

interface Place {
  kind: ResourceKind
  project: string
}

function mayWrite(principal: Principal, { kind, project }: Place): boolean {
  // A role holds everywhere, whatever project it was filed under.
  return holds(principal, writePermission(kind), kind === 'Role' ? undefined : project)
}

/** Throws FORBIDDEN unless the principal may change this kind in this project. */
export function requireWrite(principal: Principal, at: Place): void {
  if (mayWrite(principal, at)) return
  throw new PlinthError('FORBIDDEN', {
    detail: `${principal.id} lacks ${writePermission(at.kind)} in project ${at.project}.`,
  })
}

/** The projects whose resources a principal may read; `all` for the whole organization. */
export function readableProjects(principal: Principal): 'all' | string[] {
  if (holds(principal, 'resources.read')) return 'all'
  const projects = []
  for (const [project, permissions] of principal.projectPermissions ?? []) {
    if (permissions.has('resources.read')) projects.push(project)
  }
  return projects
}

export function mayRead(principal: Principal, project: string): boolean {
  return holds(principal, 'resources.read', project)
}

/** Whether a principal may learn that something is there: who may neither read nor write it is told as of nothing. */
export function mayKnow(principal: Principal, at: Place): boolean {
  return mayRead(principal, at.project) || mayWrite(principal, at)
}

export const ownerRole = 'owner'

/**
 * What a schema cannot say about roles. Throws INVALID_INPUT where `owner` would grant less than everything, and
 * FORBIDDEN where a role would gain a permission that its writer does not hold.
 */
export function checkRole(
  resource: Resource,
  before: ResourceSpec<'Role'> | undefined,
  principal: Principal,
): void {
  if (resource.kind !== 'Role') return
  const { permissions } = resource.spec as ResourceSpec<'Role'>
  if (resource.name === ownerRole && !permissions.includes('*')) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'The role "owner" grants everything; it cannot grant less.',
      where: 'Role/owner spec.permissions',
      remedy: 'Keep "*" in it, and write another role with fewer permissions.',
    })
  }
  if (before?.permissions.includes('*')) return
  const gained = permissions.filter((p) => !before?.permissions.includes(p))
  const excess = gained.find((p) => !(p === '*' ? holdsAll(principal) : holds(principal, p)))
  if (excess === undefined) return
  throw new PlinthError('FORBIDDEN', {
    detail: `${principal.id} does not hold ${excess === '*' ? 'every permission' : excess}, so Role/${resource.name} cannot gain it from them.`,
    remedy: 'Ask an owner to make this change: nobody grants what they do not hold.',
  })
}

function holdsAll(principal: Principal): boolean {
  return allPermissions.every((permission) => principal.permissions.has(permission))
}
