import type { Paging } from './basics.ts'

export type ResourceKind =
  | 'KnowledgeBase'
  | 'Source'
  | 'Prompt'
  | 'Provider'
  | 'Model'
  | 'Route'
  | 'Assistant'
  | 'Guardrail'
  | 'Role'

export interface ResourceSummary {
  kind: ResourceKind
  name: string
  project: string
  revision: number
  digest: string
  labels: string[]
  updatedAt: string
  updatedBy: string
}

export interface ResourceDetail extends ResourceSummary {
  spec: Record<string, unknown>
  yaml: string
  message: string
}

export interface ResourceHistoryEntry {
  revision: number
  digest: string
  message: string
  createdAt: string
  createdBy: string
  labels: string[]
  current: boolean
}

export interface ResourceDiff {
  /** Unified diff of the canonical YAML. */
  diff: string
  from: unknown
  to: unknown
}

export interface ResourceQuery extends Paging {
  kind?: ResourceKind | undefined
  project?: string | undefined
  search?: string | undefined
}

export interface ApplyRequest {
  /** May hold several documents; nothing is applied when any is invalid. */
  yaml: string
  file?: string
  dryRun?: boolean
  message?: string
  /** `Kind/name` to the revision the change is based on; a mismatch is CONFLICT. */
  expectedRevisions?: Record<string, number>
}

export interface ApplyResult {
  dryRun: boolean
  results: {
    kind: ResourceKind
    name: string
    outcome: 'created' | 'changed' | 'unchanged'
    revision: number
    digest: string
    diff: string
  }[]
  auditSeq: number | null
}

export interface User {
  id: string
  email: string
  name: string
  groups: string[]
  roles: string[]
  disabled: boolean
  hasPassword: boolean
  createdAt: string
  lastSeenAt: string | null
}

export interface UserCreate {
  email: string
  name: string
  groups?: string[]
  roles?: string[]
}

export interface UserChange {
  name?: string
  groups?: string[]
  roles?: string[]
  disabled?: boolean
}

export interface SignInLink {
  signInLink: string
  expiresAt?: string
}

export interface Group {
  name: string
  description: string
  members: number
}

export interface ApiKey {
  id: string
  name: string
  prefix: string
  userId: string
  userName: string
  scopes: string[]
  createdAt: string
  expiresAt: string | null
  lastUsedAt: string | null
  revokedAt: string | null
}

export interface ApiKeyCreate {
  name: string
  /** Empty: everything the user may do. */
  scopes?: string[]
  expiresAt?: string
  userId?: string
}

/** The secret is shown in this response and never again. */
export interface ApiKeyCreated extends ApiKey {
  secret: string
}

export interface Me {
  id: string
  email: string
  name: string
  kind: 'user' | 'service' | 'system'
  organization: { id: string; name: string }
  groups: string[]
  roles: string[]
  permissions: string[]
  hasPassword: boolean
}

export type SignInRequest = { email: string; password: string } | { token: string }

export interface AuditEvent {
  seq: number
  at: string
  kind: string
  actor: string
  actorName: string | null
  target: string
  outcome: string
  details: Record<string, unknown>
  personal?: Record<string, unknown> | 'erased' | 'hidden'
  leafHash: string
}

export interface AuditEventProof extends AuditEvent {
  proof: { treeSize: number; hashes: string[]; checkpoint: string | null }
}

export interface AuditQuery extends Paging {
  kind?: string | undefined
  actor?: string | undefined
  target?: string | undefined
  from?: string | undefined
  to?: string | undefined
  search?: string | undefined
}

export interface AuditState {
  size: number
  origin: string
  /** Public key in C2SP vkey notation. */
  vkey: string
  checkpoint: { size: number; note: string; at: string } | null
}

export interface SystemStatus {
  version: string
  engine: 'pglite' | 'postgres'
  chatModel: { name: string; note: string }
  dense: { embedder: string | null; off: string | null }
  sample: boolean
  uptimeSeconds: number
  offers: { name: string; note: string; yaml: string }[]
}

export interface DoctorReport {
  ok: boolean
  checks: {
    name: string
    result: 'ok' | 'warning' | 'failed'
    detail: string
    remedy: string | null
  }[]
}
