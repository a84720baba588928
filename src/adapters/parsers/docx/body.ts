import { type DocumentBuilder, oneLine } from '../builder.ts'
import { addChart } from '../chart.ts'
import { child, elements, type XmlNode } from '../xml.ts'
import type { Numbering } from './numbering.ts'
import { isOn, noteMark, type ParagraphText, paragraphText } from './runs.ts'
import { numberingOf, outlineLevel, type ParagraphStyle, type StyleSheet } from './styles.ts'
import { addDocxTable } from './table.ts'

export interface DocxParts {
  styles: StyleSheet
  numbering: Numbering
  /** A chart part by its relation id. */
  chart: (id: string) => XmlNode | undefined
}

/** Writes the body's elements, in order, as blocks. */
export class DocxBody {
  readonly builder: DocumentBuilder
  private readonly styles: StyleSheet
  private readonly numbering: Numbering
  private readonly chart: (id: string) => XmlNode | undefined
  private readonly notes: string[] = []
  private code: string[] = []

  constructor(builder: DocumentBuilder, parts: DocxParts) {
    this.builder = builder
    this.styles = parts.styles
    this.numbering = parts.numbering
    this.chart = parts.chart
  }

  /**
   * One child of the body, of a content control, a text box, or a cell that only arranges the
   * page.
   */
  add(node: XmlNode): void {
    if (node.name === 'p') this.paragraph(node)
    else if (node.name === 'tbl') {
      this.flushCode()
      addDocxTable(node, this)
    } else if (node.name === 'sdt') for (const c of elements(child(node, 'sdtContent'))) this.add(c)
    else if (node.name === 'AlternateContent')
      this.all(child(node, 'Choice') ?? child(node, 'Fallback'))
    else if (holders.has(node.name)) this.all(node)
  }

  all(node: XmlNode | undefined): void {
    for (const c of elements(node)) this.add(c)
  }

  /**
   * The text of a paragraph with its list label and note numbers; for cells, which take lines
   * only.
   */
  lineOf(paragraph: XmlNode): { text: string; found: ParagraphText } {
    const found = paragraphText(paragraph)
    const label = this.labelOf(paragraph, this.styleOf(paragraph))
    return { text: (label?.text ? `${label.text} ` : '') + this.numberNotes(found), found }
  }

  /** Ends the document with its notes, in the order of their marks. */
  finish(notes: Map<string, XmlNode>): void {
    this.flushCode()
    for (let i = 0; i < this.notes.length; i++) {
      const node = notes.get(this.notes[i] as string)
      if (!node) continue
      const text = elements(node)
        .map((p) => this.lineOf(p).text)
        .join(' ')
      if (oneLine(text) !== '') this.builder.add('paragraph', `[${i + 1}] ${oneLine(text)}`)
    }
    if (this.builder.blockCount === 0) this.builder.warn('the document has no text')
  }

  private paragraph(node: XmlNode): void {
    const style = this.styleOf(node)
    const found = paragraphText(node)
    const text = this.numberNotes(found)
    if (style.code && !style.heading) {
      if (text !== '' || this.code.length > 0) this.code.push(text)
    } else {
      this.flushCode()
      this.plain(node, style, text)
    }
    this.anchored(found)
  }

  /** Text boxes and charts that hang on a paragraph follow it. */
  anchored({ boxes, charts }: Pick<ParagraphText, 'boxes' | 'charts'>): void {
    for (const box of boxes) this.all(box)
    for (const id of charts) {
      const chart = this.chart(id)
      if (chart) addChart(chart, this.builder)
    }
  }

  private plain(node: XmlNode, style: ParagraphStyle, text: string): void {
    const tidy = text.replace(/[\t\u00a0 ]+/g, ' ').trim()
    if (tidy === '') return
    const level = style.heading ?? outlineHeading(node)
    const label = this.labelOf(node, style)
    const labelled = label?.text ? `${label.text} ${tidy}` : tidy
    if (style.title || level !== undefined) {
      if (style.title && this.builder.title === undefined) this.builder.title = tidy
      this.builder.add('heading', oneLine(labelled), { level: style.title ? 1 : (level as number) })
    } else if (label) {
      const depth = (numberingOf(child(node, 'pPr')) ?? style.numbering)?.level ?? 0
      this.builder.add('list-item', labelled, { level: depth + 1 })
    } else this.builder.add(style.quote ? 'quote' : 'paragraph', tidy)
  }

  private styleOf(paragraph: XmlNode): ParagraphStyle {
    const id = child(child(paragraph, 'pPr'), 'pStyle')?.attributes
    const value = id ? Object.values(id)[0] : undefined
    return (value === undefined ? undefined : this.styles.get(value)) ?? {}
  }

  private labelOf(paragraph: XmlNode, style: ParagraphStyle): ReturnType<Numbering['next']> {
    const numbering = numberingOf(child(paragraph, 'pPr')) ?? style.numbering
    return numbering ? this.numbering.next(numbering.numId, numbering.level) : undefined
  }

  private numberNotes(found: ParagraphText): string {
    if (found.notes.length === 0) return found.text
    const before = this.notes.length
    this.notes.push(...found.notes)
    return found.text.replace(new RegExp(`${noteMark}(\\d+)`, 'g'), (_, n) =>
      String(before + Number(n)),
    )
  }

  private flushCode(): void {
    if (this.code.length > 0) this.builder.add('code', this.code.join('\n'))
    this.code = []
  }
}

const holders = new Set([
  'ins',
  'moveTo',
  'smartTag',
  'customXml',
  'sdtContent',
  'txbxContent',
  'oMathPara',
])

function outlineHeading(paragraph: XmlNode): number | undefined {
  const properties = child(paragraph, 'pPr')
  const outline = outlineLevel(properties)
  return outline === undefined || isOn(child(properties, 'suppressOutline'))
    ? undefined
    : Math.min(6, outline + 1)
}
