/**
 * Text to stems, the way the index reads it: handed to whoever compares texts, so that question, sentence and
 * index agree. `language` is an ISO 639-1 code; without it the analyser decides for itself.
 */
export type Analyse = (text: string, language?: string) => readonly string[]

/** A stretch of text that can stand as evidence alone. Offsets are UTF-16 code units, end exclusive. */
export interface TextUnit {
  kind: 'sentence' | 'item' | 'row' | 'table-header' | 'heading'
  start: number
  end: number
  /** For a row: index of its table's header among the units. */
  header?: number
}

const maxUnits = 2_000
const bullet = /^\s*(?:[-*•‣◦–·▪]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+/u
const terminal = /[.!?:;。！？：；…]["'”’»)\]]*$/u
const cell = / \| /
const abbreviation =
  /(?:^|[\s("“„])(?:Dr|Mr|Mrs|Ms|Prof|St|No|Nr|Nos|vs|e\.g|i\.e|z\. ?B|d\. ?h|u\. ?a|bzw|ca|Abs|Art|Fig|Figs|Eq|approx|resp|Inc|Ltd|Co|Corp|Sec|vol|pp|Sen|Gen|Rev|Hon|Jr|Str|Tel|Ziff|Ver|cf|al|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|\p{L})\.\s*$/u

/** Whether a text that ends in a point ends in an abbreviation, not in a sentence. */
export function endsInAbbreviation(text: string): boolean {
  return abbreviation.test(text.slice(-24))
}

/** The first six letters of what follows a German ordinal: months, and what is counted that way. */
const counted =
  /^(?:Januar|Februa|März|April|Mai\b|Juni|Juli|August|Septem|Oktobe|Novemb|Dezemb|Jahrhu|Jahrta|Quarta|Lebens|Auflag|Kapite|Stock|Platz|Woche|Monat|Tag\b|Etage|Klasse|Vertra|Versic)/

/** Whether a point between these is an ordinal's or a spaced decimal's (`21. Jahrhundert`, `10. 4 %`), not an end. */
export function numberGoesOn(before: string, after: string): boolean {
  if (/\d$/.test(before) && /^\d/.test(after)) return true
  return /(?:^|[^\d.,])\d{1,2}$/.test(before) && counted.test(after)
}

const segmenters = new Map<string, Intl.Segmenter>()

function sentenceSegmenter(language: string): Intl.Segmenter {
  let segmenter = segmenters.get(language)
  if (!segmenter) {
    if (segmenters.size > 32) segmenters.clear()
    segmenter = new Intl.Segmenter(language, { granularity: 'sentence' })
    segmenters.set(language, segmenter)
  }
  return segmenter
}

interface Line {
  start: number
  end: number
  text: string
}

/**
 * Splits stored text (blocks separated by blank lines, one table row or list item per line, cells by ` | `) into
 * sentences, list items and table rows, in order. Rows know their table's header. Wrapped prose lines are joined.
 */
export function splitSentences(text: string, language = 'en'): TextUnit[] {
  const units: TextUnit[] = []
  const into = { text, units, language }
  let block: Line[] = []
  let offset = 0
  for (const raw of text.split('\n')) {
    if (units.length >= maxUnits) break
    const line = { start: offset, end: offset + raw.length, text: raw }
    offset += raw.length + 1
    if (raw.trim()) block.push(line)
    else if (block.length > 0) {
      splitBlock(block, into)
      block = []
    }
  }
  if (block.length > 0) splitBlock(block, into)
  return units
}

/** What is being split, and where its units go. */
interface Splitting {
  text: string
  units: TextUnit[]
  language: string
}

function splitBlock(lines: Line[], into: Splitting): void {
  const { text, units } = into
  if (lines.length === 1 && isHeading(lines[0]!.text)) {
    pushTrimmed(text, units, { kind: 'heading', start: lines[0]!.start, end: lines[0]!.end })
    return
  }
  const longest = Math.max(...lines.map((line) => line.text.length))
  let i = 0
  while (i < lines.length) {
    if (cell.test(lines[i]!.text)) {
      i = takeTable(lines, i, into)
      continue
    }
    const first = i
    while (i + 1 < lines.length && wraps(lines[i]!, lines[i + 1]!, longest)) i++
    takeProse({ start: lines[first]!.start, end: lines[i]!.end }, into)
    i++
  }
}

/** Whether the second line continues the first: only a line about as wide as the block was broken by layout. */
function wraps(line: Line, next: Line, longest: number): boolean {
  if (cell.test(next.text) || bullet.test(next.text)) return false
  const full = longest >= 50 && line.text.length >= 0.7 * longest
  return full || (/^\s*\p{Ll}/u.test(next.text) && !terminal.test(line.text.trimEnd()))
}

function isHeading(line: string): boolean {
  const bare = line.trim().replace(/^(?:#{1,6}|\d+(?:\.\d+)*\.?|§ ?\d+)\s+/u, '')
  if (terminal.test(bare) || cell.test(bare) || bullet.test(line) || /\d|: |：/.test(bare))
    return false
  const wide = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}]/u.test(bare)
  return wide ? bare.length <= 24 : bare.split(/\s+/).length <= 10 && bare.length <= 80
}

function takeTable(lines: Line[], from: number, { text, units }: Splitting): number {
  let to = from
  while (to < lines.length && cell.test(lines[to]!.text)) to++
  const header = to - from > 1 ? units.length : -1
  for (let i = from; i < to; i++) {
    const span = { start: lines[i]!.start, end: lines[i]!.end }
    if (i === from && header >= 0) pushTrimmed(text, units, { kind: 'table-header', ...span })
    else
      pushTrimmed(
        text,
        units,
        header >= 0 ? { kind: 'row', ...span, header } : { kind: 'row', ...span },
      )
  }
  return to
}

function takeProse(span: { start: number; end: number }, into: Splitting): void {
  const { text, units, language } = into
  // UAX 29 always breaks at a newline; wrapped lines are one sentence here, so it reads a space instead.
  const prose = text.slice(span.start, span.end).replace(/\n/g, ' ')
  const kind = bullet.test(prose) ? 'item' : 'sentence'
  let start = 0
  for (const end of sentenceEnds(prose, language)) {
    pushTrimmed(text, units, { kind, start: span.start + start, end: span.start + end })
    start = end
  }
}

/** An opening mark at the end belongs to the next sentence; UAX 29 leaves it with the one before. */
const openers = /[“„‘«‹「『《〈（([{【]+$/u
/** A sentence that begins with a number and goes on in lower case: UAX 29 takes it for an abbreviation's rest. */
const numberStart = /(?<=\p{Ll}{3}["”’)]?|\))[.]\s+(?=\d+[\d.,]*\s+\p{Ll})/gu

/** Where the sentences of prose end, in order; the last is its length. */
function sentenceEnds(prose: string, language: string): number[] {
  const ends: number[] = []
  let start = 0
  for (const { segment, index } of sentenceSegmenter(language).segment(prose)) {
    const body = prose.slice(start, index)
    if (index > 0 && !continues(body, segment)) {
      const cut = index - (openers.exec(body)?.[0].length ?? 0)
      if (cut > start) ends.push(cut)
      start = Math.max(start, cut)
    }
  }
  ends.push(prose.length)
  for (const match of prose.matchAll(numberStart)) {
    if (!endsInAbbreviation(prose.slice(0, match.index + 1)))
      ends.push(match.index + match[0].length)
  }
  return [...new Set(ends)].sort((a, b) => a - b)
}

function continues(body: string, next: string): boolean {
  if (endsInAbbreviation(body)) return true
  if (/^\s*[-*•‣◦–·▪]?\s*\(?\d{1,3}[.)]\s*$/u.test(body)) return true
  const point = /\.\s*$/.exec(body)
  return point !== null && numberGoesOn(body.slice(0, point.index), next)
}

function pushTrimmed(text: string, units: TextUnit[], unit: TextUnit): void {
  let { start, end } = unit
  while (start < end && /\s/.test(text[start]!)) start++
  while (end > start && /\s/.test(text[end - 1]!)) end--
  if (end > start && units.length < maxUnits) units.push({ ...unit, start, end })
}
