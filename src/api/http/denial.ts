import { denialOf, deniedEvent, forbidden } from '#governance'
import { type Permission, PlinthError, type RequestContext } from '#kernel'
import type { ApiHouse } from '../house.ts'
import type { Route } from './route.ts'

/** Records that a permission was missing, as its route does, and gives the error that says so. */
export async function denyAudited(
  house: ApiHouse,
  context: RequestContext,
  { permission, record }: { permission: Permission; record?: Route['refuse'] | undefined },
): Promise<PlinthError> {
  const { organizationId, principal, requestId } = context
  const denial = denialOf(principal, { permission })
  if (!denial) return new PlinthError('INTERNAL', `${permission} is held, and was refused.`)
  if (record) await record(context, house)
  else {
    await house.store.within(organizationId, (tx) =>
      house.appendAudit(tx, [deniedEvent(denial, { principal, requestId })]),
    )
  }
  return forbidden(denial)
}
