import { allPermissions, type Permission, PlinthError, type Principal } from '#kernel'
import type { Tx } from '#store'
import { groupsOf, type Rights, rightsOf } from './rights.ts'

/** Everything that decides who a user is; `key` where an API key acts for them. */
export interface Actor {
  userId: string
  key?: { id: string; name: string; scopes: readonly string[] }
}

export interface LoadedPrincipal {
  principal: Principal
  /** Epoch of access at which the principal was read: while it stands, the principal holds. */
  epoch: number
}

/**
 * Reads a principal: groups, roles, reader tokens. Undefined for a user who is disabled or gone. Never torn: reads
 * again when access changed meanwhile, so that no mixture of two states grants more than either.
 */
export async function loadPrincipal(tx: Tx, actor: Actor): Promise<LoadedPrincipal | undefined> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const epoch = await readAccessEpoch(tx)
    const principal = await readPrincipal(tx, actor)
    if ((await readAccessEpoch(tx)) === epoch) return principal && { principal, epoch }
  }
  throw new PlinthError('UNAVAILABLE', 'Access changes faster than it can be read.')
}

/** Moves with every change that can alter what somebody may do. One row of one column. */
export async function readAccessEpoch(tx: Tx): Promise<number> {
  const row = await tx.selectFrom('access_epoch').select('epoch').executeTakeFirst()
  return row?.epoch ?? 0
}

async function readPrincipal(tx: Tx, { userId, key }: Actor): Promise<Principal | undefined> {
  const user = await tx
    .selectFrom('app_user')
    .select(['id', 'email', 'name'])
    .where('id', '=', userId)
    .where('disabled_at', 'is', null)
    .executeTakeFirst()
  if (!user) return undefined
  const groups = await groupsOf(tx, userId)
  const rights = await rightsOf(tx, [`user:${userId}`, ...groups.map((name) => `group:${name}`)])
  return principalOf({ ...user, groups }, rights, key)
}

/** The tokens that documents' readers are compared with. Sorted. */
export function readerTokensOf(user: {
  id: string
  email: string
  groups: readonly string[]
}): string[] {
  const groups = user.groups.map((name) => `group:${name}`)
  return ['everyone', `user:${user.id}`, `user:${user.email}`, ...groups].sort()
}

function principalOf(
  user: { id: string; email: string; name: string; groups: readonly string[] },
  rights: Rights,
  key: Actor['key'],
): Principal {
  const scopes = key && scopesOf(key.scopes)
  const within = (permissions: ReadonlySet<Permission>): Set<Permission> =>
    new Set([...permissions].filter((p) => scopes === undefined || scopes.has(p)))
  const projects = new Map(
    [...rights.projects].map(([project, permissions]) => [project, within(permissions)]),
  )
  return Object.freeze({
    kind: key ? 'service' : 'user',
    id: key?.id ?? user.id,
    userId: user.id,
    name: key?.name ?? user.name,
    readerTokens: Object.freeze(readerTokensOf(user)),
    permissions: within(rights.organization),
    ...(projects.size > 0 && { projectPermissions: projects }),
    ...(scopes && { scopes }),
  })
}

/** Undefined: everything the user may do. No scopes, or words that this Plinth does not know, grant nothing. */
function scopesOf(scopes: readonly string[]): Set<Permission> | undefined {
  if (scopes.includes('*')) return undefined
  return new Set(allPermissions.filter((permission) => scopes.includes(permission)))
}
