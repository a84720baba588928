import { canonicalJson, type Json, limits, PlinthError, type Principal } from '#kernel'

/**
 * Every kind of event the audit log records. `docs/security/audit.md` has the same table; a test
 * compares the two. `action` is what was done in five words that filters can use across kinds.
 */
export const auditEvents = {
  'organization.created': { action: 'create', what: 'An organization was created' },
  'project.created': { action: 'create', what: 'A project was created' },
  'user.created': { action: 'create', what: 'A user was created or invited' },
  'user.changed': { action: 'update', what: 'A user’s name, address or password changed' },
  'user.disabled': { action: 'delete', what: 'A user may no longer sign in' },
  'user.enabled': { action: 'update', what: 'A disabled user may sign in again' },
  'group.changed': {
    action: 'update',
    what: 'A group was created, changed or deleted, or its members',
  },
  'role.granted': { action: 'update', what: 'A role was given to a user, group or key' },
  'role.revoked': { action: 'update', what: 'A role was taken away' },
  'link.created': { action: 'create', what: 'A one-time sign-in link was made' },
  'session.started': { action: 'use', what: 'Somebody signed in, or failed to' },
  'session.ended': { action: 'use', what: 'A session was ended by its user or an administrator' },
  'key.created': { action: 'create', what: 'An API key was created' },
  'key.revoked': { action: 'delete', what: 'An API key was revoked' },
  'access.denied': { action: 'use', what: 'A permission was missing; the rule is in the details' },
  'question.answered': {
    action: 'use',
    what: 'A question was answered, with its trace and release',
  },
  'question.declined': {
    action: 'use',
    what: 'A question was not answered: nothing found, or withheld',
  },
  'guardrail.blocked': { action: 'use', what: 'A guardrail withheld or changed what a model said' },
  'model.called': { action: 'use', what: 'Text is about to leave for a model endpoint' },
  'model.pulled': {
    action: 'create',
    what: 'A local model is about to be fetched, or one that was added is taken into use',
  },
  'documents.searched': { action: 'read', what: 'Documents were searched outside a question' },
  'document.ingested': {
    action: 'create',
    what: 'A document, or a new version, can be answered from',
  },
  'document.failed': { action: 'create', what: 'A document could not be read' },
  'document.opened': { action: 'read', what: 'An original or its text was opened' },
  'document.changed': { action: 'update', what: 'Readers or metadata of a document changed' },
  'document.removed': { action: 'delete', what: 'A document is no longer answered from' },
  'source.ran': { action: 'use', what: 'A source was scanned' },
  'upload.received': { action: 'create', what: 'A file or text was received' },
  'vault.revealed': { action: 'read', what: 'A masked value is about to be shown in the clear' },
  'resource.applied': { action: 'update', what: 'A resource was created or changed' },
  'resource.labelled': { action: 'update', what: 'A label was moved to a version' },
  'resource.rolled-back': { action: 'update', what: 'An earlier version became current again' },
  'resource.deleted': { action: 'delete', what: 'A resource was deleted' },
  'conversation.changed': { action: 'update', what: 'A conversation got another title' },
  'conversation.exported': { action: 'read', what: 'A conversation is about to be exported' },
  'conversation.deleted': { action: 'delete', what: 'A conversation was deleted' },
  'response.deleted': { action: 'delete', what: 'An answer kept for its caller was deleted' },
  'responses.expired': {
    action: 'delete',
    what: 'Answers that were kept for their callers long enough are about to be deleted',
  },
  'feedback.given': { action: 'create', what: 'An answer was rated' },
  'trace.opened': { action: 'read', what: 'Somebody else’s trace was opened' },
  'job.cancelled': { action: 'delete', what: 'Running work was cancelled' },
  'job.retried': { action: 'use', what: 'Failed work was started again' },
  'audit.exported': { action: 'read', what: 'The audit log is about to be exported' },
  'subject.revealed': {
    action: 'read',
    what: 'Personal data in an audit event is about to be shown',
  },
  'subject.erased': {
    action: 'delete',
    what: 'A subject’s key was destroyed, and its personal data with it',
  },
  'calls.booked': {
    action: 'use',
    what: 'Calls of models were booked, with the digest of their rows',
  },
  'calls.repriced': {
    action: 'update',
    what: 'Past calls of models were priced anew, with the digests of their batches before and after',
  },
  'calls.expired': {
    action: 'delete',
    what: 'Calls of models are about to be deleted, as old as the setting says',
  },
  'caches.purged': { action: 'delete', what: 'Everything that was kept of answers was forgotten' },
  'models.compared': {
    action: 'use',
    what: 'Models are about to be compared on the same questions',
  },
  'model.promotion-asked': { action: 'create', what: 'A Model was proposed for another stage' },
  'model.promoted': { action: 'update', what: 'A Model is about to move to another stage' },
  'model.promotion-rejected': { action: 'update', what: 'A proposed stage of a Model was refused' },
  'model.approvers-set': {
    action: 'update',
    what: 'How many people it takes to let a Model into production was changed',
  },
  'budget.alert': { action: 'use', what: 'A budget reached one of its alerts' },
  'backup.made': { action: 'read', what: 'A backup is about to be written' },
  'backup.restored': { action: 'update', what: 'The state was restored from a backup' },
} as const satisfies Record<string, { action: AuditAction; what: string }>

