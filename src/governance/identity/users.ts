import { domainToASCII } from 'node:url'
import { newId, PlinthError, type Secret } from '#kernel'
import { type Page, pageSize, readCursor, type Store, type Tx, writeCursor } from '#store'
import { type Acting, beginAccessChange, nowOf, record, requireHeld } from './acting.ts'
import { grantRoles } from './bindings.ts'
import { endSessions } from './end-sessions.ts'
import { joinGroups } from './groups.ts'
import { hashPassword, verifyPassword } from './passwords.ts'
import { keepOwner, requireCovers, requireNotAbove, userRights } from './rights.ts'

export interface User {
  id: string
  email: string
  name: string
  groups: string[]
  /** Roles bound to the user directly, in the whole organization. */
  roles: string[]
  disabled: boolean
  hasPassword: boolean
  createdAt: string
  lastSeenAt: string | null
}

/**
 * An e-mail address as it is stored and compared: lower case, without spaces around, its domain in ASCII.
 * Throws INVALID_INPUT for what cannot be one.
 */
export function normalizeEmail(email: string): string {
  const text = email.normalize('NFKC').trim().toLowerCase()
  const match = /^([^\s@"(),:;<>[\\\]\p{C}]{1,64})@([^\s@]{1,253})$/u.exec(text)
  const domain = match && domainToASCII(match[2] as string)
  if (!match || !domain || !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(domain) || text.length > 254) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `"${email.slice(0, 100)}" is not an e-mail address.`,
      remedy: 'Write it like name@example.org.',
    })
  }
  return `${match[1]}@${domain}`
}

/** A person's name on one line. Throws INVALID_INPUT. */
function checkedName(name: string): string {
  const text = name.normalize('NFC').trim()
  if (text === '' || text.length > 200 || /\p{C}/u.test(text)) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'A name has 1 to 200 characters on one line.',
      where: 'name',
    })
  }
  return text
}

/**
 * Adds a person, who can then sign in by a link (`createSignInLink`). Needs `people.write`; the roles and groups given
 * may grant no more than the one who gives them holds.
 * @throws CONFLICT where the address is taken; NOT_FOUND for an unknown role or group.
 */
export async function createUser(
  tx: Tx,
  person: { email: string; name: string; groups?: readonly string[]; roles?: readonly string[] },
  by: Acting,
): Promise<User> {
  requireHeld(by, 'people.write')
  const email = normalizeEmail(person.email)
  const name = checkedName(person.name)
  await beginAccessChange(tx)
  const taken = await tx
    .selectFrom('app_user')
    .select('id')
    .where('email', '=', email)
    .executeTakeFirst()
  if (taken) {
    throw new PlinthError('CONFLICT', {
      detail: `There is a user with the address ${email} already.`,
      remedy: 'Change that user, or use another address.',
    })
  }
  const id = newId('usr', nowOf(by).getTime())
  await tx.insertInto('app_user').values({ id, email, name }).execute()
  const groups = [...new Set(person.groups ?? [])].sort()
  const roles = [...new Set(person.roles ?? [])].sort()
  await joinGroups(tx, { userId: id, groups }, by)
  await grantRoles(tx, { subject: `user:${id}`, roles, project: '*' }, by)
  await record(tx, by, {
    kind: 'user.created',
    target: { kind: 'user', id },
    details: { groups, roles },
    personal: { subjectId: id, data: { email, name } },
  })
  return getUser(tx, id)
}

/** One user. Throws NOT_FOUND, whether absent or of another organization. */
export async function getUser(tx: Tx, id: string): Promise<User> {
  const [user] = await usersOf(tx, [await userRow(tx, id)])
  return user as User
}

/** A user by address, whatever its case. */
export async function findUserByEmail(tx: Tx, email: string): Promise<User | undefined> {
  const row = await selectUsers(tx).where('email', '=', normalizeEmail(email)).executeTakeFirst()
  return row && (await usersOf(tx, [row]))[0]
}

/** Users by address, a page at a time. Needs `people.read`. */
export async function listUsers(
  tx: Tx,
  options: { search?: string; cursor?: string; limit?: number },
  by: Pick<Acting, 'principal'>,
): Promise<Page<User>> {
  requireHeld(by, 'people.read')
  const limit = pageSize(options.limit)
  let query = selectUsers(tx)
    .orderBy('email')
    .limit(limit + 1)
  if (options.cursor !== undefined) {
    query = query.where('email', '>', readCursor(options.cursor, ['string'])[0] as string)
  }
  if (options.search) {
    const like = `%${options.search.replaceAll('\0', '').replace(/[\\%_]/g, '\\$&')}%`
    query = query.where((eb) => eb.or([eb('email', 'ilike', like), eb('name', 'ilike', like)]))
  }
  const rows = await query.execute()
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  return {
    items: await usersOf(tx, page),
    nextCursor: rows.length > limit && last ? writeCursor([last.email]) : null,
  }
}

/** Changes a user's name. Needs `people.write`, or to be that user. */
export async function renameUser(
  tx: Tx,
  { id, name }: { id: string; name: string },
  by: Acting,
): Promise<User> {
  const own = by.principal.kind === 'user' && by.principal.userId === id
  if (!own) requireHeld(by, 'people.write')
  const row = await userRow(tx, id)
  const next = checkedName(name)
  if (next !== row.name) {
    await beginAccessChange(tx)
    await tx.updateTable('app_user').set({ name: next }).where('id', '=', id).execute()
    const target = { kind: 'user', id }
    const personal = { subjectId: id, data: { name: next } }
    await record(tx, by, { kind: 'user.changed', target, details: { changed: 'name' }, personal })
  }
  return getUser(tx, id)
}

