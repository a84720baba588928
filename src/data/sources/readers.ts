import { matchesGlob } from 'node:path'
import type { Resource } from '#kernel'

/**
 * Who may read a document: the first access rule whose path matches, else the source's readers, else the base's.
 * Empty means nobody: a document without known permissions is seen by no one.
 */
export function readersOf(
  source: Resource<'Source'>,
  base: Resource<'KnowledgeBase'>,
  externalId: string,
): readonly string[] {
  const rule = source.spec.access.find((access) => matchesGlob(externalId, access.path))
  return rule?.readers ?? source.spec.readers ?? base.spec.readers
}
