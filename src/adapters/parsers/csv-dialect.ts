export interface CsvDialect {
  delimiter: string
  /** Columns that most of the first records have; 1 where no delimiter separates anything. */
  columns: number
  /** Records looked at, and the share of them that has that many columns. */
  records: number
  share: number
}

const delimiters = [',', ';', '\t', '|'] as const
const recordsSampled = 50

/**
 * The delimiter that splits the first records into the same number (at least two) of cells most
 * often.
 */
export function sniffCsv(text: string): CsvDialect {
  let best: CsvDialect = { delimiter: ',', columns: 1, records: 0, share: 0 }
  let bestScore = 0
  for (const delimiter of delimiters) {
    const widths: number[] = []
    for (const record of csvRecords(text, delimiter)) {
      if (record.length > 1 || record[0] !== '') widths.push(record.length)
      if (widths.length >= recordsSampled) break
    }
    const { width, share } = mostFrequent(widths)
    if (width < 2 || (share < 0.6 && widths.length > 3)) continue
    const score = share * 10 + Math.min(width, 30) / 30
    if (score > bestScore) {
      best = { delimiter, columns: width, records: widths.length, share }
      bestScore = score
    }
  }
  return best
}

function mostFrequent(widths: number[]): { width: number; share: number } {
  const counts = new Map<number, number>()
  for (const width of widths) counts.set(width, (counts.get(width) ?? 0) + 1)
  let width = 1
  let most = 0
  for (const [w, n] of counts) {
    if (n > most || (n === most && w > width)) {
      width = w
      most = n
    }
  }
  return { width, share: widths.length === 0 ? 0 : most / widths.length }
}

/**
 * Records by RFC 4180: quoted cells may hold delimiters, line breaks and doubled quotes; ragged
 * rows are kept.
 */
export function* csvRecords(text: string, delimiter: string): Generator<string[]> {
  let at = 0
  let record: string[] = []
  while (at < text.length) {
    const cell = readCell(text, at, delimiter)
    record.push(cell.value)
    at = cell.next
    const stop = text[at]
    if (stop === delimiter) {
      at++
      if (at === text.length) record.push('')
      continue
    }
    at += stop === '\r' && text[at + 1] === '\n' ? 2 : 1
    yield record
    record = []
  }
  if (record.length > 0) yield record
}

function readCell(text: string, start: number, delimiter: string): { value: string; next: number } {
  if (text[start] !== '"') {
    const next = endOfPlain(text, start, delimiter)
    return { value: text.slice(start, next), next }
  }
  let value = ''
  let at = start + 1
  for (;;) {
    const quote = text.indexOf('"', at)
    // A quote that never closes: the cell is what it looks like up to the end of its line.
    if (quote < 0) {
      const next = endOfPlain(text, start, delimiter)
      return { value: text.slice(start, next), next }
    }
    value += text.slice(at, quote)
    if (text[quote + 1] !== '"') {
      const next = endOfPlain(text, quote + 1, delimiter)
      return { value: value + text.slice(quote + 1, next), next }
    }
    value += '"'
    at = quote + 2
  }
}

function endOfPlain(text: string, start: number, delimiter: string): number {
  const code = delimiter.charCodeAt(0)
  let at = start
  for (; at < text.length; at++) {
    const c = text.charCodeAt(at)
    if (c === code || c === 10 || c === 13) break
  }
  return at
}
