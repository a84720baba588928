import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse, type Reply } from '../../test/open-house.ts'

/** A browser: cookies, the header of the console, no key. */
class Browser {
  cookie = ''
  readonly #url: string
  constructor(url: string) {
    this.#url = url
  }
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await fetch(`${this.#url}/api/v1${path}`, {
      method,
      headers: {
        'x-plinth-csrf': '1',
        ...(this.cookie ? { cookie: this.cookie } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const set = answer.headers.get('set-cookie')
    if (set) this.cookie = set.split(';')[0] ?? ''
    return { status: answer.status, set, body: await answer.json() }
  }
}

let house: OpenHouse
beforeAll(async () => {
  house = await openHouse()
})
afterAll(() => house?.close())

const owner = (method: string, path: string, body?: unknown, headers = {}): Promise<Reply> =>
  house.owner.call(method, `/api/v1${path}`, { ...(body === undefined ? {} : { body }), headers })

describe('people and sessions', () => {
  it('begin with an invitation whose link works once [M27.link-once] [M40.rest]', async () => {
    const invited = await owner('POST', '/users', { email: 'Ada@x.example', name: 'Ada' })
    expect(invited.status).toBe(201)
    expect(invited.body).toMatchObject({ email: 'ada@x.example', roles: ['member'] })
    const token = new URL(invited.body.signInLink).hash.replace('#token=', '')
    const browser = new Browser(house.url)
    const signedIn = await browser.call('POST', '/session', { token })
    expect(signedIn.body).toMatchObject({
      email: 'ada@x.example',
      kind: 'user',
      hasPassword: false,
    })
    expect(signedIn.set).toMatch(
      /^plinth_session=\S+; Path=\/; HttpOnly; SameSite=Strict; Expires=/,
    )
    expect((await browser.call('GET', '/me')).body.permissions).toContain('answers.ask')
    const again = await new Browser(house.url).call('POST', '/session', { token })
    expect([again.status, again.body.code]).toEqual([401, 'UNAUTHENTICATED'])
    // Setting a password ends all sessions, and this browser goes on in a new one.
    const before = browser.cookie
    const password = 'a violet tractor hums'
    expect((await browser.call('PUT', '/me/password', { password })).status).toBe(200)
    expect(browser.cookie).not.toBe(before)
    expect((await browser.call('GET', '/me')).body.hasPassword).toBe(true)
    const wrong = await browser.call('PUT', '/me/password', {
      password: 'x'.repeat(12),
      current: 'no',
    })
    expect(wrong.status).toBe(403)
    const other = new Browser(house.url)
    expect(
      (await other.call('POST', '/session', { email: 'ada@x.example', password })).status,
    ).toBe(200)
    // Without the header of the console a cookie alone changes nothing.
    const { status } = await fetch(`${house.url}/api/v1/session`, {
      method: 'DELETE',
      headers: { cookie: other.cookie },
    })
    expect(status).toBe(401)
    expect((await other.call('DELETE', '/session')).body).toEqual({ ok: true })
    expect((await other.call('GET', '/me')).status).toBe(401)
    expect((await browser.call('GET', '/me')).status).toBe(200)
  })

  it('limit guesses, with the time to wait [M27.sign-in-limit]', async () => {
    await owner('POST', '/users', { email: 'eve@x.example', name: 'Eve' })
    const guess = () =>
      new Browser(house.url).call('POST', '/session', { email: 'eve@x.example', password: 'nope' })
    const statuses = []
    for (let i = 0; i < 11; i++) statuses.push((await guess()).status)
    expect(statuses).toEqual([...Array(10).fill(401), 429])
  })

  it('change and end at once [M27.revoke-now]', async () => {
    await owner('POST', '/groups', { name: 'claims/leads', description: 'Leads' })
    const { body: made } = await owner('POST', '/users', { email: 'bo@x.example', name: 'Bo' })
    const change = await owner('PATCH', `/users/${made.id}`, {
      name: 'Bob',
      groups: ['claims/leads'],
      roles: ['viewer'],
    })
    expect(change.body).toMatchObject({ name: 'Bob', groups: ['claims/leads'], roles: ['viewer'] })
    expect((await owner('GET', '/groups')).body.items).toContainEqual({
      name: 'claims/leads',
      description: 'Leads',
      members: 1,
    })
    const link = await owner('POST', `/users/${made.id}/sign-in-link`)
    expect(Date.parse(link.body.expiresAt)).toBeGreaterThan(Date.now())
    await owner('PATCH', `/users/${made.id}`, { disabled: true })
    const token = link.body.signInLink.split('#token=')[1]
    expect((await new Browser(house.url).call('POST', '/session', { token })).status).toBe(401)
    expect((await owner('DELETE', `/groups/${encodeURIComponent('claims/leads')}`)).body).toEqual({
      ok: true,
    })
    expect((await owner('GET', '/users?search=bob')).body.items).toMatchObject([
      { disabled: true, groups: [] },
    ])
    expect((await owner('GET', '/users?limit=1')).body.nextCursor).toEqual(expect.any(String))
  })
})

describe('keys', () => {
  it('show their secret once, hold no more than their scopes, and are revoked at once [M27.keys]', async () => {
    const made = await owner('POST', '/keys', { name: 'reader', scopes: ['people.read'] })
    expect([made.status, made.body.secret]).toEqual([201, expect.stringMatching(/^plk_/)])
    const call = (path: string) =>
      fetch(`${house.url}/api/v1${path}`, { headers: { 'x-api-key': made.body.secret } })
    expect((await call('/users')).status).toBe(200)
    const denied = await call('/keys')
    expect(denied.status).toBe(403)
    expect((await denied.json()).detail).toContain('key-scope')
    const list = await owner('GET', '/keys')
    expect(list.text).not.toContain(made.body.secret)
    expect(list.body.items[0]).toMatchObject({ name: 'reader', lastUsedAt: expect.any(String) })
    const revoked = await owner('DELETE', `/keys/${made.body.id}`)
    expect(revoked.body).toMatchObject({ id: made.body.id, revokedAt: expect.any(String) })
    expect((await call('/users')).status).toBe(401)
    expect((await owner('DELETE', '/keys/key_none')).status).toBe(404)
    expect((await owner('POST', '/keys', { name: 'x', scopes: ['all'] })).status).toBe(400)
  })

  it('are made once for one Idempotency-Key, and their secret is stored nowhere [M40.secret-once]', async () => {
    const headers = { 'idempotency-key': 'make-a-key' }
    const made = await owner('POST', '/keys', { name: 'once' }, headers)
    const again = await owner('POST', '/keys', { name: 'once' }, headers)
    expect([made.status, again.status]).toEqual([201, 409])
    const named = (await owner('GET', '/keys')).body.items.filter(
      (one: { name: string }) => one.name === 'once',
    )
    expect(named).toHaveLength(1)
    const kept = await house.house.foundation.store.read(house.organizationId, (tx) =>
      tx.selectFrom('idempotency_key').selectAll().execute(),
    )
    expect(JSON.stringify(kept)).not.toContain(made.body.secret)
  })
})

const prompt = (system: string) => `kind: Prompt\nname: greeting\nspec:\n  system: ${system}\n`

describe('resources', () => {
  it('are applied, read in any version, compared, labelled, rolled back and deleted [M40.rest]', async () => {
    const apply = (yaml: string, more = {}) => owner('POST', '/resources', { yaml, ...more })
    const dry = await apply(prompt('Hello'), { dryRun: true })
    expect(dry.body).toMatchObject({
      dryRun: true,
      results: [{ outcome: 'created', revision: 1 }],
      auditSeq: null,
    })
    const first = await apply(prompt('Hello'), { message: 'first' })
    expect((await apply(prompt('Good day'))).body.results[0]).toMatchObject({
      outcome: 'changed',
      revision: 2,
    })
    const at = '/resources/Prompt/greeting'
    expect((await owner('GET', at)).body).toMatchObject({
      revision: 2,
      spec: { system: 'Good day' },
    })
    expect((await owner('PUT', `${at}/labels/live`, { revision: 1 })).body).toMatchObject({
      ok: true,
      auditSeq: expect.any(Number),
    })
    const { digest } = first.body.results[0]
    for (const version of ['live', '1', digest]) {
      const { body } = await owner('GET', `${at}?version=${version}`)
      expect(body).toMatchObject({ revision: 1, digest, labels: ['live'], message: 'first' })
      expect(body.yaml).toContain('system: Hello')
    }
    expect((await owner('GET', `${at}?version=absent`)).status).toBe(404)
    const diff = await owner('GET', `${at}/diff?from=live&to=2`)
    expect(diff.body).toMatchObject({ from: 1, to: 2 })
    expect(diff.body.diff).toContain('+  system: Good day')
    const back = await owner('POST', `${at}/rollback`, { revision: 1 })
    expect(back.body.results).toMatchObject([{ outcome: 'changed', revision: 3 }])
    const history = await owner('GET', `${at}/history?limit=2`)
    expect(history.body.items.map((one: { revision: number }) => one.revision)).toEqual([3, 2])
    const rest = await owner('GET', `${at}/history?limit=2&cursor=${history.body.nextCursor}`)
    expect(rest.body.items).toMatchObject([{ revision: 1, labels: ['live'], message: 'first' }])
    expect((await owner('DELETE', `${at}/labels/live`)).status).toBe(200)
    expect((await owner('DELETE', at)).body.ok).toBe(true)
    expect((await owner('GET', at)).status).toBe(404)
  })

  it('name every mistake with its line, and apply nothing then [M18.line-numbers]', async () => {
    const yaml = `${prompt('fine')}---\nkind: Prompt\nname: bad\nspec:\n  sistem: x\n---\nkind: Route\nname: r\nspec: { models: [absent] }\n`
    const refused = await owner('POST', '/resources', { yaml, file: 'all.yaml' })
    expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_INPUT'])
    expect(refused.body.problems[0].where).toMatch(/^all\.yaml:\d+:\d+/)
    expect((await owner('GET', '/resources/Prompt/greeting')).status).toBe(404)
    const stale = await owner('POST', '/resources', {
      yaml: 'kind: Provider\nname: extractive\nspec: {protocol: extractive, headers: {a: b}}\n',
      expectedRevisions: { 'Provider/extractive': 7 },
    })
    expect(stale.status).toBe(409)
    const schema = await owner('GET', '/schemas/Assistant')
    expect(schema.body).toMatchObject({
      type: 'object',
      required: expect.arrayContaining(['route']),
    })
  })

  it('are written in a project by who holds rights there only, and roles by who may write roles [M27.project-roles]', async () => {
    const { store, appendAudit } = house.house.foundation
    const lead = await house.person('lead', { roles: ['viewer'] })
    const { bindRole, createProject } = await import('#governance')
    const { systemPrincipal } = await import('#kernel')
    const by = { principal: systemPrincipal, appendAudit }
    await store.within(house.organizationId, async (tx) => {
      await createProject(tx, { name: 'blue' }, by)
      await bindRole(tx, { subject: `user:${lead.id}`, role: 'product-owner', project: 'blue' }, by)
    })
    const apply = (yaml: string) => lead.call('POST', '/api/v1/resources', { body: { yaml } })
    const inBlue = 'kind: Prompt\nname: blue-one\nproject: blue\nspec: {system: x}\n'
    expect((await apply(inBlue)).status).toBe(200)
    expect(
      (await apply(inBlue.replace('project: blue\n', '').replace('blue-one', 'other'))).status,
    ).toBe(403)
    const seen = await lead.call('GET', '/api/v1/resources')
    expect(seen.body.items.map((one: { name: string }) => one.name)).toEqual(['blue-one'])
    const guard = await house.person('guard', { roles: ['security'] })
    const role = { yaml: 'kind: Role\nname: asker\nspec: {permissions: [answers.ask]}\n' }
    expect((await guard.call('POST', '/api/v1/resources', { body: role })).status).toBe(200)
    expect(
      (await guard.call('POST', '/api/v1/resources', { body: { yaml: prompt('x') } })).status,
    ).toBe(403)
  })
})

describe('the audit log', () => {
  it('lists, filters and pages what happened, with personal data hidden [M28.list]', async () => {
    const page = await owner('GET', '/audit?kind=user.created&limit=2')
    expect(page.body.items).toHaveLength(2)
    expect(page.body.items[0]).toMatchObject({ kind: 'user.created', personal: 'hidden' })
    expect(page.text).not.toContain('@x.example')
    const next = await owner(
      'GET',
      `/audit?kind=user.created&limit=2&cursor=${page.body.nextCursor}`,
    )
    expect(next.body.items[0].seq).toBeLessThan(page.body.items[1].seq)
    const own = await owner('GET', `/audit?actor=${house.owner.keyId}&limit=1`)
    expect(own.body.items[0].actorName).toContain('owner')
    expect((await owner('GET', '/audit?kind=user.created&limit=1')).body.items[0]).toMatchObject({
      target: expect.stringMatching(/^user:usr_/),
      targetName: expect.any(String),
    })
    expect((await owner('GET', '/audit/state')).body).toMatchObject({
      vkey: expect.stringContaining('+'),
      size: expect.any(Number),
    })
  })

  it('names who acted, and lets one ask by a name, only for who may see people [M28.names]', async () => {
    const text = { yaml: 'kind: Prompt\nname: named\nspec: {system: x}\n' }
    expect((await owner('POST', '/resources', text)).status).toBe(200)
    const scopes = ['audit.read', 'resources.read']
    const blind = await owner('POST', '/keys', { name: 'blind', scopes })
    const reader = await house.person('rosalind', { roles: ['member'] })
    const seen = async (path: string, key: string) => {
      const answer = await fetch(`${house.url}/api/v1${path}`, { headers: { 'x-api-key': key } })
      return answer.json()
    }
    const prompt = '/resources/Prompt/named'
    for (const [path, at] of [
      [prompt, 'updatedByName'],
      [`${prompt}/history`, 'createdByName'],
      ['/resources?kind=Prompt&search=named', 'updatedByName'],
    ] as const) {
      const nameFor = async (key: string) => {
        const body = await seen(path, key)
        return (body.items?.[0] ?? body)[at]
      }
      expect(await nameFor(house.owner.key)).toBe('owner (key “test”)')
      expect(await nameFor(reader.key)).toBe('somebody')
      // A key's own person is no secret to it.
      expect(await nameFor(blind.body.secret)).toBe('owner (key “test”)')
    }
    const actors = async (search: string, key = house.owner.key) => {
      const { items } = await seen(`/audit/actors?search=${search}`, key)
      return items.map(({ name }: { name: string }) => name)
    }
    expect(await actors('ROSALIND@')).toEqual(['rosalind'])
    expect(await actors(reader.id)).toEqual(['rosalind'])
    expect(await actors('plinth')).toEqual(['Plinth'])
    expect(await actors('rosalind', blind.body.secret)).toEqual([])
    expect(await actors('%25')).toEqual([])
    const { items } = await seen('/audit?kind=user.created&limit=1', blind.body.secret)
    expect(items[0]).toMatchObject({ targetName: 'somebody', actorName: 'Plinth' })
  })

  it('shows personal data to who may, after recording it; proves each event [M28.reveal]', async () => {
    const { body: page } = await owner('GET', '/audit?kind=user.created&limit=1')
    const { seq } = page.items[0]
    const auditor = await house.owner.call('POST', '/api/v1/keys', {
      body: { name: 'auditor', scopes: ['audit.read'] },
    })
    const asAuditor = (path: string) =>
      fetch(`${house.url}/api/v1${path}`, { headers: { 'x-api-key': auditor.body.secret } })
    expect((await asAuditor(`/audit/${seq}?reveal=true`)).status).toBe(403)
    const plain = await (await asAuditor(`/audit/${seq}`)).json()
    expect(plain.personal).toBe('hidden')
    const shown = await owner('GET', `/audit/${seq}?reveal=true`)
    expect(shown.body.personal).toMatchObject({ email: expect.stringContaining('@') })
    const { body: revealed } = await owner('GET', '/audit?kind=subject.revealed')
    expect(revealed.items[0]).toMatchObject({ outcome: 'intended', details: { event: seq } })
    const { proof, canonical, leafHash } = shown.body
    expect(proof.treeSize).toBeGreaterThan(seq)
    expect(proof.checkpoint).toContain(`\n${proof.treeSize}\n`)
    const leaf = createHash('sha256')
      .update(Buffer.concat([Buffer.from([0]), Buffer.from(canonical)]))
      .digest()
    expect(leaf.toString('hex')).toBe(leafHash)
    expect(rootFrom(leaf, seq, proof).toString('base64')).toBe(proof.checkpoint.split('\n')[2])
    expect((await owner('GET', '/audit/999999')).status).toBe(404)
    expect((await owner('GET', '/audit/x')).status).toBe(400)
  })

  it('is exported as lines that verify without the server, recorded first [M28.export]', async () => {
    const { verifyExport } = await import('@plinth/sdk/audit')
    const { body: state } = await owner('GET', '/audit/state')
    const log = await owner('GET', '/audit/export')
    expect(log.headers.get('content-type')).toContain('application/x-ndjson')
    expect(log.text).toContain('audit.exported')
    const report = await verifyExport(new Response(log.text).body!, { vkey: [state.vkey] })
    expect(report).toMatchObject({ ok: true })
    expect(report.events).toBeGreaterThan(state.size - 1)
    expect((await owner('GET', '/audit/export?from=999999')).status).toBe(404)
    const abort = new AbortController()
    const cut = await fetch(`${house.url}/api/v1/audit/export`, {
      headers: { 'x-api-key': house.owner.key },
      signal: abort.signal,
    })
    expect(cut.status).toBe(200)
    abort.abort()
    expect((await owner('GET', '/audit/state')).status).toBe(200)
  })
})

/** RFC 9162, 2.1.3.2: the root that an inclusion path leads to. */
function rootFrom(
  leaf: Buffer,
  seq: number,
  proof: { treeSize: number; hashes: string[] },
): Buffer {
  const node = (a: Buffer, b: Buffer) =>
    createHash('sha256')
      .update(Buffer.concat([Buffer.from([1]), a, b]))
      .digest()
  let [fn, sn, r] = [seq, proof.treeSize - 1, leaf]
  for (const text of proof.hashes) {
    const p = Buffer.from(text, 'base64')
    if (fn % 2 === 1 || fn === sn) {
      r = node(p, r)
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn >> 1, sn >> 1]
    } else r = node(r, p)
    ;[fn, sn] = [fn >> 1, sn >> 1]
  }
  return r
}
