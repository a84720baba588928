import { denialOf, deniedEvent, forbidden } from '#governance'
import { type Permission, PlinthError, type RequestContext } from '#kernel'
import type { ApiHouse } from '../house.ts'

/** Records that a permission was missing and gives the error that says so. */
export async function denyAudited(
  house: ApiHouse,
  context: RequestContext,
  permission: Permission,
): Promise<PlinthError> {
  const { organizationId, principal, requestId } = context
  const denial = denialOf(principal, { permission })
  if (!denial) return new PlinthError('INTERNAL', `${permission} is held, and was refused.`)
  await house.store.within(organizationId, (tx) =>
    house.appendAudit(tx, [deniedEvent(denial, { principal, requestId })]),
  )
  return forbidden(denial)
}
