import ExcelJS from 'exceljs'
import { z } from 'zod'
import { withFixedDates } from './zip.ts'

const cell = z.union([
  z.string(),
  z.number(),
  z.object({ formula: z.string(), result: z.number() }).strict(),
])

/** How a workbook is written down in YAML. */
const workbookSource = z
  .object({
    title: z.string(),
    author: z.string(),
    sheets: z.array(
      z
        .object({
          name: z.string(),
          columns: z.array(z.string()),
          widths: z.array(z.number()),
          rows: z.array(z.array(cell)),
        })
        .strict(),
    ),
  })
  .strict()

/** A workbook whose sheets have a bold, frozen header row. */
export async function makeXlsx(source: unknown): Promise<Uint8Array> {
  const { title, author, sheets } = workbookSource.parse(source)
  const book = new ExcelJS.Workbook()
  book.title = title
  book.creator = author
  book.created = new Date('2026-03-20T09:00:00Z')
  book.modified = book.created
  for (const { name, columns, widths, rows } of sheets) {
    const sheet = book.addWorksheet(name, { views: [{ state: 'frozen', ySplit: 1 }] })
    sheet.columns = columns.map((header, i) => ({ header, width: widths[i] ?? 16 }))
    sheet.getRow(1).font = { bold: true }
    for (const row of rows) sheet.addRow(row)
    columns.forEach((header, i) => {
      if (/^(GBP|EUR|SGD)/.test(header)) sheet.getColumn(i + 1).numFmt = '#,##0.00#'
    })
  }
  return withFixedDates(new Uint8Array(await book.xlsx.writeBuffer()))
}
