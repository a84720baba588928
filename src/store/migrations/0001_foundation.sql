-- Every table carries organization_id: the tenant boundary. Policies at the end of this file are the second
-- wall (the first is the store's own scope, src/store/scope.ts); they bind every role but superusers.

create table organization (
  organization_id text primary key,
  name text not null unique,
  created_at timestamptz not null default now()
);

create table project (
  organization_id text not null references organization,
  name text not null,
  description text not null default '',
  created_at timestamptz not null default now(),
  primary key (organization_id, name)
);

-- People and keys -----------------------------------------------------------------------------------------

create table app_user (
  organization_id text not null references organization,
  id text primary key,
  email text not null,
  name text not null,
  password_hash text,
  disabled_at timestamptz,
  created_at timestamptz not null default now(),
  last_seen_at timestamptz,
  unique (organization_id, email)
);

create table user_group (
  organization_id text not null references organization,
  name text not null,
  description text not null default '',
  created_at timestamptz not null default now(),
  primary key (organization_id, name)
);

create table group_member (
  organization_id text not null references organization,
  group_name text not null,
  user_id text not null references app_user (id) on delete cascade,
  primary key (organization_id, group_name, user_id),
  foreign key (organization_id, group_name) references user_group (organization_id, name) on delete cascade
);
create index group_member_user on group_member (organization_id, user_id);

-- Who holds which role: subject is user:<id> or group:<name>; project '*' means the whole organization.
create table role_binding (
  organization_id text not null references organization,
  subject text not null,
  role text not null,
  project text not null default '*',
  created_at timestamptz not null default now(),
  primary key (organization_id, subject, role, project)
);

create table api_key (
  organization_id text not null references organization,
  id text primary key,
  name text not null,
  prefix text not null,
  key_hmac bytea not null unique,
  user_id text not null references app_user (id) on delete cascade,
  scopes text[] not null default '{}',
  created_by text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);
create index api_key_user on api_key (organization_id, user_id);

create table session (
  organization_id text not null references organization,
  id text primary key,
  token_hmac bytea not null unique,
  user_id text not null references app_user (id) on delete cascade,
  user_agent text not null default '',
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  revoked_at timestamptz
);

-- One-time sign-in links (and invitations): the token's HMAC only.
create table sign_in_link (
  organization_id text not null references organization,
  id text primary key,
  token_hmac bytea not null unique,
  user_id text not null references app_user (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz
);

-- Any change that can alter what a principal may do bumps this: caches of principals carry it.
create table access_epoch (
  organization_id text primary key references organization,
  epoch bigint not null default 0
);

-- Resources -----------------------------------------------------------------------------------------------

create table resource (
  organization_id text not null references organization,
  kind text not null,
  name text not null,
  project text not null default 'default',
  revision integer not null,
  digest text not null,
  deleted_at timestamptz,
  updated_at timestamptz not null default now(),
  primary key (organization_id, kind, name)
);

create table resource_version (
  organization_id text not null references organization,
  kind text not null,
  name text not null,
  revision integer not null,
  project text not null,
  digest text not null,
  spec jsonb not null,
  message text not null default '',
  created_by text not null,
  created_at timestamptz not null default now(),
  primary key (organization_id, kind, name, revision),
  foreign key (organization_id, kind, name) references resource (organization_id, kind, name)
    deferrable initially deferred
);
create index resource_version_digest on resource_version (organization_id, kind, name, digest);

create table resource_label (
  organization_id text not null references organization,
  kind text not null,
  name text not null,
  label text not null,
  revision integer not null,
  updated_at timestamptz not null default now(),
  primary key (organization_id, kind, name, label),
  foreign key (organization_id, kind, name, revision)
    references resource_version (organization_id, kind, name, revision)
);

-- Bumped by every change of a resource: the compiled snapshot in memory carries it.
create table resource_epoch (
  organization_id text primary key references organization,
  epoch bigint not null default 0
);

-- Knowledge -----------------------------------------------------------------------------------------------

-- Documents share few distinct sets of readers; a query evaluates the sets, not the documents.
create table permission_set (
  organization_id text not null references organization,
  id integer generated always as identity primary key,
  readers text[] not null,
  digest text not null,
  unique (organization_id, digest)
);

create table document (
  organization_id text not null references organization,
  id text primary key,
  knowledge_base text not null,
  source text not null,
  external_id text not null,
  title text not null,
  location text not null default '',
  permission_set_id integer not null references permission_set (id),
  -- current version; null until the first one is indexed
  version_id text,
  change_mark text,
  state text not null default 'pending',
  error jsonb,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  deleted_at timestamptz,
  check (state in ('pending', 'ready', 'failed'))
);
create unique index document_external on document (organization_id, source, external_id) where deleted_at is null;
create index document_base on document (organization_id, knowledge_base, id) where deleted_at is null;

create table document_version (
  organization_id text not null references organization,
  id text primary key,
  document_id text not null references document (id),
  number integer not null,
  content_digest text not null,
  settings_digest text not null,
  media_type text not null,
  parser text not null,
  bytes bigint not null,
  language text not null default 'en',
  -- objects: the original as received, and the parsed document (text, blocks, pages, boxes) as stored
  original_key text not null,
  parsed_key text not null,
  text_chars integer not null,
  page_count integer,
  chunk_count integer not null default 0,
  warnings jsonb not null default '[]',
  findings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (document_id, number)
);

create table chunk (
  organization_id text not null references organization,
  id bigint generated always as identity primary key,
  knowledge_base text not null,
  document_id text not null references document (id),
  document_version_id text not null references document_version (id),
  ordinal integer not null,
  start_offset integer not null,
  end_offset integer not null,
  page integer,
  page_end integer,
  kind text not null,
  heading_path text[] not null default '{}',
  context text not null default '',
  text text not null,
  search_text text not null,
  tokens integer not null,
  -- the knowledge base's epoch in which this chunk became visible, or disappeared
  epoch bigint not null,
  unique (document_version_id, ordinal)
);
create index chunk_epoch on chunk (organization_id, knowledge_base, epoch, id);
create index chunk_document on chunk (document_id);

-- (chunk, model) -> vector: float32 little-endian. A new model is filled in beside the old one.
create table embedding (
  organization_id text not null references organization,
  chunk_id bigint not null references chunk (id) on delete cascade,
  model text not null,
  knowledge_base text not null,
  epoch bigint not null,
  vector bytea not null,
  primary key (chunk_id, model)
);
create index embedding_epoch on embedding (organization_id, knowledge_base, model, epoch);

-- What a search index must forget or re-read, by epoch: removed documents and versions, changed readers.
create table index_change (
  organization_id text not null references organization,
  knowledge_base text not null,
  epoch bigint not null,
  document_id text not null,
  change text not null,
  created_at timestamptz not null default now(),
  primary key (organization_id, knowledge_base, epoch, document_id, change),
  check (change in ('removed', 'replaced', 'readers', 'metadata'))
);

-- One row per knowledge base, locked by every writer: epochs become visible in order.
create table knowledge_epoch (
  organization_id text not null references organization,
  knowledge_base text not null,
  epoch bigint not null default 0,
  primary key (organization_id, knowledge_base)
);

create table index_segment (
  organization_id text not null references organization,
  knowledge_base text not null,
  id text not null,
  from_epoch bigint not null,
  to_epoch bigint not null,
  object_key text not null,
  digest text not null,
  bytes bigint not null,
  created_at timestamptz not null default now(),
  primary key (organization_id, knowledge_base, id)
);

-- Files received in parts or whole, before they become documents.
create table upload (
  organization_id text not null references organization,
  id text primary key,
  source text not null,
  name text not null,
  size bigint not null,
  received bigint not null default 0,
  object_key text not null,
  state text not null default 'receiving',
  digest text,
  metadata jsonb not null default '{}',
  readers text[],
  created_by text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create table vault_entry (
  organization_id text not null references organization,
  id text primary key,
  document_version_id text references document_version (id) on delete cascade,
  conversation_id text,
  placeholder text not null,
  entity text not null,
  -- HMAC of the value: the same value gets the same placeholder within one scope
  value_hmac bytea not null,
  sealed bytea not null,
  created_at timestamptz not null default now()
);
create index vault_entry_version on vault_entry (document_version_id, placeholder);
create index vault_entry_conversation on vault_entry (organization_id, conversation_id, placeholder);

-- Durable work --------------------------------------------------------------------------------------------

create table job (
  organization_id text not null references organization,
  id text primary key,
  parent_id text references job (id) on delete cascade,
  kind text not null,
  -- one live job per key: a second request for the same work joins the first
  dedupe_key text,
  input jsonb not null,
  state text not null default 'queued',
  priority integer not null default 100,
  attempt integer not null default 0,
  max_attempts integer not null default 5,
  run_at timestamptz not null default now(),
  lease_owner text,
  lease_until timestamptz,
  cancel_requested boolean not null default false,
  progress jsonb not null default '{}',
  result jsonb,
  error jsonb,
  created_by text not null,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  check (state in ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled'))
);
create index job_claim on job (priority, run_at) where state in ('queued', 'running');
create index job_parent on job (parent_id, state);
create index job_list on job (organization_id, created_at desc);
create unique index job_dedupe on job (organization_id, kind, dedupe_key)
  where state in ('queued', 'running', 'waiting');

-- The stored result of each finished step: a job taken over goes on after the last one.
create table job_step (
  organization_id text not null references organization,
  job_id text not null references job (id) on delete cascade,
  name text not null,
  result jsonb,
  created_at timestamptz not null default now(),
  primary key (job_id, name)
);

-- A side effect: intent committed before, outcome after (src/store/jobs).
create table job_effect (
  organization_id text not null references organization,
  job_id text not null references job (id) on delete cascade,
  name text not null,
  idempotency_key text not null,
  intent jsonb not null,
  outcome jsonb,
  created_at timestamptz not null default now(),
  finished_at timestamptz,
  primary key (job_id, name)
);

-- Conversations and traces --------------------------------------------------------------------------------

create table conversation (
  organization_id text not null references organization,
  id text primary key,
  user_id text not null references app_user (id) on delete cascade,
  assistant text not null,
  title text not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create index conversation_user on conversation (organization_id, user_id, updated_at desc);

create table message (
  organization_id text not null references organization,
  id text primary key,
  conversation_id text not null references conversation (id) on delete cascade,
  ordinal integer not null,
  role text not null,
  content text not null,
  outcome text,
  citations jsonb not null default '[]',
  trace_id text,
  created_at timestamptz not null default now(),
  unique (conversation_id, ordinal)
);

create table trace (
  organization_id text not null references organization,
  id text primary key,
  kind text not null,
  name text not null,
  principal_id text not null,
  user_id text,
  assistant text,
  document_id text,
  job_id text,
  outcome text not null,
  release_digest text,
  snapshot_digest text,
  audit_seq bigint,
  started_at timestamptz not null,
  duration_ms double precision not null,
  input_tokens integer,
  output_tokens integer,
  cost_usd double precision,
  -- the span tree and what the steps saw, masked before it is stored
  spans jsonb not null,
  detail jsonb not null
);
create index trace_list on trace (organization_id, started_at desc, id);
create index trace_user on trace (organization_id, user_id, started_at desc);
create index trace_document on trace (document_id) where document_id is not null;

create table feedback (
  organization_id text not null references organization,
  id text primary key,
  trace_id text not null references trace (id) on delete cascade,
  message_id text,
  user_id text not null,
  rating integer not null,
  comment text not null default '',
  created_at timestamptz not null default now(),
  unique (trace_id, user_id),
  check (rating in (-1, 1))
);

-- Audit ---------------------------------------------------------------------------------------------------

create table audit_tree (
  organization_id text primary key references organization,
  size bigint not null default 0,
  -- roots of the complete subtrees of the tree so far, largest first, 32 bytes each (RFC 6962)
  frontier bytea not null default ''
);

create table audit_event (
  organization_id text not null references organization,
  seq bigint not null,
  at timestamptz not null,
  kind text not null,
  actor_id text not null,
  target text not null default '',
  canonical text not null,
  leaf_hash bytea not null,
  primary key (organization_id, seq)
);
create index audit_event_kind on audit_event (organization_id, kind, seq);
create index audit_event_actor on audit_event (organization_id, actor_id, seq);
create index audit_event_target on audit_event (organization_id, target, seq);

create table audit_checkpoint (
  organization_id text not null references organization,
  size bigint not null,
  root bytea not null,
  note text not null,
  at timestamptz not null default now(),
  primary key (organization_id, size)
);

create table audit_subject_key (
  organization_id text not null references organization,
  subject_id text not null,
  sealed_key bytea,
  created_at timestamptz not null default now(),
  erased_at timestamptz,
  primary key (organization_id, subject_id)
);

-- The same request sent twice gets the first answer.
create table idempotency_key (
  organization_id text not null references organization,
  principal_id text not null,
  key text not null,
  request_digest text not null,
  status integer,
  response jsonb,
  created_at timestamptz not null default now(),
  primary key (organization_id, principal_id, key)
);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of % are append-only', tg_table_name using errcode = '23001';
end $$;
create trigger audit_event_append_only before update or delete on audit_event
  for each row execute function refuse_change();
create trigger resource_version_append_only before update or delete on resource_version
  for each row execute function refuse_change();

-- The second wall. `plinth.organization_id` is set per transaction; '*' is the server's own cross-tenant work.
do $$
declare t text;
begin
  for t in select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
           where c.relkind = 'r' and n.nspname = current_schema() loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy tenant on %I using (organization_id = current_setting(''plinth.organization_id'', true)
      or current_setting(''plinth.organization_id'', true) = ''*'')', t);
  end loop;
end $$;
