import type { Json, Principal } from '#kernel'
import type { Tx } from '../store.ts'

/** What the audit log is told about a change of resources; `appendAuditAll` of governance takes it as it is. */
export interface ResourceEvent {
  kind: 'resource.applied' | 'resource.labelled' | 'resource.rolled-back' | 'resource.deleted'
  actor: { kind: Principal['kind']; id: string; userId?: string }
  target: { kind: string; id: string }
  details: { [key: string]: Json }
  requestId?: string
}

/**
 * Writes audit events inside the transaction of what they record. The store stands below the audit log, so it is
 * handed in: `(tx, events) => appendAuditAll(tx, events, { sealer })`.
 */
export type AppendAudit<E = ResourceEvent> = (
  tx: Tx,
  events: readonly E[],
) => Promise<{ first: number; count: number }>

/** Who changes something, and where it is recorded. */
export interface By<E = ResourceEvent> {
  principal: Principal
  appendAudit: AppendAudit<E>
  requestId?: string
}

/** An audit event of a change, with its actor. */
export function eventBy(
  by: Pick<By, 'principal' | 'requestId'>,
  event: Omit<ResourceEvent, 'actor' | 'requestId'>,
): ResourceEvent {
  const { kind, id, userId } = by.principal
  return {
    ...event,
    actor: userId === id ? { kind, id } : { kind, id, userId },
    ...(by.requestId && { requestId: by.requestId }),
  }
}
