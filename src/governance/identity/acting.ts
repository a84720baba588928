import { type Clock, holds, type Permission, PlinthError, systemClock } from '#kernel'
import { type By, bumpAccessEpoch, type Tx } from '#store'
import { type AuditEventInput, actorOf } from '../audit/events.ts'

/**
 * Who changes people, keys or rights, and where it is recorded:
 * `appendAudit: (tx, events) => appendAuditAll(tx, events, { sealer })`.
 */
export interface Acting extends By<AuditEventInput> {
  /** Default: the system's clock. */
  clock?: Clock
}

/**
 * Begins a change of access: from here to the end of the transaction no other change of access runs, and when it
 * commits, every cached principal of the organization is out of date on every server.
 * Locks are always taken in this order: resource_epoch, access_epoch, audit_tree.
 */
export async function beginAccessChange(tx: Tx): Promise<void> {
  await bumpAccessEpoch(tx)
}

/** Records what was done. Returns the sequence number of the last event. */
export async function record(
  tx: Tx,
  by: Acting,
  ...events: Omit<AuditEventInput, 'actor' | 'requestId'>[]
): Promise<number> {
  const actor = actorOf(by.principal)
  const { first, count } = await by.appendAudit(
    tx,
    events.map((event) => ({
      ...event,
      actor,
      ...(by.requestId && { requestId: by.requestId }),
    })),
  )
  return first + count - 1
}

export function nowOf({ clock }: { clock?: Clock | undefined }): Date {
  return (clock ?? systemClock).now()
}

/** Throws FORBIDDEN where the acting principal lacks a permission in the organization. */
export function requireHeld(
  { principal }: Pick<Acting, 'principal'>,
  permission: Permission,
): void {
  if (holds(principal, permission)) return
  throw new PlinthError('FORBIDDEN', {
    detail: `${principal.id} lacks ${permission}.`,
  })
}
