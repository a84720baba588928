-- Each call of a model by an application, with what it cost: the ledger that budgets are counted from.
create table model_call (
  organization_id text not null references organization,
  id text not null,
  at timestamptz not null,
  door text not null,
  principal_id text not null,
  user_id text not null,
  project text not null,
  use_case text,
  -- the name that was asked for, and what answered
  asked text not null,
  model text,
  provider text,
  upstream_model text,
  streamed boolean not null,
  outcome text not null,
  error_code text,
  -- whose fault a failure was: caller, policy, provider, plinth
  fault text,
  cache text,
  input_tokens integer not null,
  cached_tokens integer not null,
  output_tokens integer not null,
  reasoning_tokens integer not null,
  -- the upstream counted no tokens
  estimated boolean not null,
  -- billionths of a US dollar; null: the price is not known
  cost_nanousd bigint,
  first_token_ms real,
  total_ms real not null,
  attempts smallint not null,
  snapshot_digest text,
  -- tries that failed and why this model was chosen, where there was a choice
  detail jsonb,
  primary key (organization_id, id)
);
create index model_call_at on model_call (organization_id, at desc);

-- What was spent of a budget in one window, and what servers hold of it.
create table budget_counter (
  organization_id text not null references organization,
  budget text not null,
  subject text not null,
  window_start timestamptz not null,
  spent_nanousd bigint not null default 0,
  spent_tokens bigint not null default 0,
  spent_requests bigint not null default 0,
  leased_nanousd bigint not null default 0,
  leased_tokens bigint not null default 0,
  leased_requests bigint not null default 0,
  primary key (organization_id, budget, subject, window_start)
);

-- A part of a budget that one server may spend without asking again. Ends by itself when the server is gone.
create table budget_lease (
  organization_id text not null,
  budget text not null,
  subject text not null,
  window_start timestamptz not null,
  holder text not null,
  nanousd bigint not null,
  tokens bigint not null,
  requests bigint not null,
  expires_at timestamptz not null,
  primary key (organization_id, budget, subject, window_start, holder),
  foreign key (organization_id, budget, subject, window_start)
    references budget_counter on delete cascade
);

alter table model_call enable row level security;
alter table model_call force row level security;
create policy tenant on model_call using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
alter table budget_counter enable row level security;
alter table budget_counter force row level security;
create policy tenant on budget_counter using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
alter table budget_lease enable row level security;
alter table budget_lease force row level security;
create policy tenant on budget_lease using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
