import { existsSync, readdirSync, readFileSync } from 'node:fs'
import type { ParserSample } from '../../../../conformance/parser/index.ts'

/** Real files of each format, beside the repository. */
export const formatsFolder = '../shared/data/doc-formats'

/** A file's bytes; a missing folder is an error that says what to fetch. */
export function readSample(path: string): Uint8Array {
  const whole = `${formatsFolder}/${path}`
  if (!existsSync(whole))
    throw new Error(`${whole} is missing: these tests need the document samples.`)
  return new Uint8Array(readFileSync(whole))
}

export function samplesOf(folder: string, ending: string): ParserSample[] {
  const at = `${formatsFolder}/${folder}/sources`
  if (!existsSync(at)) throw new Error(`${at} is missing: these tests need the document samples.`)
  return readdirSync(at)
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name, bytes: () => readSample(`${folder}/sources/${name}`) }))
}
