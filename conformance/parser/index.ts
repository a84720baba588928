export { checkParsed } from './check.ts'
export { type ParserKitOptions, type ParserSample, parserKit } from './kit.ts'
