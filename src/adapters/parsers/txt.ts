import { limits } from '#kernel'
import type { Parser } from '#ports'
import { DocumentBuilder } from './builder.ts'
import { decodeText } from './encoding.ts'
import { overLimit } from './failures.ts'

/** Plain text: paragraphs are what empty lines separate; their line breaks stay. */
export const txtParser: Parser = {
  version: 'parser/1',
  id: 'txt/1',
  mediaTypes: ['text/plain'],
  async parse(input, options = {}) {
    const decoded = decodeText(input.bytes)
    const builder = new DocumentBuilder('text/plain', {
      name: input.name,
      deadline: options.deadline,
    })
    if (decoded.text.length > limits.parserTextChars) {
      throw overLimit(
        'parserTextChars',
        input.name,
        `The file holds ${decoded.text.length} characters`,
      )
    }
    if (decoded.warning) builder.warn(decoded.warning)
    addParagraphs(builder, decoded.text)
    builder.meta('encoding', decoded.encoding)
    return builder.finish()
  },
}

/** Paragraphs of plain text; runs of lines that begin with `>` become quotes, as in e-mail. */
export function addParagraphs(
  builder: DocumentBuilder,
  text: string,
  options: { quotes?: boolean } = {},
): void {
  const lines = text
    .replace(/^\uFEFF/, '')
    .replace(/\r\n?|\f/g, '\n')
    .split('\n')
  let held: string[] = []
  let quoted = false
  const flush = () => {
    builder.add(quoted ? 'quote' : 'paragraph', held.join('\n'))
    held = []
  }
  for (const line of lines) {
    const isQuote = options.quotes === true && /^\s?>/.test(line)
    const content = isQuote ? line.replace(/^(?:\s?>)+ ?/, '') : line.trimEnd()
    if (content === '' || isQuote !== quoted) flush()
    quoted = isQuote
    if (content !== '') held.push(content)
  }
  flush()
}
