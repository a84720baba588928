import type { ColumnType, Generated } from 'kysely'

/** Set by the scope (src/store/scope.ts) on insert, never by callers. */
type Organization = ColumnType<string, string | undefined, never>
/** Column with a database default. */
type Defaulted<T> = ColumnType<T, T | undefined, T>
type Time = ColumnType<Date, Date | string | undefined, Date | string>
type NullableTime = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>
type Json<T> = ColumnType<T, string, string>
type DefaultedJson<T> = ColumnType<T, string | undefined, string>
type NullableJson<T> = ColumnType<T | null, string | null | undefined, string | null>
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>

interface Tenant {
  organization_id: Organization
}

interface BudgetWindow {
  budget: string
  subject: string
  window_start: Time
}

export interface StoredError {
  code: string
  detail: string
  where?: string
  remedy?: string
}

/** The tables of `migrations/*.sql`, as Kysely reads and writes them. JSON is written with `JSON.stringify`. */
export interface Schema {
  organization: Tenant & { name: string; created_at: Time; model_approvers: Defaulted<number> }
  project: Tenant & { name: string; description: Defaulted<string>; created_at: Time }
  app_user: Tenant & {
    id: string
    email: string
    name: string
    password_hash: Nullable<string>
    disabled_at: NullableTime
    created_at: Time
    last_seen_at: NullableTime
  }
  user_group: Tenant & { name: string; description: Defaulted<string>; created_at: Time }
  group_member: Tenant & { group_name: string; user_id: string }
  role_binding: Tenant & {
    subject: string
    role: string
    project: Defaulted<string>
    created_at: Time
  }
  api_key: Tenant & {
    id: string
    name: string
    prefix: string
    key_hmac: Uint8Array
    user_id: string
    scopes: Defaulted<string[]>
    created_by: string
    created_at: Time
    expires_at: NullableTime
    last_used_at: NullableTime
    revoked_at: NullableTime
  }
  session: Tenant & {
    id: string
    token_hmac: Uint8Array
    user_id: string
    user_agent: Defaulted<string>
    created_at: Time
    expires_at: Time
    revoked_at: NullableTime
  }
  sign_in_link: Tenant & {
    id: string
    token_hmac: Uint8Array
    user_id: string
    created_at: Time
    expires_at: Time
    used_at: NullableTime
  }
  access_epoch: Tenant & { epoch: Defaulted<number> }
  resource: Tenant & {
    kind: string
    name: string
    project: Defaulted<string>
    revision: number
    digest: string
    deleted_at: NullableTime
    updated_at: Time
  }
  resource_version: Tenant & {
    kind: string
    name: string
    revision: number
    project: string
    digest: string
    spec: Json<Record<string, unknown>>
    message: Defaulted<string>
    created_by: string
    created_at: Time
  }
  resource_label: Tenant & {
    kind: string
    name: string
    label: string
    revision: number
    updated_at: Time
  }
  resource_epoch: Tenant & { epoch: Defaulted<number>; caches: Defaulted<number> }
  permission_set: Tenant & { id: Generated<number>; readers: string[]; digest: string }
  document: Tenant & {
    id: string
    knowledge_base: string
    source: string
    external_id: string
    title: string
    location: Defaulted<string>
    permission_set_id: number
    version_id: Nullable<string>
    change_mark: Nullable<string>
    state: Defaulted<'pending' | 'ready' | 'failed'>
    error: NullableJson<StoredError>
    /** As it was read last, masked where the base masks. */
    metadata: DefaultedJson<Record<string, unknown>>
    /** Title and metadata as they came with it: for reading it again, never shown. */
    given: DefaultedJson<Record<string, unknown>>
    created_at: Time
    updated_at: Time
    deleted_at: NullableTime
  }
  document_version: Tenant & {
    id: string
    document_id: string
    number: number
    content_digest: string
    settings_digest: string
    media_type: string
    parser: string
    bytes: number
    language: Defaulted<string>
    original_key: string
    parsed_key: string
    masked: Defaulted<boolean>
    text_chars: number
    page_count: Nullable<number>
    chunk_count: Defaulted<number>
    warnings: DefaultedJson<string[]>
    findings: DefaultedJson<Record<string, number>>
    created_at: Time
  }
  chunk: Tenant & {
    id: Generated<number>
    knowledge_base: string
    document_id: string
    document_version_id: string
    ordinal: number
    start_offset: number
    end_offset: number
    page: Nullable<number>
    page_end: Nullable<number>
    kind: string
    heading_path: Defaulted<string[]>
    context: Defaulted<string>
    text: string
    search_text: string
    tokens: number
    epoch: number
  }
  embedding: Tenant & {
    chunk_id: number
    model: string
    knowledge_base: string
    epoch: number
    vector: Uint8Array
  }
  index_change: Tenant & {
    knowledge_base: string
    epoch: number
    document_id: string
    change: 'removed' | 'replaced' | 'readers' | 'metadata'
    created_at: Time
  }
  knowledge_epoch: Tenant & { knowledge_base: string; epoch: Defaulted<number> }
  index_segment: Tenant & {
    knowledge_base: string
    id: string
    from_epoch: number
    to_epoch: number
    object_key: string
    digest: string
    bytes: number
    created_at: Time
  }
  upload: Tenant & {
    id: string
    source: string
    name: string
    size: number
    received: Defaulted<number>
    object_key: string
    state: Defaulted<string>
    digest: Nullable<string>
    metadata: DefaultedJson<Record<string, unknown>>
    readers: Nullable<string[]>
    created_by: string
    created_at: Time
    updated_at: Time
  }
  received_original: Tenant & { digest: string; bytes: number; created_at: Time }
  upload_use: Tenant & { stored: number }
  vault_entry: Tenant & {
    id: string
    document_version_id: Nullable<string>
    conversation_id: Nullable<string>
    placeholder: string
    entity: string
    value_hmac: Uint8Array
    sealed: Uint8Array
    created_at: Time
  }
  job: Tenant & {
    id: string
    parent_id: Nullable<string>
    kind: string
    dedupe_key: Nullable<string>
    input: Json<unknown>
    state: Defaulted<JobState>
    priority: Defaulted<number>
    attempt: Defaulted<number>
    max_attempts: Defaulted<number>
    run_at: Time
    lease_owner: Nullable<string>
    lease_until: NullableTime
    cancel_requested: Defaulted<boolean>
    progress: DefaultedJson<Record<string, unknown>>
    result: NullableJson<unknown>
    error: NullableJson<StoredError>
    created_by: string
    created_at: Time
    started_at: NullableTime
    finished_at: NullableTime
  }
  job_step: Tenant & {
    job_id: string
    name: string
    result: NullableJson<unknown>
    created_at: Time
  }
  job_effect: Tenant & {
    job_id: string
    name: string
    idempotency_key: string
    intent: Json<unknown>
    outcome: NullableJson<unknown>
    created_at: Time
    finished_at: NullableTime
  }
  conversation: Tenant & {
    id: string
    user_id: string
    assistant: string
    title: string
    created_at: Time
    updated_at: Time
  }
  message: Tenant & {
    id: string
    conversation_id: string
    ordinal: number
    role: 'user' | 'assistant'
    content: string
    outcome: Nullable<string>
    citations: DefaultedJson<unknown[]>
    unsupported: DefaultedJson<unknown[]>
    grounds: Defaulted<string[]>
    trace_id: Nullable<string>
    created_at: Time
  }
  stored_response: Tenant & {
    principal_id: string
    id: string
    previous_id: Nullable<string>
    item_ids: string[]
    input: string
    response: string
    bytes: number
    created_at: Time
    expires_at: Time
  }
  trace: Tenant & {
    id: string
    kind: string
    name: string
    principal_id: string
    user_id: Nullable<string>
    assistant: Nullable<string>
    document_id: Nullable<string>
    job_id: Nullable<string>
    outcome: string
    release_digest: Nullable<string>
    snapshot_digest: Nullable<string>
    audit_seq: Nullable<number>
    started_at: Time
    duration_ms: number
    input_tokens: Nullable<number>
    output_tokens: Nullable<number>
    cost_usd: Nullable<number>
    spans: Json<unknown[]>
    detail: Json<Record<string, unknown>>
  }
  feedback: Tenant & {
    id: string
    trace_id: string
    message_id: Nullable<string>
    user_id: string
    rating: number
    comment: Defaulted<string>
    created_at: Time
  }
  audit_tree: Tenant & { size: Defaulted<number>; frontier: Defaulted<Uint8Array> }
  audit_event: Tenant & {
    seq: number
    at: Time
    kind: string
    actor_id: string
    target: Defaulted<string>
    canonical: string
    leaf_hash: Uint8Array
  }
  audit_subtree: Tenant & { level: number; index: number; hash: Uint8Array }
  audit_checkpoint: Tenant & { size: number; root: Uint8Array; note: string; at: Time }
  audit_subject_key: Tenant & {
    subject_id: string
    sealed_key: Nullable<Uint8Array>
    created_at: Time
    erased_at: NullableTime
  }
  sign_in_attempt: Tenant & { key: string; used: number; updated_at: ColumnType<Date, Date, Date> }
  model_promotion: Tenant & {
    id: string
    model: string
    from_stage: Nullable<string>
    to_stage: string
    revision: number
    digest: string
    note: string
    state: 'open' | 'approved' | 'rejected'
    asked_by: string
    asked_user: string
    asked_at: Time
    decided_by: Nullable<string>
    decided_at: NullableTime
    decision_note: Nullable<string>
  }
  model_call: Tenant & {
    id: string
    at: Time
    door: string
    principal_id: string
    user_id: string
    project: string
    use_case: Nullable<string>
    asked: string
    model: Nullable<string>
    provider: Nullable<string>
    upstream_model: Nullable<string>
    streamed: boolean
    outcome: string
    error_code: Nullable<string>
    fault: Nullable<string>
    cache: Nullable<string>
    input_tokens: number
    cached_tokens: number
    output_tokens: number
    reasoning_tokens: number
    estimated: boolean
    cost_nanousd: Nullable<number>
    first_token_ms: Nullable<number>
    total_ms: number
    attempts: number
    snapshot_digest: Nullable<string>
    detail: NullableJson<Record<string, unknown>>
    booked_with: Nullable<string>
    saved_nanousd: Nullable<number>
    saved_tokens: Nullable<number>
  }
  budget_counter: Tenant &
    BudgetWindow & {
      spent_nanousd: Defaulted<number>
      spent_tokens: Defaulted<number>
      spent_requests: Defaulted<number>
      leased_nanousd: Defaulted<number>
      leased_tokens: Defaulted<number>
      leased_requests: Defaulted<number>
    }
  budget_lease: Tenant &
    BudgetWindow & {
      holder: string
      nanousd: number
      tokens: number
      requests: number
      expires_at: Time
    }
  idempotency_key: Tenant & {
    principal_id: string
    key: string
    request_digest: string
    rights: Defaulted<string>
    status: Nullable<number>
    response: NullableJson<unknown>
    created_at: Time
  }
}

export type JobState = 'queued' | 'running' | 'waiting' | 'succeeded' | 'failed' | 'cancelled'
export type TableName = keyof Schema
