-- Calls are listed newest first: of all, of one user, and those that went wrong.
drop index model_call_at;
create index model_call_at on model_call (organization_id, at desc, id desc);
create index model_call_user on model_call (organization_id, user_id, at desc, id desc);
create index model_call_fault on model_call (organization_id, at desc, id desc) where fault is not null;
