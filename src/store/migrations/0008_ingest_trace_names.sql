-- Traces of documents from before names were masked in them: of a base that masks they go by the document's id.
update trace set name = d.id
from document d, resource r, resource_version v
where trace.kind = 'ingest' and d.id = trace.document_id and d.organization_id = trace.organization_id
  and r.organization_id = d.organization_id and r.kind = 'KnowledgeBase' and r.name = d.knowledge_base
  and v.organization_id = r.organization_id and v.kind = r.kind and v.name = r.name and v.revision = r.revision
  and v.spec #>> '{masking,mode}' = 'mask';
