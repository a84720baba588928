export { checkParsed } from './check.ts'
export { type ParserSample, parserKit } from './kit.ts'
