import { type Sight, sightOf } from '#data'
import { type Constraint, forbidden } from '#governance'
import type { Permission, RequestContext } from '#kernel'
import type { ApiHouse } from '../house.ts'

/** Which documents the caller may see under a permission that the route has checked already. */
export async function constraintOf(
  house: ApiHouse,
  context: Pick<RequestContext, 'organizationId' | 'principal'>,
  permission: Permission = 'documents.read',
): Promise<Constraint> {
  const decision = await house.authorizer.authorize(context, { permission })
  if (decision.denied) throw forbidden(decision)
  return decision.constraint
}

/** The constraint together with what the bases mask for the caller: what of stored records the caller may see. */
export async function sightIn(
  house: ApiHouse,
  context: Pick<RequestContext, 'organizationId' | 'principal'>,
  permission: Permission,
): Promise<Sight> {
  const constraint = await constraintOf(house, context, permission)
  const snapshot = await house.snapshots.get(context.organizationId)
  return sightOf(snapshot, context.principal, constraint)
}
