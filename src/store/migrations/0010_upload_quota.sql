-- What uploads and texts have stored for an organization: each original once, and their sum, kept in the same transaction.
create table received_original (
  organization_id text not null references organization,
  digest text not null,
  bytes bigint not null,
  created_at timestamptz not null default now(),
  primary key (organization_id, digest)
);
create table upload_use (
  organization_id text primary key references organization,
  stored bigint not null
);
insert into received_original (organization_id, digest, bytes)
  select organization_id, digest, max(size) from upload where state = 'received' and digest is not null
  group by organization_id, digest;
insert into upload_use (organization_id, stored)
  select organization_id, sum(bytes) from received_original group by organization_id;
create index upload_open on upload (organization_id, updated_at) where state = 'receiving';
alter table received_original enable row level security;
alter table received_original force row level security;
create policy tenant on received_original using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
alter table upload_use enable row level security;
alter table upload_use force row level security;
create policy tenant on upload_use using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
