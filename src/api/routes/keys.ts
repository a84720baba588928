import { z } from 'zod'
import { createApiKey, listApiKeys, revokeApiKey } from '#governance'
import { allPermissions, type Permission, PlinthError } from '#kernel'
import { apiKey, apiKeyCreate, apiKeyCreated, apiKeyPage } from '../contract/administration.ts'
import { paging } from '../contract/basics.ts'
import { actingOf } from '../http/acting.ts'
import { route } from '../http/route.ts'
import { definedOnly } from './people.ts'

const tag = 'Keys'

export const keyRoutes = [
  route({
    method: 'GET',
    path: '/api/v1/keys',
    permission: 'keys.read',
    summary: 'API keys, never their secret part',
    tag,
    query: paging.extend({ userId: z.string().optional() }),
    response: apiKeyPage,
    async handler({ context, query }, house) {
      await house.authenticator.flush()
      return house.store.read(context.organizationId, (tx) =>
        listApiKeys(tx, definedOnly(query), { principal: context.principal }),
      )
    },
  }),
  route({
    method: 'POST',
    path: '/api/v1/keys',
    permission: 'keys.write',
    summary: 'Make an API key; its secret is in this answer and nowhere else',
    tag,
    body: apiKeyCreate,
    response: apiKeyCreated,
    status: 201,
    idempotency: 'secret',
    async handler({ context, body }, house) {
      const scopes = scopesOf(body.scopes)
      const wanted = {
        name: body.name,
        ...(body.userId ? { userId: body.userId } : {}),
        // The API's empty list means everything; the store's means nothing.
        ...(scopes.length > 0 ? { scopes } : {}),
        ...(body.expiresAt ? { expiresAt: new Date(body.expiresAt) } : {}),
      }
      const by = { ...actingOf(house, context), hasher: house.hasher }
      const made = await house.store.within(context.organizationId, (tx) =>
        createApiKey(tx, wanted, by),
      )
      return { ...made.key, secret: made.secret.reveal() }
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/v1/keys/:id',
    permission: 'keys.write',
    summary: 'Revoke a key: it is refused from the next request on',
    tag,
    params: z.object({ id: z.string() }),
    response: apiKey,
    async handler({ context, params }, house) {
      return house.store.within(context.organizationId, (tx) =>
        revokeApiKey(tx, params.id, actingOf(house, context)),
      )
    },
  }),
]

function scopesOf(scopes: readonly string[]): (Permission | '*')[] {
  const unknown = scopes.find((s) => s !== '*' && !(allPermissions as string[]).includes(s))
  if (unknown === undefined) return scopes as Permission[]
  throw new PlinthError('INVALID_INPUT', {
    detail: `"${unknown}" is not a permission.`,
    where: 'body/scopes',
    remedy: `Use some of: ${allPermissions.join(', ')}.`,
  })
}
