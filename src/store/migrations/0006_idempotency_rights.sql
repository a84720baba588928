-- What the one who sent the first request might do then: a repeat under other rights is not given its answer.
alter table idempotency_key add column rights text not null default '';
create index idempotency_key_age on idempotency_key (created_at);
