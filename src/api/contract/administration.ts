import { z } from 'zod'
import { resourceKinds } from '#kernel'
import { pageOf, paging, time, timeGiven } from './basics.ts'

const kindNames = Object.keys(resourceKinds) as [keyof typeof resourceKinds]
const namedBy = 'Who that is now; `somebody` for those who may not see people.'
export const resourceKind = z.enum(kindNames).meta({ id: 'ResourceKind' })

export const resourceSummary = z
  .object({
    kind: resourceKind,
    name: z.string(),
    project: z.string(),
    revision: z.number(),
    digest: z.string(),
    labels: z.array(z.string()),
    updatedAt: time,
    updatedBy: z.string(),
    updatedByName: z.string().describe(namedBy),
  })
  .meta({ id: 'ResourceSummary' })

export const resourceDetail = resourceSummary
  .extend({ spec: z.record(z.string(), z.unknown()), yaml: z.string(), message: z.string() })
  .meta({ id: 'Resource' })

export const resourceHistoryEntry = z
  .object({
    revision: z.number(),
    digest: z.string(),
    message: z.string(),
    createdAt: time,
    createdBy: z.string(),
    createdByName: z.string().describe(namedBy),
    labels: z.array(z.string()),
    current: z.boolean(),
  })
  .meta({ id: 'ResourceVersionSummary' })

export const applyRequest = z
  .object({
    yaml: z.string().max(1_048_576),
    file: z.string().default('input.yaml').describe('Name shown in errors.'),
    dryRun: z.boolean().default(false),
    message: z.string().max(2_000).default(''),
    expectedRevisions: z
      .record(z.string(), z.number())
      .optional()
      .describe('`Kind/name` to the revision the change is based on; a mismatch is CONFLICT.'),
  })
  .meta({
    id: 'ApplyRequest',
    description:
      '`yaml` may hold several documents. Nothing is applied when any is invalid, or with `dryRun`.',
  })

export const applyResult = z
  .object({
    dryRun: z.boolean(),
    results: z.array(
      z.object({
        kind: resourceKind,
        name: z.string(),
        outcome: z.enum(['created', 'changed', 'unchanged']),
        revision: z.number(),
        digest: z.string(),
        diff: z.string().describe('Unified diff of the canonical YAML; empty when unchanged.'),
      }),
    ),
    auditSeq: z.number().nullable(),
  })
  .meta({ id: 'ApplyResult' })

export const user = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    groups: z.array(z.string()),
    roles: z.array(z.string()),
    disabled: z.boolean(),
    hasPassword: z.boolean(),
    createdAt: time,
    lastSeenAt: time.nullable(),
  })
  .meta({ id: 'User' })

export const userCreate = z
  .object({
    email: z.email(),
    name: z.string().min(1).max(200),
    groups: z.array(z.string()).max(100).default([]),
    roles: z.array(z.string()).max(20).default(['member']),
  })
  .meta({ id: 'UserCreate' })

export const userChange = z
  .object({
    name: z.string().min(1).max(200).optional(),
    groups: z.array(z.string()).max(100).optional(),
    roles: z.array(z.string()).max(20).optional(),
    disabled: z.boolean().optional(),
  })
  .meta({ id: 'UserChange' })

export const group = z
  .object({ name: z.string(), description: z.string(), members: z.number() })
  .meta({ id: 'Group' })

export const apiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string(),
    userId: z.string(),
    userName: z.string(),
    scopes: z.array(z.string()),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable(),
    revokedAt: time.nullable(),
  })
  .meta({ id: 'ApiKey' })

export const apiKeyCreate = z
  .object({
    name: z.string().min(1).max(200),
    scopes: z.array(z.string()).max(100).default([]).describe('Empty: everything the user may do.'),
    expiresAt: time.optional(),
    userId: z.string().optional().describe("Another user's key needs `people.write`."),
  })
  .meta({ id: 'ApiKeyCreate' })

export const apiKeyCreated = apiKey.extend({ secret: z.string() }).meta({
  id: 'ApiKeyCreated',
  description: 'The secret is shown in this response and never again.',
})

export const me = z
  .object({
    id: z.string(),
    email: z.string(),
    name: z.string(),
    kind: z.enum(['user', 'service', 'system']),
    organization: z.object({ id: z.string(), name: z.string() }),
    groups: z.array(z.string()),
    roles: z.array(z.string()),
    permissions: z.array(z.string()),
    hasPassword: z.boolean(),
  })
  .meta({ id: 'Me' })

export const signInRequest = z
  .union([
    // Any address that is stored may sign in, also `owner@localhost`; one that is not is refused like a wrong password.
    z.object({ email: z.string().min(1).max(320), password: z.string().min(1).max(1_000) }),
    z.object({ token: z.string().min(10).max(200) }),
  ])
  .meta({ id: 'SignInRequest' })

export const auditEvent = z
  .object({
    seq: z.number(),
    at: time,
    kind: z.string(),
    actor: z.string(),
    actorName: z.string().describe(namedBy),
    target: z.string(),
    targetName: z
      .string()
      .nullable()
      .describe('What it is called now, where the caller may see that and it has a name.'),
    outcome: z.string(),
    details: z.record(z.string(), z.unknown()),
    personal: z
      .union([z.record(z.string(), z.unknown()), z.literal('erased'), z.literal('hidden')])
      .optional()
      .describe(
        'Decrypted for those who may see it; `erased` after erasure; absent where there is none.',
      ),
    leafHash: z.string(),
  })
  .meta({ id: 'AuditEvent' })

export const auditQuery = paging.extend({
  kind: z.string().optional(),
  actor: z.string().optional(),
  target: z.string().optional(),
  from: timeGiven.optional(),
  to: timeGiven.optional(),
  search: z.string().max(200).optional(),
})

export const auditState = z
  .object({
    size: z.number(),
    origin: z.string(),
    vkey: z.string().describe('Public key in C2SP vkey notation.'),
    checkpoint: z.object({ size: z.number(), note: z.string(), at: time }).nullable(),
    kinds: z
      .array(z.object({ kind: z.string(), what: z.string() }))
      .describe('Every kind of event that may be in the log.'),
  })
  .meta({ id: 'AuditState' })

export const auditActors = z.object({
  items: z.array(
    z
      .object({
        id: z.string(),
        kind: z.enum(['user', 'key', 'server']),
        name: z.string(),
        note: z.string(),
      })
      .meta({ id: 'AuditActor' }),
  ),
})

export const systemStatus = z
  .object({
    version: z.string(),
    engine: z.enum(['pglite', 'postgres']),
    chatModel: z.object({ name: z.string(), note: z.string() }),
    dense: z.object({ embedder: z.string().nullable(), off: z.string().nullable() }),
    sample: z.boolean(),
    uptimeSeconds: z.number(),
    offers: z.array(z.object({ name: z.string(), note: z.string(), yaml: z.string() })),
  })
  .meta({ id: 'SystemStatus' })

export const doctorReport = z
  .object({
    ok: z.boolean(),
    checks: z.array(
      z.object({
        name: z.string(),
        result: z.enum(['ok', 'warning', 'failed']),
        detail: z.string(),
        remedy: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'DoctorReport' })

export const resourcePage = pageOf(resourceSummary)
export const resourceHistory = pageOf(resourceHistoryEntry)
export const userPage = pageOf(user)
export const groupPage = pageOf(group)
export const apiKeyPage = pageOf(apiKey)
export const auditPage = pageOf(auditEvent)
export const resourceQuery = paging.extend({
  kind: resourceKind.optional(),
  project: z.string().optional(),
  search: z.string().max(200).optional(),
})
