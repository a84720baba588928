import type { Span } from '#kernel'
import type { ParsedByPool, ParserPool, ParserPoolInput, ParserPoolOptions } from './parser-pool.ts'

/** What there is to parse (a path where the object store has one, else the bytes), and who waits for it. */
export interface ParsableContent {
  input: ParserPoolInput
  signal?: AbortSignal
  /** Pages, slides or sheets done. */
  onPages?: (done: number, total: number) => void
}

/**
 * Step "parse" of ingestion. Throws PlinthError: UNSUPPORTED, UNPARSABLE and PARSER_LIMIT are
 * about this file alone and name it in `where`, with the page where that is known; CANCELLED and
 * UNAVAILABLE are not.
 */
export async function parse(
  content: ParsableContent,
  house: { parser: Pick<ParserPool, 'parse'> },
  span: Pick<Span, 'attributes'>,
): Promise<ParsedByPool> {
  const options: ParserPoolOptions = {}
  if (content.signal) options.signal = content.signal
  if (content.onPages) options.onProgress = content.onPages
  const parsed = await house.parser.parse(content.input, options)
  span.attributes.parser = parsed.parserId
  span.attributes.chars = parsed.text.length
  span.attributes.blocks = parsed.blocks.length
  if (parsed.pages) span.attributes.pages = parsed.pages.length
  if (parsed.warnings.length > 0) span.attributes.warnings = parsed.warnings.length
  return parsed
}
