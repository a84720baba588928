-- The document versions whose text an answer's model was given, in this turn or by earlier ones: an answer is shown
-- to those who may still read all of them. Answers from before are closed by all that their conversation had used.
alter table message add column grounds text[] not null default '{}';
with used as (
  select m.id, p.passage->>'versionId' as version_id
  from message m
  join message earlier on earlier.conversation_id = m.conversation_id and earlier.ordinal <= m.ordinal
  join trace t on t.id = earlier.trace_id
  cross join lateral jsonb_array_elements(
    coalesce(t.detail->'passages', '[]') || coalesce(t.detail#>'{answer,citations}', '[]')) as p (passage)
  where m.role = 'assistant' and earlier.role = 'assistant'
)
update message set grounds = found.versions
from (select id, array_agg(distinct version_id) as versions from used where version_id is not null group by id) found
where found.id = message.id;
update trace set detail = detail || jsonb_build_object('grounds', to_jsonb(m.grounds))
from message m where m.trace_id = trace.id and m.role = 'assistant';
