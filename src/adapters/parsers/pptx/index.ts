import type { Parser } from '#ports'
import { DocumentBuilder, oneLine } from '../builder.ts'
import { addChart } from '../chart.ts'
import { mainPart, type Relation, readCoreProperties, relationsOf } from '../ooxml.ts'
import {
  attribute,
  child,
  descend,
  elements,
  findAll,
  textOf,
  treeOf,
  type XmlNode,
} from '../xml.ts'
import { ZipArchive } from '../zip.ts'
import { addShapes, isTitle, paragraphsOf } from './shapes.ts'

/**
 * PowerPoint: each slide a page, its title a heading; tables, charts' data and speaker notes
 * included.
 */
export const pptxParser: Parser = {
  version: 'parser/1',
  id: 'pptx/1',
  mediaTypes: ['application/vnd.openxmlformats-officedocument.presentationml.presentation'],
  async parse(input, options = {}) {
    const archive = new ZipArchive(input.bytes, input.name)
    const builder = new DocumentBuilder(pptxParser.mediaTypes[0] as string, {
      name: input.name,
      deadline: options.deadline,
    })
    readCoreProperties(archive, builder)
    const main = mainPart(archive, 'ppt/presentation.xml')
    const presentation = treeOf(archive, main)
    const relations = relationsOf(archive, main)
    const size = child(presentation, 'sldSz')
    const slides = elements(child(presentation, 'sldIdLst'))
    for (const [i, slide] of slides.entries()) {
      const id = slide.attributes['r:id'] ?? relationId(slide)
      const part = relations.find((relation) => relation.id === id)?.target
      builder.startPage(pageSize(size))
      if (part && archive.has(part)) addSlide(archive, part, builder)
      else builder.warn(`slide ${i + 1} is missing`)
      options.onProgress?.(i + 1, slides.length)
    }
    builder.endPage()
    return builder.finish()
  },
}

/** English Metric Units: 12,700 to a point. */
function pageSize(size: XmlNode | undefined): { width: number; height: number } | object {
  const width = Number(attribute(size, 'cx')) / 12_700
  const height = Number(attribute(size, 'cy')) / 12_700
  return width > 0 && height > 0 ? { width, height } : {}
}

function relationId(node: XmlNode): string | undefined {
  return Object.entries(node.attributes).find(([key]) => key.endsWith(':id'))?.[1]
}

function addSlide(archive: ZipArchive, part: string, builder: DocumentBuilder): void {
  const slide = treeOf(archive, part)
  const relations = relationsOf(archive, part)
  const tree = descend(slide, 'cSld', 'spTree')
  const shapes = findAll(tree, 'sp')
  const titleShape = shapes.find(isTitle)
  if (titleShape) {
    const title = oneLine(
      paragraphsOf(titleShape)
        .map((p) => p.text)
        .join(' '),
    )
    builder.add('heading', title, { level: 1 })
    builder.title ??= title === '' ? undefined : title
  }
  addShapes(tree, {
    builder,
    skip: titleShape,
    onGraphic: (frame) => addGraphic(frame, { archive, relations, builder }),
  })
  addNotes(archive, relations, builder)
  if (attribute(slide, 'show') === '0')
    builder.note(`${builder.where}: the slide is hidden; it was read`)
}

interface SlideParts {
  archive: ZipArchive
  relations: Relation[]
  builder: DocumentBuilder
}

/** Charts and diagrams live in parts of their own. */
function addGraphic(frame: XmlNode, { archive, relations, builder }: SlideParts): void {
  const data = findAll(frame, 'graphicData')[0]
  for (const node of elements(data)) {
    const id =
      node.name === 'relIds'
        ? node.attributes['r:dm']
        : (node.attributes['r:id'] ?? relationId(node))
    const target = relations.find((relation) => relation.id === id)?.target
    if (!target || !archive.has(target)) continue
    if (node.name === 'chart') addChart(treeOf(archive, target), builder)
    if (node.name === 'relIds') addDiagram(treeOf(archive, target), builder)
  }
}

/** SmartArt: the texts of its points, in their order. */
function addDiagram(model: XmlNode, builder: DocumentBuilder): void {
  for (const point of elements(child(model, 'ptLst'))) {
    const text = findAll(child(point, 't'), 'p').map(textOf).join(' ')
    builder.add('list-item', oneLine(text), { level: 1 })
  }
}

function addNotes(archive: ZipArchive, relations: Relation[], builder: DocumentBuilder): void {
  const part = relations.find((relation) => relation.type === 'notesSlide')?.target
  if (!part || !archive.has(part)) return
  for (const shape of findAll(descend(treeOf(archive, part), 'cSld', 'spTree'), 'sp')) {
    const placeholder = descend(shape, 'nvSpPr', 'nvPr', 'ph')
    if (attribute(placeholder, 'type') !== 'body') continue
    const text = paragraphsOf(shape)
      .map((p) => p.text)
      .filter((t) => t.trim() !== '')
      .join('\n')
    if (text !== '') builder.add('paragraph', `Speaker notes: ${text}`)
  }
}
