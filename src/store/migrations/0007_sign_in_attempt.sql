-- Failed sign-ins, counted for all servers on this database. Keys are digests; a row that is not touched for 15 minutes
-- says nothing any more and is cleared away by later attempts.
create table sign_in_attempt (
  organization_id text not null references organization,
  key text not null,
  used double precision not null,
  updated_at timestamptz not null,
  primary key (organization_id, key)
);
create index sign_in_attempt_age on sign_in_attempt (organization_id, updated_at);
alter table sign_in_attempt enable row level security;
alter table sign_in_attempt force row level security;
create policy tenant on sign_in_attempt using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
