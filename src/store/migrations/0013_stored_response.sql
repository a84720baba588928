-- Answers of `POST /v1/responses` that their caller may continue or read again: each belongs to one principal.
create table stored_response (
  organization_id text not null references organization,
  principal_id text not null,
  id text not null,
  -- the answer that this one continued
  previous_id text,
  -- ids of the items of the answer, by which later requests may refer to them
  item_ids text[] not null,
  -- JSON as text: what was asked beyond the previous answer, and the answer
  input text not null,
  response text not null,
  bytes integer not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  primary key (organization_id, principal_id, id)
);
create index stored_response_items on stored_response using gin (item_ids);
create index stored_response_expiry on stored_response (organization_id, expires_at);

alter table stored_response enable row level security;
alter table stored_response force row level security;
create policy tenant on stored_response using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
