import { attribute, child, elements, treeOf, type XmlNode } from '../xml.ts'
import type { ZipArchive } from '../zip.ts'

export interface ParagraphStyle {
  /** Heading level 1 to 6, where the style is one. */
  heading?: number
  title?: boolean
  code?: boolean
  quote?: boolean
  numbering?: { numId: string; level: number }
}

export type StyleSheet = Map<string, ParagraphStyle>

interface RawStyle {
  name: string
  basedOn: string | undefined
  outline: number | undefined
  numbering: ParagraphStyle['numbering']
}

const basedOnDepth = 20

/** Paragraph styles by id, each with what it inherits through `basedOn` (ECMA-376 part 1, 17.7). */
export function readStyles(archive: ZipArchive, part: string | undefined): StyleSheet {
  const sheet: StyleSheet = new Map()
  if (!part || !archive.has(part)) return sheet
  const raw = new Map<string, RawStyle>()
  for (const node of elements(treeOf(archive, part))) {
    if (node.name !== 'style') continue
    const properties = child(node, 'pPr')
    raw.set(attribute(node, 'styleId') ?? '', {
      name: (attribute(child(node, 'name'), 'val') ?? '').toLowerCase(),
      basedOn: attribute(child(node, 'basedOn'), 'val'),
      outline: outlineLevel(properties),
      numbering: numberingOf(properties),
    })
  }
  for (const id of raw.keys()) sheet.set(id, resolve(raw, id))
  return sheet
}

function resolve(raw: Map<string, RawStyle>, id: string): ParagraphStyle {
  const style: ParagraphStyle = {}
  let outline: number | undefined
  let at = raw.get(id)
  for (let i = 0; at && i < basedOnDepth; i++) {
    // Built-in names are stored in English whatever the program's language.
    const heading = /^heading (\d)/.exec(at.name)?.[1]
    if (heading && style.heading === undefined) style.heading = Math.min(6, Number(heading))
    if (at.name === 'title') style.title = true
    if (/code|preformatted|macro text|plain text/.test(at.name)) style.code = true
    if (/quote/.test(at.name)) style.quote = true
    outline ??= at.outline
    if (at.numbering && !style.numbering) style.numbering = at.numbering
    at = at.basedOn === undefined ? undefined : raw.get(at.basedOn)
  }
  if (style.heading === undefined && outline !== undefined) style.heading = Math.min(6, outline + 1)
  return style
}

/** `w:outlineLvl`: 0 to 8 are headings, 9 is body text. */
export function outlineLevel(properties: XmlNode | undefined): number | undefined {
  const value = Number(attribute(child(properties, 'outlineLvl'), 'val') ?? '9')
  return value >= 0 && value < 9 ? value : undefined
}

/** `w:numPr`; numId 0 switches inherited numbering off. */
export function numberingOf(
  properties: XmlNode | undefined,
): { numId: string; level: number } | undefined {
  const node = child(properties, 'numPr')
  const numId = attribute(child(node, 'numId'), 'val')
  if (!node || numId === undefined) return undefined
  return { numId, level: Math.min(8, Number(attribute(child(node, 'ilvl'), 'val') ?? '0') || 0) }
}
