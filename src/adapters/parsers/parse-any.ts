import type { ParsedDocument, ParseInput, ParseOptions } from '#ports'
import { detect } from './detect.ts'
import { asParserError } from './failures.ts'
import { formats } from './formats.ts'

/**
 * Detects what the bytes are and parses them with the parser of that format, which is loaded on
 * first use. Throws UNSUPPORTED, UNPARSABLE or PARSER_LIMIT, nothing else.
 */
export async function parseAny(
  input: ParseInput,
  options: ParseOptions = {},
): Promise<{ document: ParsedDocument; parserId: string }> {
  try {
    const found = detect(input.bytes, input.name)
    const parser = await formats[found.format].load()
    const parseAttached: ParseOptions['parseAttached'] = async (attached, inner) =>
      (await parseAny(attached, inner)).document
    const document = await parser.parse(input, { ...options, parseAttached })
    if (found.warning) document.warnings.unshift(found.warning)
    return { document, parserId: parser.id }
  } catch (error) {
    throw asParserError(error, input.name)
  }
}
