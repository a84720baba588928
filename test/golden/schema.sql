create table access_epoch ( -- row-level security, forced
  organization_id text not null,
  epoch bigint not null default 0,
  constraint access_epoch_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint access_epoch_pkey PRIMARY KEY (organization_id)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table api_key ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  name text not null,
  prefix text not null,
  key_hmac bytea not null,
  user_id text not null,
  scopes text[] not null default '{}'::text[],
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint api_key_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint api_key_user_id_fkey FOREIGN KEY (user_id) REFERENCES app_user(id) ON DELETE CASCADE,
  constraint api_key_pkey PRIMARY KEY (id),
  constraint api_key_key_hmac_key UNIQUE (key_hmac)
)
CREATE INDEX api_key_user ON public.api_key USING btree (organization_id, user_id)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table app_user ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  email text not null,
  name text not null,
  password_hash text,
  disabled_at timestamp with time zone,
  created_at timestamp with time zone not null default now(),
  last_seen_at timestamp with time zone,
  constraint app_user_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint app_user_pkey PRIMARY KEY (id),
  constraint app_user_organization_id_email_key UNIQUE (organization_id, email)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table audit_checkpoint ( -- row-level security, forced
  organization_id text not null,
  size bigint not null,
  root bytea not null,
  note text not null,
  at timestamp with time zone not null default now(),
  constraint audit_checkpoint_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint audit_checkpoint_pkey PRIMARY KEY (organization_id, size)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -
CREATE TRIGGER audit_checkpoint_append_only BEFORE DELETE OR UPDATE ON public.audit_checkpoint FOR EACH ROW EXECUTE FUNCTION refuse_change()
CREATE TRIGGER audit_checkpoint_no_truncate BEFORE TRUNCATE ON public.audit_checkpoint FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

create table audit_event ( -- row-level security, forced
  organization_id text not null,
  seq bigint not null,
  at timestamp with time zone not null,
  kind text not null,
  actor_id text not null,
  target text not null default ''::text,
  canonical text not null,
  leaf_hash bytea not null,
  constraint audit_event_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint audit_event_pkey PRIMARY KEY (organization_id, seq)
)
CREATE INDEX audit_event_actor ON public.audit_event USING btree (organization_id, actor_id, seq)
CREATE INDEX audit_event_at ON public.audit_event USING btree (organization_id, at)
CREATE INDEX audit_event_kind ON public.audit_event USING btree (organization_id, kind, seq)
CREATE INDEX audit_event_target ON public.audit_event USING btree (organization_id, target, seq)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -
CREATE TRIGGER audit_event_append_only BEFORE DELETE OR UPDATE ON public.audit_event FOR EACH ROW EXECUTE FUNCTION refuse_change()
CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON public.audit_event FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

create table audit_subject_key ( -- row-level security, forced
  organization_id text not null,
  subject_id text not null,
  sealed_key bytea,
  created_at timestamp with time zone not null default now(),
  erased_at timestamp with time zone,
  constraint audit_subject_key_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint audit_subject_key_pkey PRIMARY KEY (organization_id, subject_id)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table audit_subtree ( -- row-level security, forced
  organization_id text not null,
  level smallint not null,
  index bigint not null,
  hash bytea not null,
  constraint audit_subtree_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint audit_subtree_pkey PRIMARY KEY (organization_id, level, index)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -
CREATE TRIGGER audit_subtree_append_only BEFORE DELETE OR UPDATE ON public.audit_subtree FOR EACH ROW EXECUTE FUNCTION refuse_change()
CREATE TRIGGER audit_subtree_no_truncate BEFORE TRUNCATE ON public.audit_subtree FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

create table audit_tree ( -- row-level security, forced
  organization_id text not null,
  size bigint not null default 0,
  frontier bytea not null default '\x'::bytea,
  constraint audit_tree_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint audit_tree_pkey PRIMARY KEY (organization_id)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -
CREATE TRIGGER audit_tree_grows BEFORE DELETE OR UPDATE ON public.audit_tree FOR EACH ROW EXECUTE FUNCTION refuse_shrinking_log()
CREATE TRIGGER audit_tree_no_truncate BEFORE TRUNCATE ON public.audit_tree FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()

create table budget_counter ( -- row-level security, forced
  organization_id text not null,
  budget text not null,
  subject text not null,
  window_start timestamp with time zone not null,
  spent_nanousd bigint not null default 0,
  spent_tokens bigint not null default 0,
  spent_requests bigint not null default 0,
  leased_nanousd bigint not null default 0,
  leased_tokens bigint not null default 0,
  leased_requests bigint not null default 0,
  constraint budget_counter_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint budget_counter_pkey PRIMARY KEY (organization_id, budget, subject, window_start)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table budget_lease ( -- row-level security, forced
  organization_id text not null,
  budget text not null,
  subject text not null,
  window_start timestamp with time zone not null,
  holder text not null,
  nanousd bigint not null,
  tokens bigint not null,
  requests bigint not null,
  expires_at timestamp with time zone not null,
  constraint budget_lease_organization_id_budget_subject_window_start_fkey FOREIGN KEY (organization_id, budget, subject, window_start) REFERENCES budget_counter(organization_id, budget, subject, window_start) ON DELETE CASCADE,
  constraint budget_lease_pkey PRIMARY KEY (organization_id, budget, subject, window_start, holder)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table chunk ( -- row-level security, forced
  organization_id text not null,
  id bigint not null identity,
  knowledge_base text not null,
  document_id text not null,
  document_version_id text not null,
  ordinal integer not null,
  start_offset integer not null,
  end_offset integer not null,
  page integer,
  page_end integer,
  kind text not null,
  heading_path text[] not null default '{}'::text[],
  context text not null default ''::text,
  text text not null,
  search_text text not null,
  tokens integer not null,
  epoch bigint not null,
  constraint chunk_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(id),
  constraint chunk_document_version_id_fkey FOREIGN KEY (document_version_id) REFERENCES document_version(id),
  constraint chunk_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint chunk_pkey PRIMARY KEY (id),
  constraint chunk_document_version_id_ordinal_key UNIQUE (document_version_id, ordinal)
)
CREATE INDEX chunk_document ON public.chunk USING btree (document_id)
CREATE INDEX chunk_epoch ON public.chunk USING btree (organization_id, knowledge_base, epoch, id)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table conversation ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  user_id text not null,
  assistant text not null,
  title text not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint conversation_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint conversation_user_id_fkey FOREIGN KEY (user_id) REFERENCES app_user(id) ON DELETE CASCADE,
  constraint conversation_pkey PRIMARY KEY (id)
)
CREATE INDEX conversation_user ON public.conversation USING btree (organization_id, user_id, updated_at DESC)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table document ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  knowledge_base text not null,
  source text not null,
  external_id text not null,
  title text not null,
  location text not null default ''::text,
  permission_set_id integer not null,
  version_id text,
  change_mark text,
  state text not null default 'pending'::text,
  error jsonb,
  metadata jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  deleted_at timestamp with time zone,
  given jsonb not null default '{}'::jsonb,
  constraint document_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'ready'::text, 'failed'::text]))),
  constraint document_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint document_permission_set_id_fkey FOREIGN KEY (permission_set_id) REFERENCES permission_set(id),
  constraint document_pkey PRIMARY KEY (id)
)
CREATE INDEX document_base ON public.document USING btree (organization_id, knowledge_base, id) WHERE (deleted_at IS NULL)
CREATE UNIQUE INDEX document_external ON public.document USING btree (organization_id, source, external_id) WHERE (deleted_at IS NULL)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table document_version ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  document_id text not null,
  number integer not null,
  content_digest text not null,
  settings_digest text not null,
  media_type text not null,
  parser text not null,
  bytes bigint not null,
  language text not null default 'en'::text,
  original_key text not null,
  parsed_key text not null,
  text_chars integer not null,
  page_count integer,
  chunk_count integer not null default 0,
  warnings jsonb not null default '[]'::jsonb,
  findings jsonb not null default '{}'::jsonb,
  created_at timestamp with time zone not null default now(),
  masked boolean not null default false,
  constraint document_version_document_id_fkey FOREIGN KEY (document_id) REFERENCES document(id),
  constraint document_version_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint document_version_pkey PRIMARY KEY (id),
  constraint document_version_document_id_number_key UNIQUE (document_id, number)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table embedding ( -- row-level security, forced
  organization_id text not null,
  chunk_id bigint not null,
  model text not null,
  knowledge_base text not null,
  epoch bigint not null,
  vector bytea not null,
  constraint embedding_chunk_id_fkey FOREIGN KEY (chunk_id) REFERENCES chunk(id) ON DELETE CASCADE,
  constraint embedding_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint embedding_pkey PRIMARY KEY (chunk_id, model)
)
CREATE INDEX embedding_epoch ON public.embedding USING btree (organization_id, knowledge_base, model, epoch)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table feedback ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  trace_id text not null,
  message_id text,
  user_id text not null,
  rating integer not null,
  comment text not null default ''::text,
  created_at timestamp with time zone not null default now(),
  constraint feedback_rating_check CHECK ((rating = ANY (ARRAY['-1'::integer, 1]))),
  constraint feedback_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint feedback_trace_id_fkey FOREIGN KEY (trace_id) REFERENCES trace(id) ON DELETE CASCADE,
  constraint feedback_pkey PRIMARY KEY (id),
  constraint feedback_trace_id_user_id_key UNIQUE (trace_id, user_id)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table group_member ( -- row-level security, forced
  organization_id text not null,
  group_name text not null,
  user_id text not null,
  constraint group_member_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint group_member_organization_id_group_name_fkey FOREIGN KEY (organization_id, group_name) REFERENCES user_group(organization_id, name) ON DELETE CASCADE,
  constraint group_member_user_id_fkey FOREIGN KEY (user_id) REFERENCES app_user(id) ON DELETE CASCADE,
  constraint group_member_pkey PRIMARY KEY (organization_id, group_name, user_id)
)
CREATE INDEX group_member_user ON public.group_member USING btree (organization_id, user_id)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table idempotency_key ( -- row-level security, forced
  organization_id text not null,
  principal_id text not null,
  key text not null,
  request_digest text not null,
  status integer,
  response jsonb,
  created_at timestamp with time zone not null default now(),
  rights text not null default ''::text,
  constraint idempotency_key_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint idempotency_key_pkey PRIMARY KEY (organization_id, principal_id, key)
)
CREATE INDEX idempotency_key_age ON public.idempotency_key USING btree (created_at)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table index_change ( -- row-level security, forced
  organization_id text not null,
  knowledge_base text not null,
  epoch bigint not null,
  document_id text not null,
  change text not null,
  created_at timestamp with time zone not null default now(),
  constraint index_change_change_check CHECK ((change = ANY (ARRAY['removed'::text, 'replaced'::text, 'readers'::text, 'metadata'::text]))),
  constraint index_change_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint index_change_pkey PRIMARY KEY (organization_id, knowledge_base, epoch, document_id, change)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table index_segment ( -- row-level security, forced
  organization_id text not null,
  knowledge_base text not null,
  id text not null,
  from_epoch bigint not null,
  to_epoch bigint not null,
  object_key text not null,
  digest text not null,
  bytes bigint not null,
  created_at timestamp with time zone not null default now(),
  constraint index_segment_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint index_segment_pkey PRIMARY KEY (organization_id, knowledge_base, id)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table job ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  parent_id text,
  kind text not null,
  dedupe_key text,
  input jsonb not null,
  state text not null default 'queued'::text,
  priority integer not null default 100,
  attempt integer not null default 0,
  max_attempts integer not null default 5,
  run_at timestamp with time zone not null default now(),
  lease_owner text,
  lease_until timestamp with time zone,
  cancel_requested boolean not null default false,
  progress jsonb not null default '{}'::jsonb,
  result jsonb,
  error jsonb,
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  started_at timestamp with time zone,
  finished_at timestamp with time zone,
  constraint job_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text, 'succeeded'::text, 'failed'::text, 'cancelled'::text]))),
  constraint job_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint job_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES job(id) ON DELETE CASCADE,
  constraint job_pkey PRIMARY KEY (id)
)
CREATE INDEX job_claim ON public.job USING btree (priority, run_at) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text]))
CREATE UNIQUE INDEX job_dedupe ON public.job USING btree (organization_id, kind, dedupe_key) WHERE (state = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text]))
CREATE INDEX job_list ON public.job USING btree (organization_id, created_at DESC)
CREATE INDEX job_parent ON public.job USING btree (parent_id, state)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table job_effect ( -- row-level security, forced
  organization_id text not null,
  job_id text not null,
  name text not null,
  idempotency_key text not null,
  intent jsonb not null,
  outcome jsonb,
  created_at timestamp with time zone not null default now(),
  finished_at timestamp with time zone,
  constraint job_effect_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE,
  constraint job_effect_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint job_effect_pkey PRIMARY KEY (job_id, name)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table job_step ( -- row-level security, forced
  organization_id text not null,
  job_id text not null,
  name text not null,
  result jsonb,
  created_at timestamp with time zone not null default now(),
  constraint job_step_job_id_fkey FOREIGN KEY (job_id) REFERENCES job(id) ON DELETE CASCADE,
  constraint job_step_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint job_step_pkey PRIMARY KEY (job_id, name)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table knowledge_epoch ( -- row-level security, forced
  organization_id text not null,
  knowledge_base text not null,
  epoch bigint not null default 0,
  constraint knowledge_epoch_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint knowledge_epoch_pkey PRIMARY KEY (organization_id, knowledge_base)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table message ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  conversation_id text not null,
  ordinal integer not null,
  role text not null,
  content text not null,
  outcome text,
  citations jsonb not null default '[]'::jsonb,
  trace_id text,
  created_at timestamp with time zone not null default now(),
  unsupported jsonb not null default '[]'::jsonb,
  grounds text[] not null default '{}'::text[],
  constraint message_conversation_id_fkey FOREIGN KEY (conversation_id) REFERENCES conversation(id) ON DELETE CASCADE,
  constraint message_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint message_pkey PRIMARY KEY (id),
  constraint message_conversation_id_ordinal_key UNIQUE (conversation_id, ordinal)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table model_call ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  at timestamp with time zone not null,
  door text not null,
  principal_id text not null,
  user_id text not null,
  project text not null,
  use_case text,
  asked text not null,
  model text,
  provider text,
  upstream_model text,
  streamed boolean not null,
  outcome text not null,
  error_code text,
  fault text,
  cache text,
  input_tokens integer not null,
  cached_tokens integer not null,
  output_tokens integer not null,
  reasoning_tokens integer not null,
  estimated boolean not null,
  cost_nanousd bigint,
  first_token_ms real,
  total_ms real not null,
  attempts smallint not null,
  snapshot_digest text,
  detail jsonb,
  booked_with text,
  saved_nanousd bigint,
  saved_tokens integer,
  constraint model_call_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint model_call_pkey PRIMARY KEY (organization_id, id)
)
CREATE INDEX model_call_at ON public.model_call USING btree (organization_id, at DESC, id DESC)
CREATE INDEX model_call_batch ON public.model_call USING btree (organization_id, booked_with)
CREATE INDEX model_call_fault ON public.model_call USING btree (organization_id, at DESC, id DESC) WHERE (fault IS NOT NULL)
CREATE INDEX model_call_user ON public.model_call USING btree (organization_id, user_id, at DESC, id DESC)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table model_promotion ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  model text not null,
  from_stage text,
  to_stage text not null,
  revision integer not null,
  digest text not null,
  note text not null,
  state text not null,
  asked_by text not null,
  asked_user text not null,
  asked_at timestamp with time zone not null default now(),
  decided_by text,
  decided_at timestamp with time zone,
  decision_note text,
  constraint model_promotion_state_check CHECK ((state = ANY (ARRAY['open'::text, 'approved'::text, 'rejected'::text]))),
  constraint model_promotion_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint model_promotion_pkey PRIMARY KEY (organization_id, id)
)
CREATE UNIQUE INDEX model_promotion_open ON public.model_promotion USING btree (organization_id, model) WHERE (state = 'open'::text)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table organization ( -- row-level security, forced
  organization_id text not null,
  name text not null,
  created_at timestamp with time zone not null default now(),
  model_approvers integer not null default 1,
  constraint organization_model_approvers_check CHECK ((model_approvers = ANY (ARRAY[1, 2]))),
  constraint organization_pkey PRIMARY KEY (organization_id),
  constraint organization_name_key UNIQUE (name)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table permission_set ( -- row-level security, forced
  organization_id text not null,
  id integer not null identity,
  readers text[] not null,
  digest text not null,
  constraint permission_set_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint permission_set_pkey PRIMARY KEY (id),
  constraint permission_set_organization_id_digest_key UNIQUE (organization_id, digest)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table project ( -- row-level security, forced
  organization_id text not null,
  name text not null,
  description text not null default ''::text,
  created_at timestamp with time zone not null default now(),
  constraint project_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint project_pkey PRIMARY KEY (organization_id, name)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table received_original ( -- row-level security, forced
  organization_id text not null,
  digest text not null,
  bytes bigint not null,
  created_at timestamp with time zone not null default now(),
  constraint received_original_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint received_original_pkey PRIMARY KEY (organization_id, digest)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table resource ( -- row-level security, forced
  organization_id text not null,
  kind text not null,
  name text not null,
  project text not null default 'default'::text,
  revision integer not null,
  digest text not null,
  deleted_at timestamp with time zone,
  updated_at timestamp with time zone not null default now(),
  constraint resource_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint resource_pkey PRIMARY KEY (organization_id, kind, name)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table resource_epoch ( -- row-level security, forced
  organization_id text not null,
  epoch bigint not null default 0,
  caches bigint not null default 0,
  constraint resource_epoch_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint resource_epoch_pkey PRIMARY KEY (organization_id)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table resource_label ( -- row-level security, forced
  organization_id text not null,
  kind text not null,
  name text not null,
  label text not null,
  revision integer not null,
  updated_at timestamp with time zone not null default now(),
  constraint resource_label_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint resource_label_organization_id_kind_name_revision_fkey FOREIGN KEY (organization_id, kind, name, revision) REFERENCES resource_version(organization_id, kind, name, revision),
  constraint resource_label_pkey PRIMARY KEY (organization_id, kind, name, label)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table resource_version ( -- row-level security, forced
  organization_id text not null,
  kind text not null,
  name text not null,
  revision integer not null,
  project text not null,
  digest text not null,
  spec jsonb not null,
  message text not null default ''::text,
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  constraint resource_version_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint resource_version_organization_id_kind_name_fkey FOREIGN KEY (organization_id, kind, name) REFERENCES resource(organization_id, kind, name) DEFERRABLE INITIALLY DEFERRED,
  constraint resource_version_pkey PRIMARY KEY (organization_id, kind, name, revision)
)
CREATE INDEX resource_version_digest ON public.resource_version USING btree (organization_id, kind, name, digest)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -
CREATE TRIGGER resource_version_append_only BEFORE DELETE OR UPDATE ON public.resource_version FOR EACH ROW EXECUTE FUNCTION refuse_change()

create table role_binding ( -- row-level security, forced
  organization_id text not null,
  subject text not null,
  role text not null,
  project text not null default '*'::text,
  created_at timestamp with time zone not null default now(),
  constraint role_binding_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint role_binding_pkey PRIMARY KEY (organization_id, subject, role, project)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table schema_migration (
  number integer not null,
  name text not null,
  applied_at timestamp with time zone not null default now(),
  constraint schema_migration_pkey PRIMARY KEY (number)
)

create table session ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  token_hmac bytea not null,
  user_id text not null,
  user_agent text not null default ''::text,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint session_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint session_user_id_fkey FOREIGN KEY (user_id) REFERENCES app_user(id) ON DELETE CASCADE,
  constraint session_pkey PRIMARY KEY (id),
  constraint session_token_hmac_key UNIQUE (token_hmac)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table sign_in_attempt ( -- row-level security, forced
  organization_id text not null,
  key text not null,
  used double precision not null,
  updated_at timestamp with time zone not null,
  constraint sign_in_attempt_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint sign_in_attempt_pkey PRIMARY KEY (organization_id, key)
)
CREATE INDEX sign_in_attempt_age ON public.sign_in_attempt USING btree (organization_id, updated_at)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table sign_in_link ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  token_hmac bytea not null,
  user_id text not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  used_at timestamp with time zone,
  constraint sign_in_link_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint sign_in_link_user_id_fkey FOREIGN KEY (user_id) REFERENCES app_user(id) ON DELETE CASCADE,
  constraint sign_in_link_pkey PRIMARY KEY (id),
  constraint sign_in_link_token_hmac_key UNIQUE (token_hmac)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table stored_response ( -- row-level security, forced
  organization_id text not null,
  principal_id text not null,
  id text not null,
  previous_id text,
  item_ids text[] not null,
  input text not null,
  response text not null,
  bytes integer not null,
  created_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint stored_response_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint stored_response_pkey PRIMARY KEY (organization_id, principal_id, id)
)
CREATE INDEX stored_response_expiry ON public.stored_response USING btree (organization_id, expires_at)
CREATE INDEX stored_response_items ON public.stored_response USING gin (item_ids)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table trace ( -- row-level security, forced
  organization_id text not null,
  id text not null,
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
  started_at timestamp with time zone not null,
  duration_ms double precision not null,
  input_tokens integer,
  output_tokens integer,
  cost_usd double precision,
  spans jsonb not null,
  detail jsonb not null,
  constraint trace_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint trace_pkey PRIMARY KEY (id)
)
CREATE INDEX trace_document ON public.trace USING btree (document_id) WHERE (document_id IS NOT NULL)
CREATE INDEX trace_list ON public.trace USING btree (organization_id, started_at DESC, id)
CREATE INDEX trace_user ON public.trace USING btree (organization_id, user_id, started_at DESC)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table upload ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  source text not null,
  name text not null,
  size bigint not null,
  received bigint not null default 0,
  object_key text not null,
  state text not null default 'receiving'::text,
  digest text,
  metadata jsonb not null default '{}'::jsonb,
  readers text[],
  created_by text not null,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  constraint upload_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint upload_pkey PRIMARY KEY (id)
)
CREATE INDEX upload_open ON public.upload USING btree (organization_id, updated_at) WHERE (state = 'receiving'::text)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table upload_use ( -- row-level security, forced
  organization_id text not null,
  stored bigint not null,
  constraint upload_use_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint upload_use_pkey PRIMARY KEY (organization_id)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table user_group ( -- row-level security, forced
  organization_id text not null,
  name text not null,
  description text not null default ''::text,
  created_at timestamp with time zone not null default now(),
  constraint user_group_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint user_group_pkey PRIMARY KEY (organization_id, name)
)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

create table vault_entry ( -- row-level security, forced
  organization_id text not null,
  id text not null,
  document_version_id text,
  conversation_id text,
  placeholder text not null,
  entity text not null,
  value_hmac bytea not null,
  sealed bytea not null,
  created_at timestamp with time zone not null default now(),
  constraint vault_entry_document_version_id_fkey FOREIGN KEY (document_version_id) REFERENCES document_version(id) ON DELETE CASCADE,
  constraint vault_entry_organization_id_fkey FOREIGN KEY (organization_id) REFERENCES organization(organization_id),
  constraint vault_entry_pkey PRIMARY KEY (id)
)
CREATE INDEX vault_entry_conversation ON public.vault_entry USING btree (organization_id, conversation_id, placeholder)
CREATE INDEX vault_entry_version ON public.vault_entry USING btree (document_version_id, placeholder)
policy tenant for ALL using ((organization_id = current_setting('plinth.organization_id'::text, true)) OR (current_setting('plinth.organization_id'::text, true) = '*'::text)) check -

CREATE OR REPLACE FUNCTION public.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'rows of % are append-only', tg_table_name using errcode = '23001';
end $function$

CREATE OR REPLACE FUNCTION public.refuse_shrinking_log()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' or new.size < old.size or new.organization_id <> old.organization_id then
    raise exception 'an audit log never shrinks' using errcode = '23001';
  end if;
  return new;
end $function$
