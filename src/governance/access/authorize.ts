import { sql } from 'kysely'
import {
  holds,
  type Permission,
  PlinthError,
  type Principal,
  type RequestContext,
  type ResourceKind,
} from '#kernel'
import type { Store } from '#store'
import { type AuditEventInput, actorOf } from '../audit/events.ts'
import { PermissionSets } from './permission-sets.ts'

export interface Action {
  permission: Permission
  /** What it is done to, where that belongs to a project. Without one the permission must hold in the organization. */
  resource?: { kind: ResourceKind; name: string; project: string }
}

/** What an allowed action may see. It goes into every query, so that nothing forbidden is ever found. */
export interface Constraint {
  /** Permission sets of documents that may be read, ascending. Empty: no document. */
  permissionSetIds: readonly number[]
}

/** `no-role`: no role grants it. `other-project`: granted in other projects only. `key-scope`: the key leaves it out. */
export type DenialRule = 'no-role' | 'other-project' | 'key-scope'

export interface Denied {
  allowed: false
  denied: true
  rule: DenialRule
  permission: Permission
  /** One sentence for the one who was denied. */
  detail: string
}

export interface Allowed {
  allowed: true
  denied: false
  constraint: Constraint
}

export type Decision = Allowed | Denied

/** Permissions under which passages, quotes or documents are read. Other actions get a constraint that reads nothing. */
const readsDocuments: ReadonlySet<Permission> = new Set([
  'answers.ask',
  'conversations.read',
  'conversations.write',
  'documents.read',
  'documents.write',
  'documents.unmask',
])

/** Decides whether a principal may do something, from what it holds. Undefined: yes. */
export function denialOf(principal: Principal, action: Action): Denied | undefined {
  const { permission, resource } = action
  if (holds(principal, permission, resource?.project)) return undefined
  const rule = ruleOf(principal, permission)
  const details: Record<DenialRule, string> = {
    'no-role': `No role of ${principal.userId} grants ${permission}.`,
    'other-project': `The roles of ${principal.userId} grant ${permission} in other projects only.`,
    'key-scope': `The scopes of ${principal.id} leave out ${permission}.`,
  }
  return { allowed: false, denied: true, rule, permission, detail: details[rule] }
}

function ruleOf(principal: Principal, permission: Permission): DenialRule {
  if (principal.scopes && !principal.scopes.has(permission)) return 'key-scope'
  for (const permissions of principal.projectPermissions?.values() ?? []) {
    if (permissions.has(permission)) return 'other-project'
  }
  return 'no-role'
}

/** Decides about actions, and which documents an allowed one may see. */
export class Authorizer {
  readonly #sets: PermissionSets

  constructor(store: Store) {
    this.#sets = new PermissionSets(store)
  }

  /**
   * Denied with its rule, or allowed with a constraint that is ANDed into every query. `newestSet`: the id of the
   * newest permission set, where the caller has read it for this decision.
   */
  async authorize(
    { organizationId, principal }: Pick<RequestContext, 'organizationId' | 'principal'>,
    action: Action,
    { newestSet }: { newestSet?: number } = {},
  ): Promise<Decision> {
    const denial = denialOf(principal, action)
    if (denial) return denial
    const permissionSetIds = readsDocuments.has(action.permission)
      ? await this.#sets.readableBy(organizationId, principal.readerTokens, newestSet)
      : []
    return { allowed: true, denied: false, constraint: { permissionSetIds } }
  }
}

/** Throws FORBIDDEN, naming the rule, unless the principal holds a permission. */
export function requirePermission(
  { principal }: Pick<RequestContext, 'principal'>,
  permission: Permission,
  resource?: Action['resource'],
): void {
  const denial = denialOf(principal, { permission, ...(resource && { resource }) })
  if (denial) throw forbidden(denial)
}

/** A denial as the error that a caller gets. */
export function forbidden({ detail, rule }: Denied): PlinthError {
  return new PlinthError('FORBIDDEN', { detail: `${detail} (rule: ${rule})` })
}

/** The audit event of a denial; the caller appends it. */
export function deniedEvent(
  denial: Denied,
  {
    principal,
    target,
    requestId,
  }: { principal: Principal; target?: { kind: string; id: string }; requestId?: string },
): AuditEventInput {
  return {
    kind: 'access.denied',
    actor: actorOf(principal),
    outcome: 'denied',
    details: { permission: denial.permission, rule: denial.rule },
    ...(target && { target }),
    ...(requestId && { requestId }),
  }
}

/** Whether a document of this permission set may be seen. The second look, after the index proposed it. */
export function mayRead({ permissionSetIds }: Constraint, permissionSetId: number): boolean {
  let low = 0
  let high = permissionSetIds.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((permissionSetIds[middle] as number) < permissionSetId) low = middle + 1
    else high = middle
  }
  return permissionSetIds[low] === permissionSetId
}

/**
 * The constraint in SQL: `.where('permission_set_id', '=', permittedSets(constraint))`. One parameter, however many
 * sets; no set at all matches no row.
 */
export function permittedSets({ permissionSetIds }: Constraint) {
  return sql<number>`any(${permissionSetIds}::integer[])`
}
