import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** Every file of the repository that git tracks or would add, relative to the root. */
export const allFiles: readonly string[] = execFileSync(
  'git',
  ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate'],
  { cwd: root, encoding: 'utf8', maxBuffer: 64_000_000 },
)
  .split('\n')
  .filter((file) => file !== '' && isPresent(file))

const textPattern = /\.(ts|tsx|mts|mjs|js|css|html|sql|md|json|ya?ml|sh)$|(^|\/)(run|LICENSE)$/
const codePattern = /\.(ts|tsx|mts|mjs)$/

export const codeFiles = allFiles.filter(
  (file) =>
    codePattern.test(file) &&
    /^(src|sdk|console|test|bench|conformance|scripts|bin)\/|^[^/]+$/.test(file) &&
    !/(^|\/)(generated|fixtures|test-files)\//.test(file),
)
export const textFiles = allFiles.filter(
  (file) => textPattern.test(file) && file !== 'package-lock.json',
)

const texts = new Map<string, string>()

export function textOf(file: string): string {
  const known = texts.get(file)
  if (known !== undefined) return known
  const text = readFileSync(`${root}/${file}`, 'utf8')
  texts.set(file, text)
  return text
}

export function isTest(file: string): boolean {
  return /\.(test|fixture)\.tsx?$|^(test|bench|conformance)\/|\/test-files\//.test(file)
}

/** Syntax tree by the TypeScript 6 API (TypeScript 7 has none for JavaScript yet). */
export function parse(file: string): ts.SourceFile {
  const kind = file.endsWith('.tsx') ? ts.ScriptKind.TSX : ts.ScriptKind.TS
  return ts.createSourceFile(file, textOf(file), ts.ScriptTarget.Latest, true, kind)
}

/** Calls `visit` for every node of a tree, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

export function lineOf(source: ts.SourceFile, position: number): number {
  return source.getLineAndCharacterOfPosition(position).line + 1
}

function isPresent(file: string): boolean {
  try {
    readFileSync(`${root}/${file}`)
    return true
  } catch {
    return false
  }
}
