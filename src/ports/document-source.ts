/** One thing a source offers: a file, a page, a message. */
export interface SourceItem {
  /** Stable within the source: a path relative to the folder, with `/`. */
  externalId: string
  name: string
  /** Bytes, where known before reading. */
  size?: number
  /** Cheap change mark (mtime and size, an ETag). Equal marks mean unchanged; absent means: read and compare digests. */
  changeMark?: string
  /** Where a person would open it: `file:` path or URL. */
  location: string
  /** Set instead of content when the item cannot be offered (a symlink out of the folder, an unreadable name). */
  problem?: string
}

export interface DocumentSource {
  readonly version: 'document-source/1'
  readonly id: string
  /** Every item, in a stable order. What is not listed any more has been removed. */
  list(signal: AbortSignal): AsyncIterable<SourceItem>
  /** The content. Throws NOT_FOUND when it went away since listing, TOO_LARGE over the limit. */
  read(item: SourceItem, signal: AbortSignal): Promise<Uint8Array>
  /** Calls back (debounced) when something may have changed; returns how to stop. Absent where the source cannot watch. */
  watch?(changed: () => void): () => void
}
