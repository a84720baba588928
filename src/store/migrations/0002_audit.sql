-- What makes the audit log append-only in the database too, and its proofs cheap.

-- Roots of complete subtrees of 256, 65,536, … leaves: an inclusion or consistency proof reads a few rows per level
-- instead of every leaf. Derived from audit_event; `doctor --fsck` compares.
create table audit_subtree (
  organization_id text not null references organization,
  level smallint not null,
  index bigint not null,
  hash bytea not null,
  primary key (organization_id, level, index)
);
create trigger audit_subtree_append_only before update or delete on audit_subtree
  for each row execute function refuse_change();
create trigger audit_checkpoint_append_only before update or delete on audit_checkpoint
  for each row execute function refuse_change();

create trigger audit_event_no_truncate before truncate on audit_event
  for each statement execute function refuse_change();
create trigger audit_subtree_no_truncate before truncate on audit_subtree
  for each statement execute function refuse_change();
create trigger audit_checkpoint_no_truncate before truncate on audit_checkpoint
  for each statement execute function refuse_change();
create trigger audit_tree_no_truncate before truncate on audit_tree
  for each statement execute function refuse_change();

create function refuse_shrinking_log() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' or new.size < old.size or new.organization_id <> old.organization_id then
    raise exception 'an audit log never shrinks' using errcode = '23001';
  end if;
  return new;
end $$;
create trigger audit_tree_grows before update or delete on audit_tree
  for each row execute function refuse_shrinking_log();

create index audit_event_at on audit_event (organization_id, at);

alter table audit_subtree enable row level security;
alter table audit_subtree force row level security;
create policy tenant on audit_subtree using (organization_id = current_setting('plinth.organization_id', true)
  or current_setting('plinth.organization_id', true) = '*');
