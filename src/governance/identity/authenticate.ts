import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Clock, type Principal, systemClock } from '#kernel'
import type { Store, Tx } from '#store'
import { type CredentialHasher, isApiKey, isToken } from './credentials.ts'
import { LastUse } from './last-use.ts'
import { loadPrincipal, readAccessEpoch } from './principals.ts'

/** What a request brings: an API key as a bearer token, or a session's token. The key counts where both are there. */
export interface Credential {
  bearer?: string
  session?: string
}

export type Authenticated =
  | {
      ok: true
      organizationId: string
      principal: Principal
      /** The session, where one was used. */
      sessionId?: string
    }
  | { ok: false; reason: AuthenticationFailure }

/** For logs and metrics; callers all get the same UNAUTHENTICATED. */
export type AuthenticationFailure =
  | 'missing'
  | 'malformed'
  | 'unknown'
  | 'expired'
  | 'revoked'
  | 'disabled'

interface Entry {
  organizationId: string
  principal: Principal
  epoch: number
  expiresAt: number
  sessionId?: string
}

const maxEntries = 10_000
/** Characters of the longest well-formed credential, and some. */
const longestToken = 100

/**
 * Finds out who makes a request. Principals are kept in memory under a digest of their credential, salted for this
 * process (the HMAC that is stored costs ten times as much, and is only needed to look a credential up), and hold only
 * while the organization's epoch of access stands, which is read with each request (one row of one column): a key
 * revoked, a role changed, a user disabled on any server counts for the next request on every server.
 */
export class Authenticator {
  readonly #store: Store
  readonly #hasher: CredentialHasher
  readonly #clock: Clock
  readonly #entries = new Map<string, Entry>()
  readonly #salt = randomBytes(32).toString('base64')
  readonly #lastUse: LastUse

  constructor(store: Store, options: { hasher: CredentialHasher; clock?: Clock }) {
    this.#store = store
    this.#hasher = options.hasher
    this.#clock = options.clock ?? systemClock
    this.#lastUse = new LastUse(store)
  }

  async authenticate(credential: Credential): Promise<Authenticated> {
    const { bearer, session } = credential
    const kind = bearer !== undefined ? 'api-key' : 'session'
    const token = bearer ?? session
    if (token === undefined || token === '') return { ok: false, reason: 'missing' }
    if (token.length > longestToken) return { ok: false, reason: 'malformed' }
    const cacheKey = hash('sha256', `${this.#salt}${kind}:${token}`, 'base64')
    const entry = this.#entries.get(cacheKey)
    if (entry) {
      const stands = this.#stands(entry)
      if (stands instanceof Promise ? await stands : stands) return this.#answer(entry)
      this.#entries.delete(cacheKey)
    }
    const wellFormed = kind === 'api-key' ? isApiKey(token) : isToken('session', token)
    if (!wellFormed) return { ok: false, reason: 'malformed' }
    const hmac = this.#hasher.hmac(kind, token)
    const found = await (kind === 'api-key' ? this.#byKey(hmac) : this.#bySession(hmac))
    if ('reason' in found) return { ok: false, reason: found.reason }
    this.#remember(cacheKey, found)
    return this.#answer(found)
  }

  /** Writes what is still pending about last uses. */
  close(): Promise<void> {
    return this.#lastUse.flush()
  }

  /** Writes last uses now, for tests and before a list is shown. */
  flush(): Promise<void> {
    return this.#lastUse.flush()
  }

  #stands(entry: Entry): boolean | Promise<boolean> {
    if (entry.expiresAt <= this.#clock.now().getTime()) return false
    const epochs = this.#store.epochs(entry.organizationId)
    if (epochs instanceof Promise) return epochs.then(({ access }) => access === entry.epoch)
    return epochs.access === entry.epoch
  }

  #answer({ organizationId, principal, sessionId }: Entry): Authenticated {
    const at = this.#clock.now()
    if (principal.kind === 'service') {
      this.#lastUse.note('key', principal.id, { organizationId, at })
    }
    this.#lastUse.note('user', principal.userId, { organizationId, at })
    return { ok: true, organizationId, principal, ...(sessionId && { sessionId }) }
  }

  #remember(cacheKey: string, entry: Entry): void {
    if (this.#entries.size >= maxEntries) {
      const oldest = this.#entries.keys().next().value
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
    this.#entries.set(cacheKey, entry)
  }

  async #byKey(hmac: Buffer): Promise<Entry | { reason: AuthenticationFailure }> {
    const organizationId = await this.#organizationOf('api_key', hmac)
    if (organizationId === undefined) return { reason: 'unknown' }
    return this.#store.within(organizationId, async (tx) => {
      const epoch = await readAccessEpoch(tx)
      const row = await tx
        .selectFrom('api_key')
        .select(['id', 'name', 'key_hmac', 'user_id', 'scopes', 'expires_at', 'revoked_at'])
        .where('key_hmac', '=', hmac)
        .executeTakeFirst()
      if (!row || !timingSafeEqual(row.key_hmac, hmac)) return { reason: 'unknown' }
      const key = { id: row.id, name: row.name, scopes: row.scopes }
      return this.#entry(tx, { ...row, organizationId, epoch }, { userId: row.user_id, key })
    })
  }

  async #bySession(hmac: Buffer): Promise<Entry | { reason: AuthenticationFailure }> {
    const organizationId = await this.#organizationOf('session', hmac)
    if (organizationId === undefined) return { reason: 'unknown' }
    return this.#store.within(organizationId, async (tx) => {
      const epoch = await readAccessEpoch(tx)
      const row = await tx
        .selectFrom('session')
        .select(['id', 'token_hmac', 'user_id', 'expires_at', 'revoked_at'])
        .where('token_hmac', '=', hmac)
        .executeTakeFirst()
      if (!row || !timingSafeEqual(row.token_hmac, hmac)) return { reason: 'unknown' }
      const entry = await this.#entry(
        tx,
        { ...row, organizationId, epoch },
        { userId: row.user_id },
      )
      return 'reason' in entry ? entry : { ...entry, sessionId: row.id }
    })
  }

  async #entry(
    tx: Tx,
    row: {
      organizationId: string
      epoch: number
      expires_at: Date | null
      revoked_at: Date | null
    },
    actor: Parameters<typeof loadPrincipal>[1],
  ): Promise<Entry | { reason: AuthenticationFailure }> {
    if (row.revoked_at !== null) return { reason: 'revoked' }
    const expiresAt = row.expires_at?.getTime() ?? Number.POSITIVE_INFINITY
    if (expiresAt <= this.#clock.now().getTime()) return { reason: 'expired' }
    const loaded = await loadPrincipal(tx, actor)
    if (!loaded) return { reason: 'disabled' }
    // The epoch from before the credential was read: a revocation in between makes the entry out of date.
    return {
      organizationId: row.organizationId,
      principal: loaded.principal,
      epoch: row.epoch,
      expiresAt,
    }
  }

  #organizationOf(table: 'api_key' | 'session', hmac: Buffer): Promise<string | undefined> {
    return this.#store.system(async (tx) => {
      const query =
        table === 'api_key'
          ? tx.selectFrom('api_key').select('organization_id').where('key_hmac', '=', hmac)
          : tx.selectFrom('session').select('organization_id').where('token_hmac', '=', hmac)
      return (await query.executeTakeFirst())?.organization_id
    })
  }
}
