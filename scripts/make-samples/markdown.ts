/** A block of the small Markdown dialect in which sources of the sample documents are written. */
export type SourceBlock =
  | { kind: 'heading'; level: 1 | 2 | 3; text: string }
  | { kind: 'paragraph'; text: string }
  | { kind: 'item'; ordered: boolean; number: number; text: string }
  | { kind: 'table'; columns: string[]; rows: string[][] }

/**
 * Reads headings, paragraphs, flat lists and tables. Anything else is a paragraph: the sources are
 * ours, and what they need is kept this small on purpose.
 */
export function readMarkdown(source: string): SourceBlock[] {
  return source
    .split(/\n{2,}/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .flatMap(readPart)
}

function readPart(part: string): SourceBlock[] {
  const heading = /^(#{1,3}) (.+)$/.exec(part)
  if (heading) {
    return [{ kind: 'heading', level: heading[1]!.length as 1 | 2 | 3, text: heading[2]! }]
  }
  const lines = part.split('\n')
  if (lines.every((line) => line.startsWith('|'))) return [readTable(lines)]
  const items = lines.map((line) => /^(?:(\d+)\.|-) (.+)$/.exec(line))
  if (items.every((item) => item !== null)) {
    return items.map((item) => ({
      kind: 'item',
      ordered: item[1] !== undefined,
      number: Number(item[1] ?? 0),
      text: item[2]!,
    }))
  }
  return [{ kind: 'paragraph', text: lines.join(' ') }]
}

function readTable(lines: string[]): SourceBlock {
  const cells = lines.map((line) =>
    line
      .replace(/^\|/, '')
      .replace(/\|\s*$/, '')
      .split('|')
      .map((cell) => cell.trim()),
  )
  const [columns = [], , ...rows] = cells
  return { kind: 'table', columns, rows }
}
