import { allPermissions, type Permission } from './permissions.ts'

/** Who acts. An API key acts for a user: its rights are the intersection of the key's scopes and the user's rights. */
export interface Principal {
  kind: 'user' | 'service' | 'system'
  /** `usr_…` or `key_…`; `system` for the server itself. */
  id: string
  /** The user a key acts for; equal to `id` for a signed-in user. */
  userId: string
  name: string
  /** Reader tokens this principal holds: `everyone`, `user:<id>`, `group:<name>`. Sorted. */
  readerTokens: readonly string[]
  /** What this principal may do in the whole organization. */
  permissions: ReadonlySet<Permission>
  /** What it may do beyond that, by project. */
  projectPermissions?: ReadonlyMap<string, ReadonlySet<Permission>>
  /** An API key's scopes, where they do not cover everything its user may do. */
  scopes?: ReadonlySet<Permission>
}

/** The server's own work: it may do everything and reads no document. */
export const systemPrincipal: Principal = Object.freeze({
  kind: 'system',
  id: 'system',
  userId: 'system',
  name: 'Plinth',
  readerTokens: Object.freeze([]),
  permissions: new Set(allPermissions),
})

/**
 * Whether a principal holds a permission in a project, or in the whole organization where no project is named.
 * A permission held in one project says nothing about the organization.
 */
export function holds(principal: Principal, permission: Permission, project?: string): boolean {
  if (principal.permissions.has(permission)) return true
  if (project === undefined) return false
  return principal.projectPermissions?.get(project)?.has(permission) === true
}

/** What a caller says of a request beside its content. Each only narrows where models may process it. */
export interface RequestLabels {
  useCase?: string
  conversation?: string
  /** Classes of the data in it: a model that is not cleared for each never gets it. */
  dataClasses?: readonly string[]
  /** Regions that it must not leave. */
  regions?: readonly string[]
  /** Language tag. */
  language?: string
}

/** What every use case receives beside its input. */
export interface RequestContext {
  organizationId: string
  principal: Principal
  requestId: string
  signal: AbortSignal
  labels?: RequestLabels
}