/**
 * Stops a user at once: no sign-in, no session, no key of theirs works. Needs `people.write`.
 * @throws CONFLICT for the last owner; FORBIDDEN where somebody who may not do everything disables one who may.
 */
export async function disableUser(tx: Tx, id: string, by: Acting): Promise<User> {
  requireHeld(by, 'people.write')
  await beginAccessChange(tx)
  const row = await userRow(tx, id)
  requireNotAbove(by.principal, await userRights(tx, id), `User ${id}`)
  if (row.disabled_at === null) {
    const check = await keepOwner(tx)
    const now = nowOf(by)
    await tx.updateTable('app_user').set({ disabled_at: now }).where('id', '=', id).execute()
    await check()
    await endSessions(tx, { userId: id, now })
    await record(tx, by, { kind: 'user.disabled', target: { kind: 'user', id } })
  }
  return getUser(tx, id)
}

/** Lets a disabled user sign in again; their API keys work again too. Needs `people.write` and at least their rights. */
export async function enableUser(tx: Tx, id: string, by: Acting): Promise<User> {
  requireHeld(by, 'people.write')
  await beginAccessChange(tx)
  const row = await userRow(tx, id)
  if (row.disabled_at !== null) {
    requireCovers(by.principal, await userRights(tx, id), `User ${id}`)
    await tx.updateTable('app_user').set({ disabled_at: null }).where('id', '=', id).execute()
    await record(tx, by, { kind: 'user.enabled', target: { kind: 'user', id } })
  }
  return getUser(tx, id)
}

/**
 * Sets a password; every session and open link of the user ends. A user changes their own by giving the current
 * one; others need `people.write` and at least the user's rights. Hashes outside the transaction (about 50 ms).
 * @throws INVALID_INPUT for a password anybody would guess; FORBIDDEN where the current one is wrong.
 */
export async function setPassword(
  store: Store,
  at: { organizationId: string; userId: string; password: Secret; current?: Secret },
  by: Acting,
): Promise<void> {
  const { organizationId, userId, password } = at
  const own = by.principal.kind === 'user' && by.principal.userId === userId
  if (!own) requireHeld(by, 'people.write')
  const row = await store.read(organizationId, (tx) => userRow(tx, userId))
  if (own && row.password_hash !== null) {
    const right = at.current && (await verifyPassword(at.current, row.password_hash))
    if (!right) {
      throw new PlinthError('FORBIDDEN', {
        detail: 'The current password is missing or wrong.',
        remedy: 'Type the current password too, or ask for a sign-in link.',
      })
    }
  }
  const hashed = await hashPassword(password, row)
  await store.within(organizationId, async (tx) => {
    await beginAccessChange(tx)
    if (!own) requireCovers(by.principal, await userRights(tx, userId), `User ${userId}`)
    const changed = await tx
      .updateTable('app_user')
      .set({ password_hash: hashed })
      .where('id', '=', userId)
      .where((eb) =>
        row.password_hash === null
          ? eb('password_hash', 'is', null)
          : eb('password_hash', '=', row.password_hash),
      )
      .returning('id')
      .execute()
    if (changed.length === 0) {
      throw new PlinthError('CONFLICT', 'The password was changed by somebody else meanwhile.')
    }
    await endSessions(tx, { userId, now: nowOf(by) })
    const target = { kind: 'user', id: userId }
    await record(tx, by, { kind: 'user.changed', target, details: { changed: 'password' } })
  })
}

function selectUsers(tx: Tx) {
  return tx
    .selectFrom('app_user')
    .select(['id', 'email', 'name', 'password_hash', 'disabled_at', 'created_at', 'last_seen_at'])
}

/** The row of a user. Throws NOT_FOUND. */
export async function userRow(tx: Tx, id: string): Promise<UserRow> {
  const row = id.includes('\0')
    ? undefined
    : await selectUsers(tx).where('id', '=', id).executeTakeFirst()
  if (row) return row
  throw new PlinthError('NOT_FOUND', 'There is no such user.')
}

interface UserRow {
  id: string
  email: string
  name: string
  password_hash: string | null
  disabled_at: Date | null
  created_at: Date
  last_seen_at: Date | null
}

async function usersOf(tx: Tx, rows: readonly UserRow[]): Promise<User[]> {
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const members = await tx
    .selectFrom('group_member')
    .select(['user_id', 'group_name'])
    .where('user_id', 'in', ids)
    .orderBy('group_name')
    .execute()
  const bindings = await tx
    .selectFrom('role_binding')
    .select(['subject', 'role'])
    .where('project', '=', '*')
    .where(
      'subject',
      'in',
      ids.map((id) => `user:${id}`),
    )
    .orderBy('role')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    email: row.email,
    name: row.name,
    groups: members.filter((m) => m.user_id === row.id).map((m) => m.group_name),
    roles: bindings.filter((b) => b.subject === `user:${row.id}`).map((b) => b.role),
    disabled: row.disabled_at !== null,
    hasPassword: row.password_hash !== null,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
  }))
}
