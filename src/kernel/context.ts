import type { Permission } from './permissions.ts'

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
  permissions: ReadonlySet<Permission>
}

/** What every use case receives beside its input. */
export interface RequestContext {
  organizationId: string
  principal: Principal
  requestId: string
  signal: AbortSignal
}
