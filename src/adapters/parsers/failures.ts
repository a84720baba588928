import { limits, PlinthError } from '#kernel'

/** A PARSER_LIMIT error that names the limit, its value and where it was met. */
export function overLimit(name: keyof typeof limits, where: string, what: string): PlinthError {
  return new PlinthError('PARSER_LIMIT', {
    detail: `${what}: over the limit ${name} (${limits[name]}).`,
    where,
    remedy: `Split the document, or raise ${name} in the limits of this installation.`,
  })
}

/** An UNPARSABLE error: the file is of a known format but cannot be read. */
export function unparsable(
  detail: string,
  details: { where?: string; remedy?: string; cause?: unknown } = {},
): PlinthError {
  return new PlinthError('UNPARSABLE', { detail, ...details })
}

/** Any fault of a parser as UNPARSABLE; too deep a recursion is the nesting limit. */
export function asParserError(error: unknown, where: string): PlinthError {
  if (error instanceof PlinthError) return error
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return overLimit('parserNesting', where, 'The document is nested too deeply')
  }
  const reason = error instanceof Error ? error.message : String(error)
  return unparsable(`The file could not be read: ${reason}`, { where, cause: error })
}
