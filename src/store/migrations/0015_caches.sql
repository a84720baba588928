-- A purge of what is kept of answers: every server forgets what it kept under a lower number.
alter table resource_epoch add column caches bigint not null default 0;
-- What a call would have cost whose answer was kept, in billionths of a US dollar, and its tokens.
alter table model_call add column saved_nanousd bigint;
alter table model_call add column saved_tokens integer;
