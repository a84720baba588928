import { type PlinthError, Trace, toPlinthError } from '#kernel'
import { chunk } from './ingest/chunking.ts'
import { embed } from './ingest/embedding.ts'
import { enrich, titleOf, withGiven } from './ingest/enriching.ts'
import { fetchContent } from './ingest/fetching.ts'
import type { Ingested, IngestHouse, IngestItem } from './ingest/house.ts'
import { index } from './ingest/indexing.ts'
import { mask } from './ingest/masking.ts'
import { authorize } from './ingest/permitting.ts'
import { recordFailure, recordUnchanged } from './ingest/recording.ts'
import { parse } from './parse.ts'

export type { Ingested, IngestHouse, IngestItem } from './ingest/house.ts'

/**
 * The life of a document: from what a source offers to what can be answered from. Each step is one span of the trace.
 * A document that cannot be read ends as `failed` with file, place and reason, and costs no other document anything;
 * an outage (database, disk, cancel) is thrown, and the job runs again: nothing before `index` has changed anything
 * that is answered from, and `index` is one transaction, of which `record` (audit event and trace) is the end.
 */
export async function ingest(item: IngestItem, house: IngestHouse): Promise<Ingested> {
  const trace = new Trace(house.clock.now())
  try {
    const access = await trace.step('authorize', () => authorize(item, house))
    if ('denied' in access) return await recordFailure(item, access.denied, { trace, house })
    const content = await trace.step('fetch', (span) => fetchContent(access, house, span))
    if ('unchanged' in content) return await recordUnchanged(item, content, house)
    const parsed = await trace.step('parse', (span) => parse(content, house, span))
    const named = withGiven(parsed, access)
    const masked = await trace.step('mask', (span) => mask(named, access, { house, span }))
    const title = titleOf(masked)
    const chunks = await trace.step('chunk', (span) => chunk(masked, { title, house, span }))
    const enriched = await trace.step('enrich', () => enrich(masked, chunks, { access, house }))
    const vectors = await trace.step('embed', (span) => embed(enriched, access, { house, span }))
    return await trace.step('index', (span) =>
      index({ access, content, masked, enriched, vectors }, house, { trace, span }),
    )
  } catch (error) {
    const failure = toPlinthError(error)
    if (isOutage(failure)) throw failure
    return recordFailure(item, failure, { trace, house })
  }
}

/** What another attempt may mend; everything else is about the document. */
function isOutage(error: PlinthError): boolean {
  return ['UNAVAILABLE', 'CANCELLED', 'CONFLICT', 'INTEGRITY'].includes(error.code)
}
