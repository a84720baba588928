import { type Constraint, forbidden } from '#governance'
import type { Permission, RequestContext } from '#kernel'
import type { ApiHouse } from '../house.ts'

/** Which documents the caller may see under a permission that the route has checked already. */
export async function constraintOf(
  house: ApiHouse,
  context: RequestContext,
  permission: Permission = 'documents.read',
): Promise<Constraint> {
  const decision = await house.authorizer.authorize(context, { permission })
  if (decision.denied) throw forbidden(decision)
  return decision.constraint
}
