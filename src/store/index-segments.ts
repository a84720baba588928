/** Where the parts of an organization's search indexes lie in the object store: copies of what the rows say. */
export function segmentsPrefix(organizationId: string): string {
  return `${organizationId}/segments/`
}

/** Whether an object is a part of a search index. */
export function isSegmentKey(key: string): boolean {
  return /^[^/]+\/segments\//.test(key)
}
