import type { Parser } from '#ports'
import { DocumentBuilder } from '../builder.ts'
import { addChart } from '../chart.ts'
import { readCoreProperties, relationsOf } from '../ooxml.ts'
import { elementsOf, treeOf } from '../xml.ts'
import { ZipArchive } from '../zip.ts'
import { SheetReader } from './sheet.ts'
import { readWorkbook, type Sheet, type Workbook } from './workbook.ts'

/**
 * Excel: each sheet a page with its name, its filled areas tables; formulas by their stored
 * results.
 */
export const xlsxParser: Parser = {
  version: 'parser/1',
  id: 'xlsx/1',
  mediaTypes: ['application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  async parse(input, options = {}) {
    const archive = new ZipArchive(input.bytes, input.name)
    const builder = new DocumentBuilder(xlsxParser.mediaTypes[0] as string, {
      name: input.name,
      deadline: options.deadline,
    })
    readCoreProperties(archive, builder)
    const workbook = readWorkbook(archive)
    for (const [i, sheet] of workbook.sheets.entries()) {
      builder.startPage({ label: sheet.name })
      addSheet(archive, builder, { workbook, sheet })
      options.onProgress?.(i + 1, workbook.sheets.length)
    }
    builder.endPage()
    return builder.finish()
  },
}

function addSheet(
  archive: ZipArchive,
  builder: DocumentBuilder,
  { workbook, sheet }: { workbook: Workbook; sheet: Sheet },
): void {
  if (!archive.has(sheet.part)) {
    builder.warn(`sheet ${sheet.name} is missing`)
    return
  }
  if (sheet.hidden) builder.note(`sheet ${sheet.name} is hidden; it was read`)
  builder.add('heading', sheet.name, { level: 1 })
  if (sheet.kind === 'worksheet') {
    const reader = new SheetReader(builder, workbook)
    elementsOf(archive, sheet.part, {
      containers: ['sheetData'],
      onElement: (node, container) => {
        if (container === 'sheetData') reader.row(node)
      },
    })
    reader.end()
  }
  addCharts(archive, sheet.part, builder)
}

/** Charts on the sheet: their cached values stand in parts behind the drawing. */
function addCharts(archive: ZipArchive, part: string, builder: DocumentBuilder): void {
  for (const drawing of relationsOf(archive, part)) {
    if (drawing.type !== 'drawing' || !archive.has(drawing.target)) continue
    for (const chart of relationsOf(archive, drawing.target)) {
      if (chart.type !== 'chart' || !archive.has(chart.target)) continue
      addChart(treeOf(archive, chart.target), builder)
    }
  }
}
