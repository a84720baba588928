import type { ApiKeyCreate, Plinth, User } from '@plinth/sdk'
import { PlinthError } from '#kernel'
import { usage } from '../errors.ts'
import type { ExitName } from '../exits.ts'
import { time } from '../text.ts'
import { type Verb, type VerbCall, withLimit } from '../verb.ts'

export const peopleVerbs: Verb[] = [
  {
    name: 'keys list',
    summary: 'List API keys (never their secret part)',
    needs: ['keys.read'],
    define: (command) => withLimit(command).option('--all', 'revoked and expired ones, too'),
    run: listKeys,
  },
  {
    name: 'keys create',
    summary: 'Create an API key; its secret is shown once',
    needs: ['keys.write'],
    define: (command) =>
      command
        .argument('<name>', 'what it is for')
        .option('--scope <permission...>', 'may do only this (default: what its user may)')
        .option('--expires <when>', 'a date (2026-12-31) or a time from now (90d, 12h)')
        .option('--user <user>', 'for another user, by e-mail or id; needs people.write'),
    run: createKey,
  },
  {
    name: 'keys revoke',
    summary: 'Revoke API keys, effective at once',
    needs: ['keys.write'],
    define: (command) => command.argument('<id...>'),
    run: revokeKeys,
  },
  {
    name: 'users list',
    summary: 'List people with their groups and roles',
    needs: ['people.read'],
    define: (command) =>
      withLimit(command).option('--search <text>', 'with this in name or e-mail'),
    run: listUsers,
  },
  {
    name: 'users create',
    summary: 'Invite somebody; prints a one-time sign-in link',
    needs: ['people.write'],
    define: (command) =>
      command
        .argument('<email>')
        .requiredOption('--name <name>', 'their name')
        .option('--group <name...>', 'groups')
        .option('--role <name...>', 'roles (default: member)'),
    run: createUser,
  },
  {
    name: 'users link',
    summary: 'Make a new one-time sign-in link',
    needs: ['people.read', 'people.write'],
    define: (command) => command.argument('<user>', 'e-mail or id'),
    run: linkUser,
  },
  {
    name: 'users disable',
    summary: 'End somebody’s access: sessions and keys stop working at once',
    needs: ['people.read', 'people.write'],
    define: (command) =>
      command.argument('<user>', 'e-mail or id').option('--enable', 'let them in again instead'),
    run: disableUser,
  },
]

async function listKeys(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const now = new Date(call.io.now()).toISOString()
  const all = await call.pages((paging) => client.keys.list(paging))
  const live = (one: { revokedAt: string | null; expiresAt: string | null }) =>
    one.revokedAt === null && (one.expiresAt === null || one.expiresAt > now)
  await call.rows(
    call.option<boolean>('all') ? all : all.filter(live),
    {
      id: (one) => one.id,
      prefix: (one) => one.prefix,
      user: (one) => one.userName,
      name: (one) => one.name,
      scopes: (one) => (one.scopes.includes('*') ? 'everything' : one.scopes.join(' ')),
      expires: (one) => (one.revokedAt ? 'revoked' : time(one.expiresAt) || 'never'),
      used: (one) => time(one.lastUsedAt) || 'never',
    },
    'No key.',
  )
  return 'ok'
}

async function createKey(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const wanted: ApiKeyCreate = { name: call.arg(0) ?? '' }
  const scopes = call.option<string[]>('scope')
  if (scopes) wanted.scopes = scopes.flatMap((one) => one.split(','))
  const expires = call.option('expires')
  if (expires) wanted.expiresAt = expiry(expires, call.io.now())
  const user = call.option('user')
  if (user) wanted.userId = (await userBy(client, user)).id
  const key = await client.keys.create(wanted)
  await call.data(key)
  await call.say(key.secret)
  if (!call.json) call.note(`Key ${key.id} of ${key.userName}. Its secret is not shown again.`)
  return 'ok'
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000 }

/** A date, or a time from now. Throws INVALID_INPUT for anything else, and for the past. */
export function expiry(text: string, now: number): string {
  const span = /^(\d{1,5})([hdw])$/.exec(text)
  const at = span ? now + Number(span[1]) * (unitMs[span[2] ?? ''] ?? 0) : Date.parse(text)
  const plausible = span !== null || /^\d{4}-\d{2}-\d{2}/.test(text)
  if (!plausible || !Number.isFinite(at) || at <= now) {
    throw usage(
      `"${text}" is not a time in the future.`,
      'Write 90d, 12h, 4w, or a date such as 2030-12-31.',
    )
  }
  return new Date(at).toISOString()
}

async function revokeKeys(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  for (const id of call.list(0)) {
    const key = await client.keys.revoke(id)
    await call.data(key)
    await call.say(`${key.prefix}… (${key.name}) revoked`)
  }
  return 'ok'
}

async function listUsers(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const items = await call.pages((paging) =>
    client.people.users({ ...paging, search: call.option('search') }),
  )
  await call.rows(
    items,
    {
      id: (one) => one.id,
      email: (one) => one.email,
      name: (one) => one.name,
      roles: (one) => one.roles.join(' '),
      groups: (one) => one.groups.join(' '),
      seen: (one) => (one.disabled ? 'disabled' : time(one.lastSeenAt) || 'never'),
    },
    'Nobody.',
  )
  return 'ok'
}

async function createUser(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const groups = call.option<string[]>('group')
  const roles = call.option<string[]>('role')
  const made = await client.people.invite({
    email: call.arg(0) ?? '',
    name: call.option('name') ?? '',
    ...(groups ? { groups } : {}),
    ...(roles ? { roles } : {}),
  })
  await call.data(made)
  await call.say(made.signInLink)
  if (!call.json) call.note(`${made.name} (${made.id}) may sign in once with this link.`)
  return 'ok'
}

async function linkUser(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const user = await userBy(client, call.arg(0) ?? '')
  const link = await client.people.signInLink(user.id)
  await call.data(link)
  await call.say(link.signInLink)
  const until = link.expiresAt ? `, until ${time(link.expiresAt)}` : ''
  if (!call.json) call.note(`${user.name} may sign in once with this link${until}.`)
  return 'ok'
}

async function disableUser(call: VerbCall): Promise<ExitName> {
  const client = await call.client()
  const user = await userBy(client, call.arg(0) ?? '')
  const disabled = call.option<boolean>('enable') !== true
  const now = await client.people.change(user.id, { disabled })
  await call.data(now)
  await call.say(`${now.name} (${now.email}) is ${disabled ? 'disabled' : 'enabled'}`)
  return 'ok'
}

/** A user by id or e-mail. Throws NOT_FOUND. */
export async function userBy(client: Plinth, text: string): Promise<User> {
  const wanted = text.trim().toLowerCase()
  let cursor: string | undefined
  do {
    const search = wanted.startsWith('usr_') ? undefined : wanted
    const page = await client.people.users({ limit: 500, cursor, search })
    const found = page.items.find(({ id, email }) => id === wanted || email === wanted)
    if (found) return found
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  throw new PlinthError('NOT_FOUND', {
    detail: `There is no user "${text}".`,
    remedy: 'See who there is: plinth users list.',
  })
}
