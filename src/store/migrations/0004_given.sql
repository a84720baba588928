-- What was given with a document, as it came. What is shown, searched and filtered by is made from it at each reading.
alter table document add column given jsonb not null default '{}';
update document set given = metadata;
-- Whether the stored text of a version is masked: one from before its base masked is not for everybody.
alter table document_version add column masked boolean not null default false;
