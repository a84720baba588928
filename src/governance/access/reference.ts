import { allPermissions, type Permission } from '#kernel'

/** Everything that access depends on, as plain facts. */
export interface Facts {
  users: { id: string; email: string; disabled: boolean; groups: string[] }[]
  bindings: { subject: string; role: string; project: string }[]
  roles: { name: string; permissions: string[] }[]
  keys: { id: string; userId: string; scopes: string[]; revoked: boolean }[]
}

export interface Who {
  userId: string
  keyId?: string
}

/**
 * The law in forty lines, without caches, indexes or a database: what the fast authoriser is compared with, and what
 * to read to learn the rules. Whatever is unknown denies.
 */
export function referenceAllows(
  facts: Facts,
  who: Who,
  { permission, project }: { permission: Permission; project?: string | undefined },
): boolean {
  const user = facts.users.find((u) => u.id === who.userId)
  if (!user || user.disabled) return false
  if (who.keyId !== undefined) {
    const key = facts.keys.find((k) => k.id === who.keyId && k.userId === user.id)
    if (!key || key.revoked) return false
    if (!key.scopes.includes('*') && !key.scopes.includes(permission)) return false
  }
  return facts.bindings.some((binding) => {
    const held =
      binding.subject === `user:${user.id}` ||
      user.groups.some((group) => binding.subject === `group:${group}`)
    const here = binding.project === '*' || binding.project === project
    const role = facts.roles.find((r) => r.name === binding.role)
    const grants = role?.permissions.includes('*') || role?.permissions.includes(permission)
    return held && here && grants === true && allPermissions.includes(permission)
  })
}

/** Whether a document with these readers may be read by somebody who may read documents at all. */
export function referenceReads(facts: Facts, who: Who, readers: readonly string[]): boolean {
  const user = facts.users.find((u) => u.id === who.userId)
  if (!user || user.disabled) return false
  return readers.some(
    (reader) =>
      reader === 'everyone' ||
      reader === `user:${user.id}` ||
      reader.toLowerCase() === `user:${user.email}` ||
      user.groups.some((group) => reader === `group:${group}`),
  )
}
