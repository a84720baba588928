import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { cruiseTree } from '../scripts/imports.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const fixture = fileURLToPath(new URL('./fixtures/imports', import.meta.url))

describe('the import rule', () => {
  it('is broken in the fixture once for each of its rules, and only there [HOUSE.import-rule]', async () => {
    const folders = ['src', 'sdk/src', 'console/src', 'conformance']
    const { violations, rules } = await cruiseTree(fixture, folders)
    const broken = new Map<string, Set<string>>()
    for (const { from, rule } of violations) {
      const files = broken.get(rule.name) ?? new Set()
      broken.set(rule.name, files.add(basename(from, '.ts')))
    }
    expect([...broken.keys()].sort()).toEqual([...rules].sort())
    // A file is named after the rule that it breaks; settings have but one file.
    for (const [rule, files] of broken) {
      const file = rule.startsWith('settings-import') ? 'config' : rule
      expect([...files], rule).toContain(file)
    }
    const innocent = ['index', 'main', 'folder', 'chunk.fixture']
    expect(violations.filter((v) => innocent.includes(basename(v.from, '.ts')))).toEqual([])
  })

  it('holds in this repository, and the checker sees its modules [HOUSE.import-rule]', async () => {
    const { modules, violations } = await cruiseTree(root, ['src', 'sdk/src', 'conformance'])
    expect(modules.length).toBeGreaterThan(250)
    expect(violations.map((v) => `${v.from} -> ${v.to} (${v.rule.name})`)).toEqual([])
  })
})
