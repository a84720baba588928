import { readFileSync } from 'node:fs'
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
