import type { DocumentBuilder } from './builder.ts'
import { attribute, elements, textOf, treeOf } from './xml.ts'
import type { ZipArchive } from './zip.ts'

export interface Relation {
  id: string
  /** Last part of the relation type: `slide`, `notesSlide`, `chart`, … */
  type: string
  /** Path inside the archive; external targets are left out. */
  target: string
}

/** Relations of a part (ECMA-376 part 2, 9.3), with targets resolved against the part's folder. */
export function relationsOf(archive: ZipArchive, part: string): Relation[] {
  const slash = part.lastIndexOf('/')
  const folder = part.slice(0, slash + 1)
  const path = `${folder}_rels/${part.slice(slash + 1)}.rels`
  if (!archive.has(path)) return []
  const relations: Relation[] = []
  for (const node of elements(treeOf(archive, path))) {
    if (attribute(node, 'TargetMode') === 'External') continue
    const type = (attribute(node, 'Type') ?? '').split('/').at(-1) ?? ''
    const target = resolvePath(folder, attribute(node, 'Target') ?? '')
    relations.push({ id: attribute(node, 'Id') ?? '', type, target })
  }
  return relations
}

/** The part that the package starts with; the conventional path where the relations do not say. */
export function mainPart(archive: ZipArchive, conventional: string): string {
  const office = relationsOf(archive, '').find((relation) => relation.type === 'officeDocument')
  return office && archive.has(office.target) ? office.target : conventional
}

function resolvePath(folder: string, target: string): string {
  if (target.startsWith('/')) return target.slice(1)
  const steps = folder.split('/').filter((step) => step !== '')
  for (const step of target.split('/')) {
    if (step === '..') steps.pop()
    else if (step !== '.' && step !== '') steps.push(step)
  }
  return steps.join('/')
}

const coreNames: Record<string, string> = {
  creator: 'author',
  subject: 'subject',
  description: 'description',
  keywords: 'keywords',
  category: 'category',
  lastModifiedBy: 'modifiedBy',
  created: 'created',
  modified: 'modified',
}

/**
 * Core properties (author, created, …) into the metadata; a title that is set becomes the
 * document's title.
 */
export function readCoreProperties(archive: ZipArchive, builder: DocumentBuilder): void {
  const relation = relationsOf(archive, '').find((r) => r.type === 'core-properties')
  const path = relation?.target ?? 'docProps/core.xml'
  if (!archive.has(path)) return
  for (const node of elements(treeOf(archive, path))) {
    const text = textOf(node).trim()
    if (node.name === 'title' && text !== '') builder.title = text
    const name = coreNames[node.name]
    if (!name || text === '') continue
    builder.meta(name, name === 'created' || name === 'modified' ? isoDate(text) : text)
  }
}

/** ISO 8601 where the text is a date, else undefined. */
export function isoDate(text: string): string | undefined {
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}
