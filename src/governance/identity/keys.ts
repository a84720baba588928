import {
  allPermissions,
  holds,
  limits,
  newId,
  type Permission,
  PlinthError,
  type Secret,
} from '#kernel'
import { type Page, pageSize, readCursor, type Tx, writeCursor } from '#store'
import { type Acting, beginAccessChange, nowOf, record, requireHeld } from './acting.ts'
import { type CredentialHasher, newApiKey, shownChars } from './credentials.ts'
import { requireCovers, userRights } from './rights.ts'
import { userRow } from './users.ts'

export interface ApiKey {
  id: string
  name: string
  /** The first 12 characters. */
  prefix: string
  userId: string
  userName: string
  /** Permissions; `*`: everything its user may do. */
  scopes: string[]
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  revokedAt: string | null
}

export interface NewApiKey {
  name: string
  /** Default: the one who makes it. Somebody else's needs `people.write` and at least their rights. */
  userId?: string
  /** Default: everything the user may do. A key may do what both its scopes and its user's roles grant. */
  scopes?: readonly (Permission | '*')[]
  expiresAt?: Date
}

/**
 * Makes an API key. Needs `keys.write`. The secret is in this answer and nowhere else.
 * A key that makes a key cannot give it more than it may do itself.
 */
export async function createApiKey(
  tx: Tx,
  wanted: NewApiKey,
  { hasher, ...by }: Acting & { hasher: CredentialHasher },
): Promise<{ key: ApiKey; secret: Secret }> {
  requireHeld(by, 'keys.write')
  const name = wanted.name.normalize('NFC').trim()
  if (name === '' || name.length > 200 || /\p{C}/u.test(name)) {
    throw new PlinthError('INVALID_INPUT', 'A key’s name has 1 to 200 characters on one line.')
  }
  const now = nowOf(by)
  if (wanted.expiresAt && !(wanted.expiresAt > now)) {
    throw new PlinthError('INVALID_INPUT', 'A key cannot have expired already.')
  }
  const scopes = checkedScopes(wanted.scopes ?? ['*'], by)
  const userId = wanted.userId ?? by.principal.userId
  const user = await userRow(tx, userId)
  if (userId !== by.principal.userId) {
    requireHeld(by, 'people.write')
    requireCovers(by.principal, await userRights(tx, userId), `User ${userId}`)
  }
  await checkCount(tx, userId)
  const secret = newApiKey()
  const id = newId('key', now.getTime())
  const prefix = secret.reveal().slice(0, shownChars)
  await tx
    .insertInto('api_key')
    .values({
      id,
      name,
      prefix,
      key_hmac: hasher.hmac('api-key', secret.reveal()),
      user_id: userId,
      scopes,
      created_by: by.principal.id,
      created_at: now,
      expires_at: wanted.expiresAt ?? null,
    })
    .execute()
  const expiresAt = wanted.expiresAt?.toISOString() ?? null
  await record(tx, by, {
    kind: 'key.created',
    target: { kind: 'key', id },
    details: { prefix, userId, scopes, expiresAt },
  })
  const createdAt = now.toISOString()
  const times = { createdAt, expiresAt, lastUsedAt: null, revokedAt: null }
  return { key: { id, name, prefix, userId, userName: user.name, scopes, ...times }, secret }
}

async function checkCount(tx: Tx, userId: string): Promise<void> {
  const row = await tx
    .selectFrom('api_key')
    .select((eb) => eb.fn.countAll<number>().as('n'))
    .where('user_id', '=', userId)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  if (Number(row.n) < limits.liveKeysPerUser) return
  throw new PlinthError('TOO_LARGE', {
    detail: `The user has ${row.n} keys; the limit is ${limits.liveKeysPerUser} (liveKeysPerUser).`,
    remedy: 'Revoke keys that are no longer used.',
  })
}

