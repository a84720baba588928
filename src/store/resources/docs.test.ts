import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { resourceKinds } from '#kernel'
import { keysAt, schemaAt } from './schema-walk.ts'

const page = readFileSync(new URL('../../../docs/use/resources.md', import.meta.url), 'utf8')

/** Keys of a schema and of what stands below them, two levels deep. */
function keysOf(schema: z.ZodType): string[] {
  return keysAt(schema, []).flatMap((key) => {
    const below = schemaAt(schema, [key]) as z.ZodType
    const items = keysAt(schema, [key, 0])
    return [key, ...keysAt(below, []), ...items]
  })
}

describe('docs/use/resources.md', () => {
  it('explains every kind and every key, and no kind that does not exist [M18.docs]', () => {
    const sections = new Map(
      page
        .split(/^### /m)
        .slice(1)
        .map((section) => [section.split('\n', 1)[0] as string, section]),
    )
    expect([...sections.keys()].sort()).toEqual(Object.keys(resourceKinds).sort())
    for (const [kind, schema] of Object.entries(resourceKinds)) {
      const missing = keysOf(schema).filter((key) => !sections.get(kind)?.includes(`\`${key}\``))
      const known = missing.filter((key) => !(kind === 'Provider' && key === 'env'))
      expect({ kind, known }).toEqual({ kind, known: [] })
    }
  })
})
