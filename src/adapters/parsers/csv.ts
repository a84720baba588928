import { limits } from '#kernel'
import type { Parser } from '#ports'
import { DocumentBuilder } from './builder.ts'
import { csvRecords, sniffCsv } from './csv-dialect.ts'
import { decodeText } from './encoding.ts'
import { overLimit } from './failures.ts'
import { TableWriter } from './table-writer.ts'

/**
 * CSV and its relatives (semicolon, tab, pipe): one table, its header the first row with several
 * filled cells.
 */
export const csvParser: Parser = {
  version: 'parser/1',
  id: 'csv/1',
  mediaTypes: ['text/csv', 'text/tab-separated-values'],
  async parse(input, options = {}) {
    const decoded = decodeText(input.bytes)
    const text = decoded.text.replace(/^\uFEFF/, '')
    if (text.length > limits.parserTextChars) {
      throw overLimit('parserTextChars', input.name, `The file holds ${text.length} characters`)
    }
    const declared = /^sep=([^\r\n])\r?\n/.exec(text)
    const body = declared ? text.slice(declared[0].length) : text
    const delimiter = declared?.[1] ?? sniffCsv(body.slice(0, 256 * 1024)).delimiter
    const type = delimiter === '\t' ? 'text/tab-separated-values' : 'text/csv'
    const builder = new DocumentBuilder(type, { name: input.name, deadline: options.deadline })
    if (decoded.warning) builder.warn(decoded.warning)
    const table = new TableWriter(builder)
    let rows = 0
    for (const record of csvRecords(body, delimiter)) {
      rows++
      table.row(record)
    }
    table.end()
    builder.meta('rows', rows)
    builder.meta('encoding', decoded.encoding)
    return builder.finish()
  },
}