function checkedScopes(scopes: readonly string[], by: Acting): string[] {
  for (const scope of scopes) {
    if (scope !== '*' && !(allPermissions as string[]).includes(scope)) {
      throw new PlinthError('INVALID_INPUT', {
        detail: `There is no permission "${scope.slice(0, 60)}".`,
        where: 'scopes',
        remedy: `Known: *, ${allPermissions.join(', ')}.`,
      })
    }
  }
  const out = scopes.includes('*') ? ['*'] : [...new Set(scopes)].sort()
  if (by.principal.kind === 'service') {
    const all = out.includes('*') ? by.principal.scopes !== undefined : undefined
    const excess = all
      ? '*'
      : out.find((scope) => scope !== '*' && !holds(by.principal, scope as Permission))
    if (excess !== undefined) {
      throw new PlinthError('FORBIDDEN', {
        detail: `${by.principal.id} does not hold ${excess}, so it cannot make a key that does.`,
        remedy: 'Make the key as a signed-in user.',
      })
    }
  }
  return out
}

/** Keys, newest first, a page at a time: one's own with `keys.read`, everybody's with `people.read` too. */
export async function listApiKeys(
  tx: Tx,
  options: { userId?: string; cursor?: string; limit?: number },
  by: Pick<Acting, 'principal'>,
): Promise<Page<ApiKey>> {
  requireHeld(by, 'keys.read')
  const limit = pageSize(options.limit)
  let query = selectKeys(tx)
    .orderBy('k.id', 'desc')
    .limit(limit + 1)
  if (!holds(by.principal, 'people.read')) {
    query = query.where('k.user_id', '=', by.principal.userId)
  }
  if (options.userId !== undefined) {
    query = query.where('k.user_id', '=', options.userId.replaceAll('\0', ''))
  }
  if (options.cursor !== undefined) {
    query = query.where('k.id', '<', readCursor(options.cursor, ['string'])[0] as string)
  }
  const rows = await query.execute()
  const items = rows.slice(0, limit).map(keyOf)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? writeCursor([last.id]) : null }
}

function selectKeys(tx: Tx) {
  return tx
    .selectFrom('api_key as k')
    .innerJoin('app_user as u', 'u.id', 'k.user_id')
    .select([
      'k.id',
      'k.name',
      'k.prefix',
      'k.user_id',
      'u.name as user_name',
      'k.scopes',
      'k.created_at',
      'k.expires_at',
      'k.last_used_at',
      'k.revoked_at',
    ])
}

type KeyRow = Awaited<ReturnType<ReturnType<typeof selectKeys>['executeTakeFirstOrThrow']>>

function keyOf(row: KeyRow): ApiKey {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    userId: row.user_id,
    userName: row.user_name,
    scopes: row.scopes,
    createdAt: row.created_at.toISOString(),
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
  }
}

/**
 * Revokes a key at once and gives it as it then is; one that was revoked before stays as it was. Needs `keys.write` for
 * one's own, `people.write` too for others'. Throws NOT_FOUND.
 */
export async function revokeApiKey(tx: Tx, id: string, by: Acting): Promise<ApiKey> {
  requireHeld(by, 'keys.write')
  await beginAccessChange(tx)
  const row = id.includes('\0')
    ? undefined
    : await selectKeys(tx).where('k.id', '=', id).executeTakeFirst()
  const own = row?.user_id === by.principal.userId
  if (!row || !(own || holds(by.principal, 'people.write'))) {
    throw new PlinthError('NOT_FOUND', 'There is no such API key.')
  }
  if (row.revoked_at !== null) return keyOf(row)
  const now = nowOf(by)
  await tx.updateTable('api_key').set({ revoked_at: now }).where('id', '=', id).execute()
  await record(tx, by, {
    kind: 'key.revoked',
    target: { kind: 'key', id },
    details: { prefix: row.prefix, userId: row.user_id },
  })
  return keyOf({ ...row, revoked_at: now })
}