export type AuditKind = keyof typeof auditEvents
export type AuditAction = 'create' | 'read' | 'update' | 'delete' | 'use'

/**
 * `intended`: written before an effect outside the database; what follows names it in its details.
 */
export type AuditOutcome = 'intended' | 'done' | 'denied' | 'failed'

export interface AuditActor {
  kind: Principal['kind']
  /** `usr_…`, `key_…` or `system`. */
  id: string
  /** The user a key acts for, where that is somebody else. */
  userId?: string
}

/** What a caller records. Names, addresses and the like belong into `personal`, nowhere else. */
export interface AuditEventInput {
  kind: AuditKind
  actor: AuditActor
  /** What it was done to: `{kind: 'document', id: 'doc_…'}`. */
  target?: { kind: string; id: string }
  /** Default: `done`. */
  outcome?: AuditOutcome
  /** Facts without personal data: digests, counts, ids, rules. */
  details?: { [key: string]: Json }
  requestId?: string
  traceId?: string
  /** Encrypted with a key of its own for this subject, so that it can be erased. */
  personal?: { subjectId: string; data: Json }
}

/**
 * Personal data as it stands in an event: ciphertext, or a note that the subject had been erased
 * before.
 */
export type SealedPersonal =
  | { subject: string; iv: string; data: string }
  | { subject: string; erased: true }

/** An event as it stands in the log, in canonical JSON (RFC 8785). */
export interface AuditRecord {
  v: 1
  seq: number
  /** ISO 8601 in UTC, milliseconds, by the server's clock. */
  at: string
  organization: string
  kind: AuditKind
  action: AuditAction
  actor: AuditActor
  outcome: AuditOutcome
  target?: { kind: string; id: string }
  details?: { [key: string]: Json }
  request?: string
  trace?: string
  personal?: SealedPersonal
}

/** Who acts, from a request's principal. */
export function actorOf(principal: Principal): AuditActor {
  const { kind, id, userId } = principal
  return userId === id ? { kind, id } : { kind, id, userId }
}

/** The server itself. */
export const systemActor: AuditActor = { kind: 'system', id: 'system' }

/** `kind:id` of a target, as the table's column and the filters have it; empty without one. */
export function targetText(target: AuditEventInput['target']): string {
  return target ? `${target.kind}:${target.id}` : ''
}

/** The event of a sequence number. */
export function recordOf(
  event: AuditEventInput,
  place: { seq: number; at: Date; organization: string },
  personal: SealedPersonal | undefined,
): AuditRecord {
  return {
    v: 1,
    seq: place.seq,
    at: place.at.toISOString(),
    organization: place.organization,
    kind: event.kind,
    action: auditEvents[event.kind].action,
    actor: event.actor,
    outcome: event.outcome ?? 'done',
    ...(event.target && { target: event.target }),
    ...(event.details && { details: event.details }),
    ...(event.requestId && { request: event.requestId }),
    ...(event.traceId && { trace: event.traceId }),
    ...(personal && { personal }),
  }
}

/** Canonical text of a record. Throws TOO_LARGE over `limits.auditEventChars`. */
export function canonicalRecord(record: AuditRecord): string {
  const text = canonicalJson(record)
  if (text.length > limits.auditEventChars) {
    const detail = `The audit event ${record.kind} has ${text.length} characters, over auditEventChars (${limits.auditEventChars}).`
    throw new PlinthError('TOO_LARGE', {
      detail,
      remedy: 'Record digests and counts, not contents.',
    })
  }
  return text
}
