import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type OpenHouse, openHouse } from '../open-house.ts'

const resources = (folder: string) => `
kind: KnowledgeBase
name: handbook
spec: { readers: [everyone] }
---
kind: Source
name: files
spec: { knowledgeBase: handbook, folder: { path: ${JSON.stringify(folder)} } }
---
kind: Prompt
name: plain
spec: { system: Answer briefly. }
---
kind: Guardrail
name: open
spec: {}
---
kind: Route
name: built-in
spec: { models: [extractive] }
---
kind: Assistant
name: guide
spec: { knowledgeBases: [handbook], route: built-in, prompt: plain, guardrail: open }
`

const leave = (days: number) => `# Parental leave

Every employee is entitled to ${days} days of parental leave per child.

# Travel

Trips by train are booked in second class.
`

describe('a folder of documents', () => {
  let house: OpenHouse
  let folder: string
  beforeAll(async () => {
    house = await openHouse()
    folder = await house.folder('files')
    await house.apply(resources(folder))
  })
  afterAll(() => house?.close())

  const ask = async (question: string) =>
    (await house.owner.call('POST', '/api/v1/ask', { body: { question } })).body
  const question = 'How many days of parental leave is an employee entitled to?'
  const find = async (query: string) => {
    const body = { query, knowledgeBases: ['handbook'] }
    return (await house.owner.call('POST', '/api/v1/search', { body })).body.hits
  }

  it('is read, and answers with a citation that is the very passage [M1.folder-source] [M4.cited-answer]', async () => {
    await writeFile(join(folder, 'leave.md'), leave(42))
    const job = await house.sync('files')
    expect(job).toMatchObject({ state: 'succeeded', error: null })
    const answer = await ask(question)
    expect(answer).toMatchObject({ outcome: 'answered', model: 'extractive' })
    expect(answer.text).toContain('42 days')
    const [citation] = answer.citations
    const path = `/api/v1/documents/${citation.documentId}/text?version=${citation.versionId}`
    const { body } = await house.owner.call('GET', path)
    expect(body.text.slice(citation.start, citation.end)).toBe(citation.quote)
    expect(citation.quote).toContain('42 days')
    expect(answer.text.slice(citation.sentenceStart, citation.sentenceEnd)).toContain('42 days')
  })

  it('says that it does not know, with the reason [M4.ungrounded]', async () => {
    const answer = await ask('What is the melting point of tungsten?')
    expect(answer).toMatchObject({ outcome: 'ungrounded', citations: [] })
    expect(answer.reason).toMatch(/\w/)
  })

  it('costs nothing unchanged, and answers from the new version when changed [M1.unchanged]', async () => {
    const before = await house.documents('files')
    expect((await house.sync('files')).progress).toMatchObject({ filesUnchanged: 1 })
    expect(await house.documents('files')).toEqual(before)
    // Touched, with the same bytes: read, found the same, nothing new.
    await writeFile(join(folder, 'leave.md'), leave(42))
    await house.sync('files')
    const { id } = before.get('leave.md')!
    const versions = async () =>
      (await house.owner.call('GET', `/api/v1/documents/${id}/versions`)).body.items
    expect(await versions()).toHaveLength(1)
    await writeFile(join(folder, 'leave.md'), leave(57))
    await house.sync('files')
    expect((await versions()).map((v: { number: number }) => v.number)).toEqual([2, 1])
    const answer = await ask(question)
    expect(answer.text).toContain('57 days')
    expect(answer.text).not.toContain('42 days')
    expect(
      (await find('parental leave days')).map((hit: { text: string }) => hit.text).join(),
    ).not.toContain('42')
  })

  it('gives the model one passage where chunks follow each other [M3.neighbours]', async () => {
    const rules = Array.from(
      { length: 40 },
      (_, i) =>
        `Harbour crane ${i} lifts ${100 + i} crates an hour while the wind is below force 7.`,
    )
    await writeFile(join(folder, 'cranes.md'), `# Harbour cranes\n\n${rules.join('\n\n')}\n`)
    await house.sync('files')
    const { id } = (await house.documents('files')).get('cranes.md')!
    const get = async (part: string) =>
      (await house.owner.call('GET', `/api/v1/documents/${id}/${part}`)).body
    const { items: chunks } = await get('chunks')
    expect(chunks.length).toBeGreaterThan(2)
    expect(await find('harbour crane crates')).toHaveLength(chunks.length)
    const body = { question: 'How many crates does a harbour crane lift an hour?', stream: true }
    const { text: events } = await house.owner.call('POST', '/api/v1/ask', { body })
    const { passages } = JSON.parse(/^event: passages\ndata: (.*)$/m.exec(events)?.[1] ?? '{}')
    expect(passages).toHaveLength(1)
    const [{ text, start, end }] = passages
    expect([start, end]).toEqual([chunks[0].start, chunks.at(-1).end])
    expect((await get('text')).text.slice(start, end)).toBe(text)
    await rm(join(folder, 'cranes.md'))
    await house.sync('files')
  })

  it('is not answered from a removed file once the scan has ended [M1.removed] [M3.at-once]', async () => {
    const { id } = (await house.documents('files')).get('leave.md')!
    await rm(join(folder, 'leave.md'))
    await house.sync('files')
    expect(await find('parental leave days')).toEqual([])
    expect((await ask(question)).outcome).toBe('ungrounded')
    for (const part of ['', '/text', '/chunks', '/original', '/versions']) {
      const reply = await house.owner.call('GET', `/api/v1/documents/${id}${part}`)
      expect([part, reply.status]).toEqual([part, 404])
    }
  })

  it('is read whatever the names are, and never outside of the folder [M1.names]', async () => {
    const outside = await house.folder('outside')
    await writeFile(join(outside, 'secret.txt'), 'The launch code is swordfish.')
    await mkdir(join(outside, 'more'))
    await symlink(join(outside, 'secret.txt'), join(folder, 'innocent.txt'))
    await symlink(outside, join(folder, 'linked-folder'))
    await symlink('/nowhere/at-all', join(folder, 'dangling.txt'))
    await symlink('target.txt', join(folder, 'alias.txt'))
    await writeFile(join(folder, 'target.txt'), 'A link within the folder may be followed.')
    const names = [
      'inside.txt',
      'caf\u00e9.txt',
      'cafe\u0301.txt',
      '\u202egpj.exe.txt',
      'two\nlines.txt',
      'tab\tand "quotes" \\ back.txt',
      '🎄 ho–ho.txt',
      'up..%2f..%2fetc%2fpasswd.txt',
      '-rf.txt',
      'CON.txt',
      `${'long-'.repeat(48)}.txt`,
      "a & b <c> 'd'; drop table.txt",
      '日本語の名前.txt',
    ]
    for (const [i, name] of names.entries()) {
      await writeFile(join(folder, name), `Entry number${i} speaks about topic${i}x.`)
    }
    await writeFile(
      Buffer.concat([Buffer.from(`${folder}/bad`), Buffer.from([0xff, 0xfe]), Buffer.from('.txt')]),
      'unreachable words',
    )
    const job = await house.sync('files')
    expect(job.state).toBe('succeeded')
    const documents = await house.documents('files')
    for (const [i, name] of names.entries()) {
      expect([name, documents.get(name)?.state]).toEqual([name, 'ready'])
      const hits = await find(`topic${i}x`)
      expect(hits[0]).toMatchObject({ externalId: name })
      const original = await house.owner.call(
        'GET',
        `/api/v1/documents/${hits[0].documentId}/original`,
      )
      expect([name, original.status]).toEqual([name, 200])
      expect(original.text).toContain(`topic${i}x`)
    }
    expect(documents.get('alias.txt')?.state).toBe('ready')
    for (const name of ['innocent.txt', 'linked-folder', 'dangling.txt']) {
      expect(documents.get(name)).toMatchObject({
        state: 'failed',
        error: { code: 'UNSUPPORTED', where: name, detail: expect.stringMatching(/link|regular/) },
      })
    }
    expect(await find('swordfish')).toEqual([])
    expect(await find('unreachable')).toEqual([])
    const odd = [...documents.values()].filter((one) => one.externalId.startsWith('bad'))
    expect(odd).toMatchObject([
      { state: 'failed', error: { detail: expect.stringMatching(/Unicode/) } },
    ])
  })

  it('mends a file that failed when it is replaced by a good one [M1.isolated]', async () => {
    await rm(join(folder, 'innocent.txt'))
    await writeFile(join(folder, 'innocent.txt'), 'This one speaks about marmalade.')
    await house.sync('files')
    expect((await house.documents('files')).get('innocent.txt')).toMatchObject({
      state: 'ready',
      error: null,
    })
    // And a good one that turns bad is still answered from its last good version, and says why.
    await rm(join(folder, 'innocent.txt'))
    await symlink('/etc/hostname', join(folder, 'innocent.txt'))
    await house.sync('files')
    const now = (await house.documents('files')).get('innocent.txt')
    expect(now).toMatchObject({ state: 'failed', error: { code: 'UNSUPPORTED' } })
  })

  it('that is gone for a moment loses nothing, and says what is wrong [M1.folder-source]', async () => {
    const before = [...(await house.documents('files')).keys()]
    await rename(folder, `${folder}-away`)
    const job = await house.sync('files')
    expect(job).toMatchObject({
      state: 'failed',
      error: { code: 'NOT_FOUND', detail: expect.stringContaining('folder') },
    })
    expect([...(await house.documents('files')).keys()]).toEqual(before)
    await rename(`${folder}-away`, folder)
    expect((await house.sync('files')).state).toBe('succeeded')
  })

  it('of 2,000 tiny files is read whole, each once [M1.many-files]', async () => {
    const many = await house.folder('many')
    await house.apply(
      `kind: Source\nname: many\nspec: { knowledgeBase: handbook, folder: { path: ${JSON.stringify(many)} } }`,
    )
    for (let i = 0; i < 2_000; i++) {
      if (i % 100 === 0) await mkdir(join(many, `part${i / 100}`))
      const path = join(many, `part${Math.floor(i / 100)}`, `file${i}.txt`)
      await writeFile(path, `Tiny file with the word w${i}w.`)
    }
    const job = await house.sync('many')
    expect(job).toMatchObject({ state: 'succeeded', progress: { filesFailed: 0 } })
    const documents = await house.documents('many')
    expect(documents.size).toBe(2_000)
    expect(new Set([...documents.values()].map((one) => one.state))).toEqual(new Set(['ready']))
    expect(await find('w1999w')).toMatchObject([{ externalId: 'part19/file1999.txt' }])
    expect((await house.sync('many')).progress).toMatchObject({ filesUnchanged: 2_000 })
  }, 300_000)

  it('decides what is there and who reads it: no act that the next scan would undo [M27.scan-decides]', async () => {
    await writeFile(join(folder, 'pay.md'), '# Pay\n\nPay day is the third.\n')
    await house.sync('files')
    const { id } = (await house.documents('files')).get('pay.md')
    const path = `/api/v1/documents/${id}`
    const body = { readers: ['group:pay'] }
    for (const act of [
      await house.owner.call('PUT', `${path}/readers`, { body }),
      await house.owner.call('DELETE', path),
    ]) {
      expect(act.body).toMatchObject({ status: 409, code: 'CONFLICT' })
      expect(act.body.detail).toContain('Source/files')
    }
    expect((await house.owner.call('GET', path)).body.readers).toEqual(['everyone'])
    await rm(join(folder, 'pay.md'))
    await house.sync('files')
    expect((await house.owner.call('GET', path)).status).toBe(404)
  })
})
