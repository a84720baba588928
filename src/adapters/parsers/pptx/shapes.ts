import { type DocumentBuilder, oneLine } from '../builder.ts'
import { mathText } from '../math.ts'
import { writeTable } from '../table-writer.ts'
import { attribute, child, descend, elements, findAll, textOf, type XmlNode } from '../xml.ts'

export interface SlideParagraph {
  text: string
  /** From 0. */
  level: number
  /** Undefined: as the placeholder says. */
  bullet: boolean | undefined
}

interface ShapesOptions {
  builder: DocumentBuilder
  skip: XmlNode | undefined
  onGraphic: (frame: XmlNode) => void
}

/**
 * Shapes in document order (the order of creation and of screen readers); groups are looked
 * through.
 */
export function addShapes(tree: XmlNode | undefined, options: ShapesOptions): void {
  for (const node of elements(tree)) {
    if (node === options.skip || isFurniture(node)) continue
    if (node.name === 'sp') addText(node, options.builder)
    else if (node.name === 'grpSp') addShapes(node, options)
    else if (node.name === 'AlternateContent') {
      addShapes(child(node, 'Choice') ?? child(node, 'Fallback'), options)
    } else if (node.name === 'graphicFrame') {
      const tables = findAll(node, 'tbl')
      for (const table of tables) addTable(table, options.builder)
      if (tables.length === 0) options.onGraphic(node)
    }
  }
}

function placeholderType(shape: XmlNode): string | undefined {
  const placeholder = descend(shape, 'nvSpPr', 'nvPr', 'ph')
  return placeholder ? (attribute(placeholder, 'type') ?? 'body') : undefined
}

export function isTitle(shape: XmlNode): boolean {
  return /^(title|ctrTitle)$/.test(placeholderType(shape) ?? '')
}

/** Date, footer and slide number say nothing about the slide's content. */
function isFurniture(shape: XmlNode): boolean {
  return /^(dt|ftr|sldNum|hdr)$/.test(placeholderType(shape) ?? '')
}

function addText(shape: XmlNode, builder: DocumentBuilder): void {
  const type = placeholderType(shape)
  const listed = type === 'body' || type === 'obj'
  for (const paragraph of paragraphsOf(shape)) {
    const bullet = paragraph.bullet ?? (listed || paragraph.level > 0)
    if (bullet) builder.add('list-item', paragraph.text, { level: paragraph.level + 1 })
    else builder.add('paragraph', paragraph.text)
  }
}

export function paragraphsOf(shape: XmlNode): SlideParagraph[] {
  return elements(child(shape, 'txBody'))
    .filter((node) => node.name === 'p')
    .map((node) => {
      const properties = child(node, 'pPr')
      const none = child(properties, 'buNone') !== undefined
      const some = child(properties, 'buChar') ?? child(properties, 'buAutoNum')
      const level = Number(attribute(properties, 'lvl') ?? '0') || 0
      return { text: runText(node), level, bullet: none ? false : some ? true : undefined }
    })
}

function runText(paragraph: XmlNode): string {
  let text = ''
  for (const node of elements(paragraph)) {
    if (node.name === 'r' || node.name === 'fld') text += textOf(child(node, 't'))
    else if (node.name === 'br') text += '\n'
    else if (node.name === 'AlternateContent' || node.name === 'm') {
      text += findAll(node, 'oMath').slice(0, 1).map(mathText).join(' ')
    }
  }
  return text
}

function addTable(table: XmlNode, builder: DocumentBuilder): void {
  const grid: string[][] = []
  for (const row of elements(table).filter((node) => node.name === 'tr')) {
    const line: string[] = []
    for (const cell of elements(row).filter((node) => node.name === 'tc')) {
      const above = grid.at(-1)?.[line.length] ?? ''
      const left = line.at(-1) ?? ''
      const own = oneLine(
        paragraphsOf(cell)
          .map((p) => p.text)
          .join(' '),
      )
      if (attribute(cell, 'vMerge') === '1') line.push(above)
      else line.push(attribute(cell, 'hMerge') === '1' ? left : own)
    }
    grid.push(line)
  }
  writeTable(builder, grid)
}
