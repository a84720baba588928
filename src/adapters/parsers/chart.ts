import { type DocumentBuilder, oneLine } from './builder.ts'
import { writeTable } from './table-writer.ts'
import { attribute, child, elements, findAll, textOf, type XmlNode } from './xml.ts'

const pointsRead = 1_000

/**
 * A chart as the table behind it: categories down, series across, from the values cached in the
 * chart part.
 */
export function addChart(chart: XmlNode, builder: DocumentBuilder): void {
  const title = findAll(chart, 'title')[0]
  if (title) builder.add('paragraph', oneLine(findAll(title, 't').map(textOf).join('')))
  const series = findAll(chart, 'ser').map((node) => ({
    name: points(child(node, 'tx')).join(' '),
    categories: points(child(node, 'cat') ?? child(node, 'xVal')),
    values: points(child(node, 'val') ?? child(node, 'yVal')),
  }))
  const categories = series.find((s) => s.categories.length > 0)?.categories ?? []
  const rows = Math.max(categories.length, ...series.map((s) => s.values.length), 0)
  if (rows === 0) return
  const grid = [['Category', ...series.map((s, i) => s.name || `Series ${i + 1}`)]]
  for (let i = 0; i < Math.min(rows, pointsRead); i++) {
    grid.push([categories[i] ?? '', ...series.map((s) => s.values[i] ?? '')])
  }
  if (rows > pointsRead)
    builder.warn(`${builder.where}: a chart has ${rows} points, ${pointsRead} were read`)
  writeTable(builder, grid)
}

function points(node: XmlNode | undefined): string[] {
  const list: string[] = []
  for (const point of findAll(node, 'pt')) {
    const at = Number(attribute(point, 'idx') ?? list.length)
    if (at >= 0 && at < 100_000) list[at] = textOf(child(point, 'v')).trim()
  }
  if (list.length === 0 && node) {
    const direct = elements(node).find((c) => c.name === 'v')
    if (direct) list.push(textOf(direct))
  }
  return Array.from(list, (value) => value ?? '')
}
