import { PlinthError } from '#kernel'
import { type Page, pageSize, readCursor, type Tx, writeCursor } from '#store'
import { type Acting, beginAccessChange, record, requireHeld } from './acting.ts'
import { groupsOf, keepOwner, requireCovers, requireNotAbove, rightsOf } from './rights.ts'

export interface Group {
  name: string
  description: string
  members: number
}

const groupPattern = /^[\p{L}\p{N}][\p{L}\p{N} ._@/-]{0,98}$/u

/** A group's name as it is stored. Throws INVALID_INPUT. */
export function checkedGroup(name: string): string {
  const text = name.normalize('NFC').trim()
  if (groupPattern.test(text)) return text
  throw new PlinthError('INVALID_INPUT', {
    detail: `"${name.slice(0, 120)}" cannot name a group.`,
    remedy:
      'Use 1 to 99 letters, digits, spaces, ".", "_", "-", "@" and "/", a letter or digit first.',
  })
}

/** Makes a group. Needs `people.write`. Throws CONFLICT where there is one of that name. */
export async function createGroup(
  tx: Tx,
  group: { name: string; description?: string },
  by: Acting,
): Promise<Group> {
  requireHeld(by, 'people.write')
  const name = checkedGroup(group.name)
  const description = (group.description ?? '').slice(0, 2_000)
  await beginAccessChange(tx)
  const made = await tx
    .insertInto('user_group')
    .values({ name, description })
    .onConflict((conflict) => conflict.columns(['organization_id', 'name']).doNothing())
    .returning('name')
    .execute()
  if (made.length === 0) {
    throw new PlinthError('CONFLICT', {
      detail: `There is a group "${name}" already.`,
      remedy: 'Use it, or choose another name.',
    })
  }
  await record(tx, by, groupEvent(name, { change: 'created' }))
  return { name, description, members: 0 }
}

/** Deletes a group, its memberships and the roles bound to it. Needs `people.write`. Throws CONFLICT for the last owner. */
export async function deleteGroup(tx: Tx, name: string, by: Acting): Promise<void> {
  requireHeld(by, 'people.write')
  await beginAccessChange(tx)
  await requireGroups(tx, [name])
  requireNotAbove(by.principal, await rightsOf(tx, [`group:${name}`]), `Group ${name}`)
  const check = await keepOwner(tx)
  // A later group of this name must not inherit what this one held.
  await tx.deleteFrom('role_binding').where('subject', '=', `group:${name}`).execute()
  await tx.deleteFrom('user_group').where('name', '=', name).execute()
  await check()
  await record(tx, by, groupEvent(name, { change: 'deleted' }))
}

/** Groups by name with the number of members, a page at a time. Needs `people.read`. */
export async function listGroups(
  tx: Tx,
  options: { cursor?: string; limit?: number },
  by: Pick<Acting, 'principal'>,
): Promise<Page<Group>> {
  requireHeld(by, 'people.read')
  const limit = pageSize(options.limit)
  let query = tx
    .selectFrom('user_group as g')
    .leftJoin('group_member as m', 'm.group_name', 'g.name')
    .select((eb) => ['g.name', 'g.description', eb.fn.count<number>('m.user_id').as('members')])
    .groupBy(['g.name', 'g.description'])
    .orderBy('g.name')
    .limit(limit + 1)
  if (options.cursor !== undefined) {
    query = query.where('g.name', '>', readCursor(options.cursor, ['string'])[0] as string)
  }
  const rows = await query.execute()
  const items = rows.slice(0, limit).map((row) => ({ ...row, members: Number(row.members) }))
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? writeCursor([last.name]) : null }
}

/** Makes a user a member of exactly these groups. Needs `people.write`; what a new group grants must be held. */
export async function setUserGroups(
  tx: Tx,
  { userId, groups }: { userId: string; groups: readonly string[] },
  by: Acting,
): Promise<void> {
  requireHeld(by, 'people.write')
  await beginAccessChange(tx)
  await requireUser(tx, userId)
  const before = await groupsOf(tx, userId)
  const left = before.filter((name) => !groups.includes(name))
  const joined = [...new Set(groups)].filter((name) => !before.includes(name)).sort()
  const check = await keepOwner(tx)
  await joinGroups(tx, { userId, groups: joined }, by)
  for (const name of left) {
    requireNotAbove(by.principal, await rightsOf(tx, [`group:${name}`]), `Group ${name}`)
  }
  await tx
    .deleteFrom('group_member')
    .where('user_id', '=', userId)
    .where('group_name', 'in', [...left, ''])
    .execute()
  await check()
  const events = [
    ...joined.map((name) => groupEvent(name, { change: 'joined', userId })),
    ...left.map((name) => groupEvent(name, { change: 'left', userId })),
  ]
  if (events.length > 0) await record(tx, by, ...events)
}

/** Adds one member to a group. Needs `people.write` and what the group grants. */
export async function addMember(
  tx: Tx,
  { group, userId }: { group: string; userId: string },
  by: Acting,
): Promise<void> {
  const before = await groupsOf(tx, userId)
  await setUserGroups(tx, { userId, groups: [...before, group] }, by)
}

/** Takes one member out of a group. Needs `people.write`. */
export async function removeMember(
  tx: Tx,
  { group, userId }: { group: string; userId: string },
  by: Acting,
): Promise<void> {
  const before = await groupsOf(tx, userId)
  await setUserGroups(tx, { userId, groups: before.filter((name) => name !== group) }, by)
}

/** Inserts memberships after checking what they grant. Call under the lock; the caller records it. */
export async function joinGroups(
  tx: Tx,
  { userId, groups }: { userId: string; groups: readonly string[] },
  by: Acting,
): Promise<void> {
  if (groups.length === 0) return
  await requireGroups(tx, groups)
  for (const name of groups) {
    requireCovers(by.principal, await rightsOf(tx, [`group:${name}`]), `Group ${name}`)
  }
  await tx
    .insertInto('group_member')
    .values(groups.map((group_name) => ({ group_name, user_id: userId })))
    .execute()
}

async function requireGroups(tx: Tx, names: readonly string[]): Promise<void> {
  const safe = names.filter((name) => !name.includes('\0'))
  const rows = await tx
    .selectFrom('user_group')
    .select('name')
    .where('name', 'in', [...safe, ''])
    .execute()
  const known = new Set(rows.map((row) => row.name))
  const missing = names.find((name) => !known.has(name))
  if (missing === undefined) return
  throw new PlinthError('NOT_FOUND', `There is no group "${missing.slice(0, 100)}".`)
}

async function requireUser(tx: Tx, id: string): Promise<void> {
  const row = id.includes('\0')
    ? undefined
    : await tx.selectFrom('app_user').select('id').where('id', '=', id).executeTakeFirst()
  if (!row) throw new PlinthError('NOT_FOUND', 'There is no such user.')
}

function groupEvent(name: string, details: { change: string; userId?: string }) {
  return { kind: 'group.changed' as const, target: { kind: 'group', id: name }, details }
}
