import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { actorOf, auditEvents } from './events.ts'

describe('the kinds of audit events', () => {
  it('are those that docs/security/audit.md explains, word for word [M28.event-kinds]', () => {
    const page = readFileSync(new URL('../../../docs/security/audit.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z]+\.[a-z-]+)` \| (\w+) \| (.+) \|$/gm)]
    const documented = Object.fromEntries(
      rows.map(([, kind, action, what]) => [kind, { action, what }]),
    )
    expect(documented).toEqual(auditEvents)
  })

  it('are each recorded somewhere [M28.event-kinds]', () => {
    const src = fileURLToPath(new URL('../../', import.meta.url))
    const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
      (name) => /(?<!\.test|\.fixture)\.ts$/.test(name) && !name.endsWith('audit/events.ts'),
    )
    const code = files.map((name) => readFileSync(join(src, name), 'utf8')).join('\n')
    expect(Object.keys(auditEvents).filter((kind) => !code.includes(`'${kind}'`))).toEqual([])
  })

  it('name the user behind a key, and a user once [M28.event-kinds]', () => {
    const common = { name: 'n', readerTokens: [], permissions: new Set<never>() }
    expect(actorOf({ ...common, kind: 'user', id: 'usr_1', userId: 'usr_1' })).toEqual({
      kind: 'user',
      id: 'usr_1',
    })
    expect(actorOf({ ...common, kind: 'service', id: 'key_1', userId: 'usr_1' })).toEqual({
      kind: 'service',
      id: 'key_1',
      userId: 'usr_1',
    })
  })
})
