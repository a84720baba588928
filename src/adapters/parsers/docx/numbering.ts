import { attribute, child, elements, treeOf, type XmlNode } from '../xml.ts'
import type { ZipArchive } from '../zip.ts'

interface Level {
  format: string
  /** `%1.%2)`: the numbers of levels 1 and 2 in their formats. */
  text: string
  start: number
}

/** What stands before a numbered paragraph. */
export interface ListLabel {
  bullet: boolean
  /** `3.2`, `(a)`; empty for bullets. */
  text: string
}

/** Counts list paragraphs as Word does (ECMA-376 part 1, 17.9) and tells the label of each. */
export class Numbering {
  private readonly levels = new Map<string, Level[]>()
  private readonly abstractOf = new Map<string, string>()
  private readonly restarts = new Map<string, Map<number, number>>()
  private readonly counters = new Map<string, (number | undefined)[]>()
  private readonly seen = new Set<string>()

  constructor(archive: ZipArchive, part: string | undefined) {
    if (!part || !archive.has(part)) return
    for (const node of elements(treeOf(archive, part))) {
      if (node.name === 'abstractNum') this.readAbstract(node)
      if (node.name === 'num') this.readNum(node)
    }
  }

  /** Undefined where the list is unknown or switched off (numId 0). */
  next(numId: string, level: number): ListLabel | undefined {
    const abstract = this.abstractOf.get(numId)
    const levels = abstract === undefined ? undefined : this.levels.get(abstract)
    const own = levels?.[level]
    if (!levels || !own || abstract === undefined) return undefined
    const counters = this.counters.get(abstract) ?? []
    this.counters.set(abstract, counters)
    const restart = this.seen.has(numId) ? undefined : this.restarts.get(numId)
    this.seen.add(numId)
    for (const [at, value] of restart ?? []) counters[at] = value - 1
    counters[level] = (counters[level] ?? own.start - 1) + 1
    counters.length = level + 1
    if (own.format === 'bullet' || own.format === 'none') return { bullet: true, text: '' }
    const text = own.text.replace(/%(\d)/g, (_, digit) => {
      const at = Number(digit) - 1
      const counted = counters[at] ?? levels[at]?.start ?? 1
      return formatNumber(counted, levels[at]?.format ?? 'decimal')
    })
    return { bullet: false, text }
  }

  private readAbstract(node: XmlNode): void {
    const levels: Level[] = []
    for (const lvl of elements(node)) {
      if (lvl.name !== 'lvl') continue
      levels[Number(attribute(lvl, 'ilvl') ?? '0')] = {
        format: attribute(child(lvl, 'numFmt'), 'val') ?? 'decimal',
        text: attribute(child(lvl, 'lvlText'), 'val') ?? '',
        start: Number(attribute(child(lvl, 'start'), 'val') ?? '1') || 0,
      }
    }
    this.levels.set(attribute(node, 'abstractNumId') ?? '', levels)
  }

  private readNum(node: XmlNode): void {
    const numId = attribute(node, 'numId') ?? ''
    this.abstractOf.set(numId, attribute(child(node, 'abstractNumId'), 'val') ?? '')
    const restarts = new Map<number, number>()
    for (const override of elements(node)) {
      const start = attribute(child(override, 'startOverride'), 'val')
      if (override.name === 'lvlOverride' && start !== undefined) {
        restarts.set(Number(attribute(override, 'ilvl') ?? '0'), Number(start) || 0)
      }
    }
    if (restarts.size > 0) this.restarts.set(numId, restarts)
  }
}

const romans: readonly [number, string][] = [
  [1000, 'm'],
  [900, 'cm'],
  [500, 'd'],
  [400, 'cd'],
  [100, 'c'],
  [90, 'xc'],
  [50, 'l'],
  [40, 'xl'],
  [10, 'x'],
  [9, 'ix'],
  [5, 'v'],
  [4, 'iv'],
  [1, 'i'],
]

function formatNumber(value: number, format: string): string {
  switch (format) {
    case 'lowerLetter':
      return letters(value)
    case 'upperLetter':
      return letters(value).toUpperCase()
    case 'lowerRoman':
      return roman(value)
    case 'upperRoman':
      return roman(value).toUpperCase()
    case 'decimalZero':
      return String(value).padStart(2, '0')
    default:
      return String(value)
  }
}

/** a … z, aa, bb …: Word repeats the letter. */
function letters(value: number): string {
  if (value < 1) return ''
  const letter = String.fromCharCode(97 + ((value - 1) % 26))
  return letter.repeat(Math.min(10, Math.floor((value - 1) / 26) + 1))
}

function roman(value: number): string {
  let rest = Math.min(value, 4_999)
  let text = ''
  for (const [unit, sign] of romans) {
    for (; rest >= unit; rest -= unit) text += sign
  }
  return text
}
