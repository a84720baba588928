-- The sentences of an answer without sufficient support, as offsets into its content with their support.
alter table message add column unsupported jsonb not null default '[]';
