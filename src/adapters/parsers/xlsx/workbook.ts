import { limits } from '#kernel'
import { overLimit } from '../failures.ts'
import { mainPart, type Relation, relationsOf } from '../ooxml.ts'
import { attribute, child, elements, elementsOf, textOf, treeOf, type XmlNode } from '../xml.ts'
import type { ZipArchive } from '../zip.ts'
import { formatOf, type NumberFormat } from './number-format.ts'

export interface Sheet {
  name: string
  part: string
  kind: string
  hidden: boolean
}

/** What all sheets of a workbook refer to. */
export interface Workbook {
  sheets: Sheet[]
  strings: string[]
  /** By cell style index. */
  formats: NumberFormat[]
  date1904: boolean
}

export function readWorkbook(archive: ZipArchive): Workbook {
  const main = mainPart(archive, 'xl/workbook.xml')
  const relations = relationsOf(archive, main)
  const tree = treeOf(archive, main)
  const target = (type: string) => relations.find((r) => r.type === type)?.target
  return {
    sheets: elements(child(tree, 'sheets')).flatMap((node) => sheetOf(node, relations)),
    strings: readStrings(archive, target('sharedStrings')),
    formats: readFormats(archive, target('styles')),
    date1904: /^(1|true)$/.test(attribute(child(tree, 'workbookPr'), 'date1904') ?? ''),
  }
}

function sheetOf(node: XmlNode, relations: Relation[]): Sheet[] {
  const id = Object.entries(node.attributes).find(([key]) => key.endsWith(':id'))?.[1]
  const relation = relations.find((r) => r.id === id)
  if (!relation) return []
  const hidden = /hidden/i.test(attribute(node, 'state') ?? '')
  const name = attribute(node, 'name') ?? 'Sheet'
  return [{ name, part: relation.target, kind: relation.type, hidden }]
}

function readStrings(archive: ZipArchive, part: string | undefined): string[] {
  const strings: string[] = []
  if (!part || !archive.has(part)) return strings
  let length = 0
  elementsOf(archive, part, {
    containers: ['sst'],
    onElement: (node) => {
      const text = richText(node)
      length += text.length
      if (length > limits.parserTextChars) {
        throw overLimit('parserTextChars', archive.name, 'The texts of the workbook are too long')
      }
      strings.push(text)
    },
  })
  return strings
}

/** Plain (`t`) or rich text (`r` > `t`); phonetic hints (`rPh`) are not part of it. */
export function richText(node: XmlNode | undefined): string {
  let text = ''
  for (const c of elements(node)) {
    if (c.name === 't') text += textOf(c)
    else if (c.name === 'r') text += textOf(child(c, 't'))
  }
  return text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function readFormats(archive: ZipArchive, part: string | undefined): NumberFormat[] {
  if (!part || !archive.has(part)) return []
  const tree = treeOf(archive, part)
  const custom = new Map<number, string>()
  for (const node of elements(child(tree, 'numFmts'))) {
    custom.set(Number(attribute(node, 'numFmtId')), attribute(node, 'formatCode') ?? '')
  }
  const known = new Map<number, NumberFormat>()
  return elements(child(tree, 'cellXfs')).map((node) => {
    const id = Number(attribute(node, 'numFmtId') ?? '0')
    const format = known.get(id) ?? formatOf(id, custom)
    known.set(id, format)
    return format
  })
}
