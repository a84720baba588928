import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { limits } from '#kernel'
import {
  encrypted,
  makeDocx,
  makeDocxOf,
  makePdf,
  paragraph,
} from '../../src/adapters/parsers/test-files/make.ts'
import { type OpenHouse, openHouse } from '../open-house.ts'

const resources = (folder: string) => `
kind: KnowledgeBase
name: mixed
spec: { readers: [everyone] }
---
kind: Source
name: files
spec: { knowledgeBase: mixed, folder: { path: ${JSON.stringify(folder)} } }
---
kind: Source
name: uploads
spec: { knowledgeBase: mixed, upload: {} }
`

const laughs = readFileSync(
  new URL('../../src/adapters/parsers/test-files/laughs.xml', import.meta.url),
)
const line = (text: string) => ({ text, x: 72, y: 700 })

describe('bad files', () => {
  let house: OpenHouse
  let folder: string
  beforeAll(async () => {
    house = await openHouse()
    folder = await house.folder('files')
    await house.apply(resources(folder))
  })
  afterAll(() => house?.close())

  const find = async (query: string) => {
    const body = { query, knowledgeBases: ['mixed'] }
    return (await house.owner.call('POST', '/api/v1/search', { body })).body.hits
  }

  it('fail alone, each with its file and reason, and the good ones beside them are read [M1.isolated]', async () => {
    const pdf = await makePdf([[line('First page about gooseberries.')], [line('Second page.')]])
    const files: [string, string | Uint8Array, string | null, RegExp][] = [
      ['a-good.txt', 'Gooseberries ripen in July.', null, /./],
      ['broken.pdf', pdf.slice(0, 300), 'UNPARSABLE', /PDF/i],
      ['locked.pdf', encrypted(pdf), 'UNPARSABLE', /password/],
      [
        'bomb.docx',
        makeDocxOf(new Uint8Array(64 * 1024 * 1024).fill(32)),
        'PARSER_LIMIT',
        /parserExpansionRatio/,
      ],
      ['laughs.docx', makeDocxOf(new Uint8Array(laughs)), 'UNPARSABLE', /document type/],
      ['half.docx', makeDocx(paragraph('x')).slice(0, 200), 'UNPARSABLE', /./],
      ['noise.bin', createHash('sha512').update('noise').digest(), 'UNSUPPORTED', /./],
      ['noise.pdf', createHash('sha512').update('noise').digest(), 'UNSUPPORTED', /./],
      ['deep.html', `<html><body>${'<div>'.repeat(20_000)}x`, 'PARSER_LIMIT', /parserNesting/],
      ['really-a-pdf.txt', pdf, null, /./],
      [
        'really-text.pdf',
        'Plain words about rhubarb in a file that claims to be a PDF.',
        null,
        /./,
      ],
      ['z-good.md', '# Quinces\n\nQuinces ripen in October.', null, /./],
    ]
    for (const [name, content] of files) await writeFile(join(folder, name), content)
    const job = await house.sync('files')
    expect(job.state).toBe('succeeded')
    const documents = await house.documents('files')
    const seen = files.map(([name]) => {
      const { state, error } = documents.get(name)
      return { name, state, code: error?.code ?? null, where: error?.where ?? null }
    })
    const wanted = files.map(([name, , code]) =>
      code
        ? { name, state: 'failed', code, where: expect.stringContaining(name) }
        : { name, state: 'ready', code: null, where: null },
    )
    expect(seen).toEqual(wanted)
    for (const [name, , code, detail] of files) {
      if (code) expect(documents.get(name).error.detail).toMatch(detail)
    }
    expect((await find('quinces ripen')).length).toBeGreaterThan(0)
    expect((await find('rhubarb'))[0]).toMatchObject({ externalId: 'really-text.pdf' })
    const [hit] = (await find('gooseberries first page')).filter(
      (one: { externalId: string }) => one.externalId === 'really-a-pdf.txt',
    )
    expect(hit).toMatchObject({ page: 1 })
    const filesFailed = files.filter(([, , code]) => code).length
    expect(job.progress).toMatchObject({ filesFailed })
    // As they are still, an hour later: not read again, and not called fine either.
    const again = await house.sync('files')
    const filesUnchanged = files.length - filesFailed
    const filesTotal = files.length
    expect(again.progress).toMatchObject({ filesFailed, filesUnchanged, filesTotal, pages: 0 })
  }, 180_000)

  it('that hold nothing, or only control characters, do no harm [M1.isolated]', async () => {
    const files: Record<string, string | Uint8Array> = {
      'empty.txt': '',
      'empty.pdf': '',
      'empty.csv': '',
      'spaces.md': ' \n\t\n ',
      'nul.txt': 'before\u0000after zucchini',
      'controls.md':
        'A form feed \u000c, a reversal \u202e and a joiner \u200d beside a persimmon.',
      'surrogate.html': '<p>half &#xD800; a pair, medlar</p>',
      'replacement.txt': Buffer.from([0x6d, 0x65, 0xff, 0xfe, 0x80, 0x20, 0x61, 0x62]),
    }
    for (const [name, content] of Object.entries(files))
      await writeFile(join(folder, name), content)
    expect((await house.sync('files')).state).toBe('succeeded')
    const documents = await house.documents('files')
    for (const name of Object.keys(files)) {
      const { state, error } = documents.get(name)
      expect([name, state === 'ready' ? 'ready' : error.code]).not.toContain('INTERNAL')
      expect([name, state]).not.toContain('pending')
    }
    for (const word of ['persimmon', 'medlar']) {
      expect([word, (await find(word)).length]).toEqual([word, 1])
    }
  })

  it('of 60 MB in rows are read or refused by a named limit, and of 1 GB refused with it [M1.huge]', async () => {
    const file = await open(join(folder, 'huge.csv'), 'w')
    await file.write('id,name,amount\n')
    const rows = Array.from({ length: 10_000 }, (_, i) => `${i},customer ${i},${i}.50`).join('\n')
    const block = Buffer.from(`${rows}\n`)
    for (let size = 0; size < 60 * 1024 * 1024; size += block.length) await file.write(block)
    await file.close()
    const giant = await open(join(folder, 'giant.csv'), 'w')
    await giant.write('id,name\n')
    await giant.truncate(1024 * 1024 * 1024)
    await giant.close()
    await writeFile(join(folder, 'after.txt'), 'Damsons come after the giants.')
    expect((await house.sync('files')).state).toBe('succeeded')
    const documents = await house.documents('files')
    expect(documents.get('after.txt').state).toBe('ready')
    const huge = documents.get('huge.csv')
    expect(huge).toMatchObject({ state: 'failed', error: { code: 'PARSER_LIMIT' } })
    expect(huge.error.detail).toMatch(/parser\w+/)
    expect(documents.get('giant.csv')).toMatchObject({
      state: 'failed',
      error: {
        code: 'TOO_LARGE',
        where: 'giant.csv',
        detail: expect.stringContaining(`${limits.uploadBytes}`),
      },
    })
    const start = { source: 'uploads', name: 'giant.csv', size: 1024 ** 3 }
    const refused = await house.owner.call('POST', '/api/v1/uploads', { body: start })
    expect(refused.body).toMatchObject({ status: 413, code: 'TOO_LARGE' })
    expect(refused.body.detail).toContain(`${limits.uploadBytes}`)
  })
})
