import { readFileSync } from 'node:fs'
import { strToU8, zipSync } from 'fflate'
import { describe, expect, it } from 'vitest'
import { limits, type PlinthError } from '#kernel'
import { checkParsed } from '../../../conformance/parser/index.ts'
import { parseAny } from './parse-any.ts'
import { encrypted, makeDocx, makeDocxOf, makePdf, paragraph } from './test-files/make.ts'
import { readSample } from './test-files/samples.ts'

async function refusal(name: string, bytes: Uint8Array): Promise<PlinthError> {
  const outcome = await parseAny({ name, bytes }).then(
    () => undefined,
    (error: PlinthError) => error,
  )
  if (!outcome) throw new Error(`${name} was read`)
  expect(outcome.where).toContain(name)
  return outcome
}

describe('hostile documents', () => {
  it('stops a zip bomb while it expands, whatever its header says [M1.bombs]', async () => {
    const bomb = makeDocxOf(new Uint8Array(64 * 1024 * 1024).fill(32))
    expect(bomb.length).toBeLessThan(1024 * 1024)
    const before = process.cpuUsage()
    const error = await refusal('bomb.docx', bomb)
    expect(error).toMatchObject({
      code: 'PARSER_LIMIT',
      message: expect.stringContaining('parserExpansionRatio'),
    })
    // A header that lies about the size changes nothing.
    const lying = bomb.slice()
    const view = new DataView(lying.buffer)
    for (let at = 0; at + 4 < lying.length; at++) {
      if (view.getUint32(at, true) === 0x02014b50) view.setUint32(at + 24, 10, true)
    }
    expect((await refusal('liar.docx', lying)).code).toBe('PARSER_LIMIT')
    expect(process.cpuUsage(before).user / 1_000).toBeLessThan(20_000)
  })

  it('refuses entity definitions and never expands them [M1.entities]', async () => {
    const laughs = readFileSync(new URL('./test-files/laughs.xml', import.meta.url))
    const error = await refusal('laughs.docx', makeDocxOf(new Uint8Array(laughs)))
    expect(error).toMatchObject({
      code: 'UNPARSABLE',
      message: expect.stringContaining('document type'),
    })
    const { document } = await parseAny({ name: 'laughs.xml', bytes: new Uint8Array(laughs) })
    expect(document.text.length).toBeLessThan(laughs.length + 10)
  })

  it('limits nesting in every format that nests [M1.nesting]', async () => {
    const deep = (open: string, close: string) =>
      strToU8(`${open.repeat(10_000)}x${close.repeat(10_000)}`)
    const html = await refusal('deep.html', strToU8(`<html><body>${'<div>'.repeat(10_000)}x`))
    expect(html).toMatchObject({
      code: 'PARSER_LIMIT',
      message: expect.stringContaining('parserNesting'),
    })
    expect((await refusal('deep.md', deep('> ', ''))).message).toContain('parserNesting')
    const tables = '<w:tbl><w:tr><w:tc>'.repeat(5_000)
    expect((await refusal('deep.docx', makeDocx(tables))).message).toContain('parserNesting')
    let mail = 'From: a@x.test\nTo: b@x.test\nSubject: end\n\nbottom'
    for (let i = 0; i < 8; i++) {
      mail = [
        `From: a@x.test\nTo: b@x.test\nSubject: ${i}\nMIME-Version: 1.0`,
        `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}`,
        `Content-Type: message/rfc822\nContent-Disposition: attachment; filename=n${i}.eml\n`,
        `${mail}\n--b${i}--\n`,
      ].join('\n')
    }
    const { document } = await parseAny({ name: 'deep.eml', bytes: strToU8(mail) })
    expect(document.warnings.join()).toContain('parserAttachmentDepth')
  })

  it('names an encrypted PDF and how to mend it [M1.encrypted]', async () => {
    const pdf = await makePdf([[{ text: 'secret', x: 72, y: 700 }]])
    const error = await refusal('locked.pdf', encrypted(pdf))
    expect(error).toMatchObject({
      code: 'UNPARSABLE',
      message: expect.stringContaining('password'),
    })
    expect(error.remedy).toContain('Remove the password')
  })

  it('reads or refuses PDFs cut anywhere [M1.damage]', async () => {
    const pdf = readSample('pdf/sources/multi_page.pdf')
    for (const share of [0.001, 0.2, 0.6, 0.99]) {
      const bytes = pdf.slice(0, pdf.length * share)
      const outcome = await parseAny({ name: 'cut.pdf', bytes }).catch(
        (error: PlinthError) => error,
      )
      if ('document' in outcome) expect(checkParsed(outcome.document)).toEqual([])
      else expect(outcome.code).toMatch(/UNPARSABLE|UNSUPPORTED/)
    }
  })

  it('refuses empty files, garbage and other formats, naming them [M1.detect]', async () => {
    expect(await refusal('empty.pdf', new Uint8Array())).toMatchObject({
      code: 'UNPARSABLE',
      message: 'The file is empty.',
    })
    const garbage = Uint8Array.from({ length: 5_000 }, (_, i) => (i * i * 31 + i * 7) & 0xff)
    expect((await refusal('noise.txt', garbage)).code).toBe('UNSUPPORTED')
    expect((await refusal('a.docx', strToU8('\x89PNG\r\n\x1a\n', true))).message).toContain('PNG')
    expect((await refusal('a.zip', zipSync({ 'a.txt': strToU8('x') }))).message).toContain(
      'ZIP archive',
    )
    const odt = zipSync({ mimetype: strToU8('application/vnd.oasis.opendocument.text') })
    expect((await refusal('a.odt', odt)).message).toContain('OpenDocument')
    const msg = await refusal('a.msg', readSample('email/sources/msg_simple.msg'))
    expect(msg.message).toContain('Outlook message')
    expect(msg.remedy).toMatch(/plain text, Markdown, HTML, CSV, .*PDF/)
  })

  it('reads a file as what it is and says so [M1.detect]', async () => {
    const docx = makeDocx(paragraph('Words'))
    const wrong = await parseAny({ name: 'report.pdf', bytes: docx })
    expect(wrong).toMatchObject({
      parserId: 'docx/1',
      document: {
        text: 'Words',
        warnings: ['the name ends in .pdf, but the content is Word (docx)'],
      },
    })
    const html = await parseAny({ name: 'a.txt', bytes: strToU8('<!DOCTYPE html><p>Hi</p>') })
    expect(html).toMatchObject({ parserId: 'html/1', document: { text: 'Hi' } })
    const named = await parseAny({ name: 'a.html', bytes: strToU8('no tag in here') })
    expect(named).toMatchObject({ parserId: 'txt/1' })
    const prose = 'Dear all,\n\nplease note, that we meet at 9, not 10.\nBring a, b, and c.\n'
    expect((await parseAny({ name: 'letter', bytes: strToU8(prose) })).parserId).toBe('txt/1')
    expect(
      (await parseAny({ name: 'unnamed', bytes: strToU8('a,b,c\n1,2,3\n4,5,6\n') })).parserId,
    ).toBe('csv/1')
  })

  it('decodes UTF-16, marked or not, and falls back to windows-1252 [M1.encoding]', async () => {
    const words = 'Prämie für Köln\n'
    const le = Buffer.from(words, 'utf16le')
    const be = Buffer.from(le).swap16()
    const marked = [
      Buffer.concat([Buffer.from([0xff, 0xfe]), le]),
      Buffer.concat([Buffer.from([0xfe, 0xff]), be]),
    ]
    for (const bytes of [...marked, le, be, Buffer.from(words), Buffer.from(words, 'latin1')]) {
      const { document } = await parseAny({ name: 'a.txt', bytes: new Uint8Array(bytes) })
      expect(document.text).toBe(words.trim())
    }
    const csv = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('a;b\nÄ;2\n', 'utf16le')])
    expect((await parseAny({ name: 'a.csv', bytes: new Uint8Array(csv) })).document.text).toBe(
      'a | b\nÄ | 2',
    )
  })

  it('limits text, columns and pages by name [M1.limits]', async () => {
    const wide = strToU8(`${'a,'.repeat(limits.parserTableColumns + 1)}b\n`)
    expect((await refusal('wide.csv', wide)).message).toContain('parserTableColumns')
    const long = new Uint8Array(limits.parserTextChars + 1).fill(97)
    expect((await refusal('long.csv', long)).message).toContain('parserTextChars')
    const late = parseAny(
      { name: 'late.txt', bytes: strToU8('words') },
      { deadline: Date.now() - 1 },
    )
    await expect(late).rejects.toMatchObject({
      code: 'PARSER_LIMIT',
      message: expect.stringContaining('parserSeconds'),
    })
  })
})
