import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { permissions } from '#kernel'
import { builtInRoles } from './roles.ts'

const page = readFileSync(new URL('../../../docs/security/access.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| `([^`]+)` \|(.*)$/gm)]

describe('docs/security/access.md', () => {
  it('lists every permission with what it allows, and every built-in role [M27.docs]', () => {
    const first = rows.map(([, word]) => word)
    for (const word of [...Object.keys(permissions), ...Object.keys(builtInRoles)]) {
      expect(first).toContain(word)
    }
    const listed = first.filter((word) => /^[a-z]+\.[a-z]+$/.test(word as string))
    expect(listed.sort()).toEqual(Object.keys(permissions).sort())
  })

  it('says what each role grants, exactly [M27.docs]', () => {
    const asking = builtInRoles.viewer?.permissions ?? []
    for (const [name, role] of Object.entries(builtInRoles)) {
      if (name === 'owner') continue
      const text = rows.find(([, word]) => word === name)?.[2] ?? ''
      const words = [...text.matchAll(/`([a-z]+)\.([a-z]+|\*)`/g)].flatMap(([, area, what]) =>
        Object.keys(permissions).filter((p) =>
          what === '*' ? p.startsWith(`${area}.`) : p === `${area}.${what}`,
        ),
      )
      if (text.includes('own keys')) words.push('keys.read', 'keys.write')
      const expected = role.permissions.filter((p) => p !== '*' && !asking.includes(p))
      expect({ name, words: [...new Set(words)].sort() }).toEqual({ name, words: expected.sort() })
    }
  })
})
