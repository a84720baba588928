import ts from 'typescript'
import { allFiles, lineOf, parse, textOf, walk } from './sources.ts'

/** Tables whose rows belong to an organization, by the migrations. */
export function tenantTables(): string[] {
  const tables = new Set<string>()
  for (const file of allFiles.filter((f) => /^src\/store\/migrations\/.+\.sql$/.test(f))) {
    const creations = textOf(file).matchAll(
      /create table (?:if not exists )?(\w+)\s*\(([\s\S]*?)\n\)/gi,
    )
    for (const [, name, columns] of creations) {
      if (name && /^\s*organization_id\b/m.test(columns ?? '')) tables.add(name)
    }
  }
  return [...tables].sort()
}

/** Raw statements on such a table that do not name the organization: the scope of the store cannot see into them. */
export function unscopedStatements(file: string, tables: readonly string[]): string[] {
  const names = tables.join('|')
  const touching = new RegExp(`\\b(from|join|update|into)\\s+(${names})\\b`, 'i')
  const source = parse(file)
  const found: string[] = []
  walk(source, (node) => {
    if (!ts.isTaggedTemplateExpression(node) || !/^sql\b/.test(node.tag.getText())) return
    const text = node.template.getText()
    const table = touching.exec(text)?.[2]
    if (!table || text.includes('organization_id')) return
    const line = lineOf(source, node.getStart())
    found.push(`${file}:${line} raw SQL on ${table} does not mention organization_id`)
  })
  return found
}
