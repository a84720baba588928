import { mathText } from '../math.ts'
import { attribute, child, elements, localName, textOf, type XmlNode } from '../xml.ts'

/** The text of one paragraph, and what hangs on it. */
export interface ParagraphText {
  text: string
  /** Contents of text boxes anchored in the paragraph. */
  boxes: XmlNode[]
  /** Ids of foot- and endnotes in order: `f2`, `e1`. */
  notes: string[]
  /** Relation ids of charts. */
  charts: string[]
}

/** Elements whose content was deleted, is a formula code, or is shown elsewhere. */
const skipped = new Set([
  'pPr',
  'rPr',
  'del',
  'moveFrom',
  'delText',
  'instrText',
  'sdtPr',
  'sdtEndPr',
  'Fallback',
  'ruby',
  'commentReference',
  'annotationRef',
  'footnoteRef',
  'endnoteRef',
])

/** Collects runs in order; deleted revisions, field codes and comments are left out. */
export function paragraphText(paragraph: XmlNode): ParagraphText {
  const found: ParagraphText = { text: '', boxes: [], notes: [], charts: [] }
  collect(paragraph, found)
  return found
}

function collect(node: XmlNode, found: ParagraphText): void {
  for (const c of elements(node)) {
    switch (c.name) {
      case 't':
        found.text += textOf(c)
        break
      case 'tab':
      case 'ptab':
        found.text += '\t'
        break
      case 'br':
      case 'cr':
        found.text += attribute(c, 'type') === 'page' ? '' : '\n'
        break
      case 'noBreakHyphen':
        found.text += '-'
        break
      case 'sym':
        found.text += symbol(c)
        break
      case 'footnoteReference':
      case 'endnoteReference':
        note(c, found)
        break
      case 'oMath':
      case 'oMathPara':
        found.text += ` ${mathText(c)} `
        break
      case 'txbxContent':
        found.boxes.push(c)
        break
      case 'chart':
        found.charts.push(attribute(c, 'id') ?? '')
        break
      case 'AlternateContent':
        alternate(c, found)
        break
      default:
        if (!skipped.has(c.name)) collect(c, found)
    }
  }
}

/**
 * `mc:AlternateContent` holds the same twice: the newer form is read where it says something, else
 * the older.
 */
function alternate(node: XmlNode, found: ParagraphText): void {
  const amount = () => found.text.length + found.boxes.length + found.charts.length
  const before = amount()
  const choice = child(node, 'Choice')
  if (choice) collect(choice, found)
  const fallback = child(node, 'Fallback')
  if (fallback && amount() === before) collect(fallback, found)
}

function note(node: XmlNode, found: ParagraphText): void {
  const id = attribute(node, 'id')
  if (id === undefined) return
  found.notes.push((node.name === 'footnoteReference' ? 'f' : 'e') + id)
  found.text += `[${noteMark}${found.notes.length}]`
}

/** Stands for the note's running number, which only the document knows. */
export const noteMark = '\uE0F1'

/** Symbol fonts use the private area U+F000; only what is plain Unicode there can be kept. */
function symbol(node: XmlNode): string {
  const code = Number.parseInt(attribute(node, 'char') ?? '', 16)
  if (Number.isNaN(code)) return ''
  const font = (attribute(node, 'font') ?? '').toLowerCase()
  if (font.includes('wingdings')) return wingdings[code & 0xff] ?? ''
  return code >= 0xf000 ? String.fromCharCode(code - 0xf000) : String.fromCodePoint(code)
}

const wingdings: Record<number, string> = {
  111: '☐',
  168: '☐',
  254: '☑',
  253: '☒',
  252: '✓',
  251: '✗',
  224: '→',
  223: '←',
  167: '▪',
  159: '•',
}

/** Attribute names that mean "on" unless their value says otherwise. */
export function isOn(node: XmlNode | undefined): boolean {
  if (!node) return false
  const value = Object.entries(node.attributes).find(([key]) => localName(key) === 'val')?.[1]
  return value === undefined || !/^(0|false|off)$/.test(value)
}
