import { posix } from 'node:path'
import ts from 'typescript'
import { codeFiles, lineOf, parse } from './sources.ts'

/** Exported functions and classes that a module's index offers and no docstring explains. */
export function undocumented(): string[] {
  const indexes = codeFiles.filter((file) =>
    /^src\/[a-z]+\/index\.ts$|^sdk\/src\/index\.ts$/.test(file),
  )
  return indexes.flatMap((index) => inFile(index, undefined, new Set()))
}

/** `names`: which exports are offered; undefined means all. */
function inFile(file: string, names: ReadonlySet<string> | undefined, seen: Set<string>): string[] {
  const key = `${file} ${names ? [...names].sort().join() : '*'}`
  if (seen.has(key) || !codeFiles.includes(file)) return []
  seen.add(key)
  const source = parse(file)
  return source.statements.flatMap((statement) => {
    if (ts.isExportDeclaration(statement)) return reExported(file, statement, names, seen)
    if (!ts.isFunctionDeclaration(statement) && !ts.isClassDeclaration(statement)) return []
    const name = statement.name?.text
    if (!name || !isExported(statement) || (names && !names.has(name))) return []
    if (ts.getJSDocCommentsAndTags(statement).length > 0) return []
    return [`${file}:${lineOf(source, statement.getStart())} ${name} has no docstring`]
  })
}

function reExported(
  file: string,
  statement: ts.ExportDeclaration,
  names: ReadonlySet<string> | undefined,
  seen: Set<string>,
): string[] {
  const from = statement.moduleSpecifier
  if (!from || !ts.isStringLiteral(from) || !from.text.startsWith('.')) return []
  const target = posix.join(posix.dirname(file), from.text)
  if (!statement.exportClause) return inFile(target, names, seen)
  if (!ts.isNamedExports(statement.exportClause)) return inFile(target, undefined, seen)
  const offered = statement.exportClause.elements
    .filter((e) => !names || names.has(e.name.text))
    .map((e) => (e.propertyName ?? e.name).text)
  return inFile(target, new Set(offered), seen)
}

function isExported(statement: ts.FunctionDeclaration | ts.ClassDeclaration): boolean {
  return (statement.modifiers ?? []).some((m) => m.kind === ts.SyntaxKind.ExportKeyword)
}
