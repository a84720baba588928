import { digestOf, digestOfBytes, PlinthError, type Resource, type Span } from '#kernel'
import type { ParsableContent } from '../parse.ts'
import { claimOriginal } from '../sources/quota.ts'
import type { IngestHouse } from './house.ts'
import type { IngestAccess } from './permitting.ts'

/** Raised when parsing, masking, chunking or analysis change what they give for the same bytes. */
const pipelineVersion = 2

export interface FetchedContent extends ParsableContent {
  name: string
  /** `sha256:…` of the bytes. */
  digest: string
  settingsDigest: string
  size: number
  originalKey: string
}

export interface UnchangedContent {
  unchanged: true
  versionId: string
}

/** What besides the bytes decides the stored text and chunks: with the same digest, unchanged content costs nothing. */
export function settingsDigest({
  base,
  source,
}: {
  base: Resource<'KnowledgeBase'>
  source: Resource<'Source'>
}): string {
  const { masking, metadata } = base.spec
  const given = source.spec.metadata ?? {}
  // Left out where there is none: documents of most sources need not be read again for it.
  const fromSource = Object.keys(given).length > 0 ? { source: given } : {}
  return digestOf({ pipelineVersion, masking, metadata, ...fromSource })
}

/** Objects are named by what they hold, so that the same file is stored once per organization. */
export function originalKeyOf(organizationId: string, digest: string): string {
  return `${organizationId}/originals/${digest.slice('sha256:'.length)}`
}

/** Reads the content and keeps it; `unchanged` where the current version came from the same bytes and settings. */
export async function fetchContent(
  access: IngestAccess,
  house: IngestHouse,
  span: Span,
): Promise<FetchedContent | UnchangedContent> {
  const { item, document } = access
  const settings = settingsDigest(access)
  const bytes = await readBytes(access, house)
  span.attributes.bytes = bytes.byteLength
  const digest = digestOfBytes(bytes)
  if (document.versionId && !item.force) {
    const current = await currentVersion(access, house)
    const same = current?.content_digest === digest && current.settings_digest === settings
    if (same) return { unchanged: true, versionId: document.versionId }
  }
  const originalKey = originalKeyOf(item.organizationId, digest)
  await house.store.within(item.organizationId, (tx) => claimOriginal(tx, digest))
  if (!(await house.objects.has(originalKey))) await house.objects.put(originalKey, bytes)
  const name = document.externalId.slice(document.externalId.lastIndexOf('/') + 1)
  const path = house.objects.pathOf?.(originalKey)
  return {
    name,
    digest,
    settingsDigest: settings,
    size: bytes.byteLength,
    originalKey,
    input: path ? { name, path } : { name, bytes },
    signal: item.signal,
    ...(item.onPages ? { onPages: item.onPages } : {}),
  }
}

async function readBytes(access: IngestAccess, house: IngestHouse): Promise<Uint8Array> {
  const { item, document, source } = access
  if (source.spec.folder) {
    const { externalId, location } = document
    const found = { externalId, name: externalId, location }
    return house.openSource(source).read(found, item.signal)
  }
  // The newest content received: a reading that was asked for earlier and runs later must not bring back older content.
  const newest = document.location || item.originalKey
  const key = newest || (await currentVersion(access, house))?.original_key
  if (!key) throw new PlinthError('NOT_FOUND', 'The upload of this document is not there any more.')
  return house.objects.get(key)
}

async function currentVersion(access: IngestAccess, house: IngestHouse) {
  const { versionId } = access.document
  if (!versionId) return undefined
  return house.store.read(access.item.organizationId, (tx) =>
    tx
      .selectFrom('document_version')
      .select(['content_digest', 'settings_digest', 'original_key'])
      .where('id', '=', versionId)
      .executeTakeFirst(),
  )
}
