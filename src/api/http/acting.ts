import type { Acting } from '#governance'
import type { RequestContext } from '#kernel'
import type { ApiHouse } from '../house.ts'

/** Who changes people, keys or resources in this request, and where it is recorded. */
export function actingOf(house: ApiHouse, { principal, requestId }: RequestContext): Acting {
  return { principal, requestId, clock: house.clock, appendAudit: house.appendAudit }
}
