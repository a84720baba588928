-- How many people it takes to let a Model into production: 1 or 2.
alter table organization add column model_approvers integer not null default 1 check (model_approvers in (1, 2));

-- Asked and decided moves of Models between stages.
create table model_promotion (
  organization_id text not null references organization,
  id text not null,
  model text not null,
  from_stage text,
  to_stage text not null,
  -- the version that it is about: a later one needs another decision
  revision integer not null,
  digest text not null,
  note text not null,
  state text not null check (state in ('open', 'approved', 'rejected')),
  asked_by text not null,
  asked_user text not null,
  asked_at timestamptz not null default now(),
  decided_by text,
  decided_at timestamptz,
  decision_note text,
  primary key (organization_id, id)
);
create unique index model_promotion_open on model_promotion (organization_id, model) where state = 'open';
alter table model_promotion enable row level security;
alter table model_promotion force row level security;
create policy tenant on model_promotion using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
