import { limits } from '#kernel'
import type { Parser } from '#ports'
import { DocumentBuilder } from '../builder.ts'
import { overLimit } from '../failures.ts'
import { mainPart, readCoreProperties, relationsOf } from '../ooxml.ts'
import { attribute, elements, elementsOf, treeOf, type XmlNode } from '../xml.ts'
import { ZipArchive } from '../zip.ts'
import { DocxBody } from './body.ts'
import { Numbering } from './numbering.ts'
import { readStyles } from './styles.ts'

/** Word documents: ECMA-376 transitional and strict. Headers, footers and comments are left out. */
export const docxParser: Parser = {
  version: 'parser/1',
  id: 'docx/1',
  mediaTypes: ['application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  async parse(input, options = {}) {
    const archive = new ZipArchive(input.bytes, input.name)
    const builder = new DocumentBuilder(docxParser.mediaTypes[0] as string, {
      name: input.name,
      deadline: options.deadline,
    })
    const main = mainPart(archive, 'word/document.xml')
    const relations = relationsOf(archive, main)
    const target = (type: string) => relations.find((relation) => relation.type === type)?.target
    readCoreProperties(archive, builder)
    const body = new DocxBody(builder, {
      styles: readStyles(archive, target('styles')),
      numbering: new Numbering(archive, target('numbering')),
      chart: (id) => {
        const part = relations.find((relation) => relation.id === id)?.target
        return part && archive.has(part) ? treeOf(archive, part) : undefined
      },
    })
    elementsOf(archive, main, { containers: ['body'], onElement: (node) => body.add(node) })
    const notes = readNotes(archive, [target('footnotes'), target('endnotes')])
    body.finish(notes)
    return builder.finish()
  },
}

/** Foot- and endnotes by id (`f2`, `e1`); separators have a type and are no notes. */
function readNotes(archive: ZipArchive, parts: (string | undefined)[]): Map<string, XmlNode> {
  const notes = new Map<string, XmlNode>()
  for (const [i, part] of parts.entries()) {
    if (!part || !archive.has(part)) continue
    for (const node of elements(treeOf(archive, part))) {
      const type = attribute(node, 'type')
      if (type && type !== 'normal') continue
      notes.set((i === 0 ? 'f' : 'e') + (attribute(node, 'id') ?? ''), node)
      if (notes.size > limits.parserBlocks) throw overLimit('parserBlocks', part, 'Too many notes')
    }
  }
  return notes
}
