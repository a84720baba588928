import { fileURLToPath } from 'node:url'

export { type Detected, detect } from './detect.ts'
export { type Format, type FormatId, formatByName, formats, formatsRead } from './formats.ts'
export { parseAny } from './parse-any.ts'

/**
 * File of the parser process's entry, for `createParserPool`: source and published package alike.
 */
export function parserChildPath(): string {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return fileURLToPath(new URL(`./child.${ending}`, import.meta.url))
}
