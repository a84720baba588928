import { z } from 'zod'
import {
  createGroup,
  createSignInLink,
  createUser,
  deleteGroup,
  disableUser,
  enableUser,
  getUser,
  listGroups,
  listUsers,
  renameUser,
  setUserGroups,
  setUserRoles,
} from '#governance'
import type { RequestContext } from '#kernel'
import {
  group,
  groupPage,
  user,
  userChange,
  userCreate,
  userPage,
} from '../contract/administration.ts'
import { acknowledged, paging, time } from '../contract/basics.ts'
import type { ApiHouse } from '../house.ts'
import { actingOf } from '../http/acting.ts'
import { route } from '../http/route.ts'

const tag = 'People'
const byId = z.object({ id: z.string() })
const byName = z.object({ name: z.string() })
/** An invitation may wait for a week; a link that somebody asked for at the desk, for 15 minutes. */
const invitationMinutes = 7 * 24 * 60
const link = z.object({ signInLink: z.string(), expiresAt: time })

export const peopleRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/users',
    permission: 'people.read',
    summary: 'People',
    tag,
    query: paging.extend({ search: z.string().max(200).optional() }),
    response: userPage,
    async handler({ context, query }, house) {
      await house.authenticator.flush()
      return house.store.read(context.organizationId, (tx) =>
        listUsers(tx, definedOnly(query), { principal: context.principal }),
      )
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/users',
    permission: 'people.write',
    summary: 'Invite a person: the answer holds a link that signs in once',
    tag,
    body: userCreate,
    response: user.extend(link.shape).meta({ id: 'InvitedUser' }),
    status: 201,
    idempotency: 'secret',
    async handler({ context, body }, house) {
      return house.store.within(context.organizationId, async (tx) => {
        const by = actingOf(house, context)
        const made = await createUser(tx, body, by)
        const invitation = await newLink(house, context, {
          tx,
          userId: made.id,
          minutes: invitationMinutes,
        })
        return { ...made, ...invitation }
      })
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/v1/users/:id',
    permission: 'people.write',
    summary: 'Change a person: name, groups, roles, disabled',
    tag,
    params: byId,
    body: userChange,
    response: user,
    async handler({ context, params, body }, house) {
      const by = actingOf(house, context)
      const { id } = params
      return house.store.within(context.organizationId, async (tx) => {
        if (body.name !== undefined) await renameUser(tx, { id, name: body.name }, by)
        if (body.groups) await setUserGroups(tx, { userId: id, groups: body.groups }, by)
        if (body.roles) await setUserRoles(tx, { userId: id, roles: body.roles }, by)
        if (body.disabled !== undefined)
          await (body.disabled ? disableUser : enableUser)(tx, id, by)
        return getUser(tx, id)
      })
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/users/:id/sign-in-link',
    permission: 'people.write',
    summary: 'A link that signs this person in once, within 15 minutes',
    tag,
    params: byId,
    response: link,
    status: 201,
    idempotency: 'secret',
    async handler({ context, params }, house) {
      return house.store.within(context.organizationId, (tx) =>
        newLink(house, context, { tx, userId: params.id }),
      )
    },
  }),
  route({
    method: 'GET',
    path: '/api/v1/groups',
    permission: 'people.read',
    summary: 'Groups',
    tag,
    query: paging,
    response: groupPage,
    async handler({ context, query }, house) {
      return house.store.read(context.organizationId, (tx) =>
        listGroups(tx, definedOnly(query), { principal: context.principal }),
      )
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/groups',
    permission: 'people.write',
    summary: 'Make a group',
    tag,
    body: z.object({
      name: z.string().min(1).max(99),
      description: z.string().max(2_000).default(''),
    }),
    response: group,
    status: 201,
    async handler({ context, body }, house) {
      return house.store.within(context.organizationId, (tx) =>
        createGroup(tx, body, actingOf(house, context)),
      )
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/groups/:name',
    permission: 'people.write',
    summary: 'Delete a group',
    tag,
    params: byName,
    response: acknowledged,
    async handler({ context, params }, house) {
      await house.store.within(context.organizationId, (tx) =>
        deleteGroup(tx, params.name, actingOf(house, context)),
      )
      return { ok: true as const }
    },
  }),
]

type Tx = Parameters<typeof getUser>[0]

async function newLink(
  house: ApiHouse,
  context: RequestContext,
  { tx, userId, minutes }: { tx: Tx; userId: string; minutes?: number },
) {
  const wanted = minutes === undefined ? { userId } : { userId, minutes }
  const by = { ...actingOf(house, context), hasher: house.hasher }
  const made = await createSignInLink(tx, wanted, by)
  const signInLink = `${house.publicUrl()}/sign-in#token=${made.token.reveal()}`
  return { signInLink, expiresAt: made.expiresAt }
}

/** A query without the fields that were left out. */
export function definedOnly<T extends object>(
  query: T,
): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(query).filter(([, v]) => v !== undefined)) as never
}
