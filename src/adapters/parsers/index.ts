import { fileURLToPath } from 'node:url'
import type { Parser } from '#ports'
import { type FormatId, formats } from './formats.ts'

export { type Detected, detect } from './detect.ts'
export { type Format, type FormatId, formatByName, formats, formatsRead } from './formats.ts'
export { parseAny } from './parse-any.ts'

/**
 * All parsers with their libraries; for kits and tools. The server parses in children, see
 * `parserChildPath`.
 */
export function loadParsers(): Promise<Parser[]> {
  const ids = Object.keys(formats) as FormatId[]
  return Promise.all(ids.map((id) => formats[id].load()))
}

/**
 * File of the parser process's entry, for `createParserPool`: source and published package alike.
 */
export function parserChildPath(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`./child.${ending}`, import.meta.url))
}
