import { createHash } from 'node:crypto'
import { globSync, readFileSync, statSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipSync } from 'fflate'
import { isValidIBAN } from 'ibantools'
import { extractRawText } from 'mammoth'
import { extractText, getDocumentProxy } from 'unpdf'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { resourceKinds, resourceName } from '#kernel'
import { type Made, makeAll } from '../scripts/make-samples.ts'
import { parseAny } from '../src/adapters/parsers/parse-any.ts'

const samples = fileURLToPath(new URL('../samples/', import.meta.url))
const documents = globSync('**/*.*', { cwd: `${samples}documents` })
  .map((path) => path.replaceAll('\\', '/'))
  .sort()

const question = z
  .object({
    id: resourceName,
    question: z.string().min(8),
    language: z.enum(['en', 'de', 'zh']),
    assistant: resourceName,
    asUser: z.email().nullable(),
    answerable: z.boolean(),
    gold: z.array(z.object({ document: z.string(), quote: z.string().min(4) }).strict()),
    expect: z.array(z.string()),
    deniedTo: z.array(z.email()).optional(),
    forbid: z.array(z.string()).optional(),
    note: z.string(),
  })
  .strict()

const person = z
  .object({
    email: z.email(),
    name: z.string(),
    groups: z.array(z.string()),
    roles: z.array(
      z.enum([
        'owner',
        'product-owner',
        'data-engineer',
        'ml-engineer',
        'platform',
        'security',
        'member',
        'viewer',
      ]),
    ),
  })
  .strict()

const resource = z
  .object({
    kind: z.enum(Object.keys(resourceKinds) as [keyof typeof resourceKinds]),
    name: resourceName,
    project: z.literal('default'),
    spec: z.unknown(),
  })
  .strict()

const questions = read('questions.jsonl')
  .trimEnd()
  .split('\n')
  .map((line) => question.parse(JSON.parse(line)))
const people = z.array(person).parse(parse(read('plinth/people.yaml')))
const resources = ['10-knowledge', '20-answers'].flatMap((name) =>
  parseAllDocuments(read(`plinth/${name}.yaml`)).map((doc) => resource.parse(doc.toJS())),
)

function read(path: string): string {
  return readFileSync(samples + path, 'utf8')
}

const flat = (text: string) => text.replace(/\s+/g, ' ')

/** The words of a document, not by the product's parsers: gold passages must not depend on them. */
async function textOf(path: string): Promise<string> {
  const bytes = readFileSync(`${samples}documents/${path}`)
  if (path.endsWith('.docx')) return (await extractRawText({ buffer: bytes })).value
  if (path.endsWith('.pdf')) {
    const pdf = await getDocumentProxy(new Uint8Array(bytes))
    return (await extractText(pdf, { mergePages: true })).text
  }
  if (/\.(pptx|xlsx)$/.test(path)) return officeText(bytes)
  if (/\.(html|eml)$/.test(path)) return bytes.toString('utf8').replace(/<[^>]+>/g, ' ')
  return bytes.toString('utf8')
}

function officeText(bytes: Uint8Array): string {
  return Object.entries(unzipSync(bytes))
    .filter(([name]) => /^(ppt\/slides\/|xl\/sharedStrings)/.test(name) && name.endsWith('.xml'))
    .map(([, xml]) => new TextDecoder().decode(xml).replace(/<[^>]+>/g, '\n'))
    .join('\n')
}

describe('the sample company', () => {
  it('has about 40 documents of all formats [M1.sample-documents]', () => {
    const extensions = new Set(documents.map((path) => path.split('.').at(-1)))
    expect(documents.length).toBeGreaterThanOrEqual(40)
    expect(documents.length).toBeLessThanOrEqual(50)
    expect([...extensions].sort()).toEqual(
      ['csv', 'docx', 'eml', 'html', 'md', 'pdf', 'pptx', 'txt', 'xlsx'].sort(),
    )
    for (const path of documents) {
      expect(statSync(`${samples}documents/${path}`).size, path).toBeLessThan(300_000)
    }
  })

  it('has binary documents that are what their sources make, byte for byte', async () => {
    const made = await makeAll()
    const manifest = JSON.parse(read('sources/manifest.json')) as Made[]
    expect(made.map(({ bytes: _, ...entry }) => entry)).toEqual(manifest)
    for (const { document, bytes } of made) {
      const committed = readFileSync(`${samples}documents/${document}`)
      expect(sha256(committed), `${document}: run npm run samples`).toBe(sha256(bytes))
    }
  })

  it('is invented: reserved domains and telephone ranges only', async () => {
    const mail = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g
    const url = /https?:\/\/(?:[^\s/@]+@)?([\w.-]+)/g
    // Ofcom's and the Bundesnetzagentur's numbers for drama.
    const fiction = /^(01134960|07700900|0808157|01632960|04066969)/
    for (const path of documents) {
      const text = await textOf(path)
      for (const [address] of text.matchAll(mail)) expect(address, path).toMatch(/\.example$/)
      for (const [, host] of text.matchAll(url)) expect(host, path).toMatch(/\.example$/)
      for (const [number] of text.matchAll(/(?<![\w.-])0\d{2,4} \d{3,6}(?: \d{3,4})?\b/g)) {
        const digits = number.replaceAll(' ', '')
        // Shorter runs are parts of account numbers.
        if (digits.length >= 10) expect(digits, path).toMatch(fiction)
      }
    }
  })

  it('holds account and card numbers with valid check digits, for masking to find', () => {
    const file = read('documents/claims/claim-file-TM-2025-048213.md')
    const list = read('documents/restricted/claims-leads/special-investigations-watch-list.md')
    for (const iban of [/GB[\d A-Z]{20,}\d/.exec(file), /NL[\d A-Z]{18,}\d/.exec(list)]) {
      expect(isValidIBAN(iban?.[0].replaceAll(' ', '') ?? '')).toBe(true)
    }
    const card = /\b\d{4} \d{4} \d{4} \d{4}\b/.exec(file)?.[0].replaceAll(' ', '') ?? ''
    const doubled = [...card].map((digit, i) => (i % 2 === 0 ? Number(digit) * 2 : Number(digit)))
    expect(doubled.reduce((sum, n) => sum + (n > 9 ? n - 9 : n), 0) % 10).toBe(0)
  })
})

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describe('the resources of the sample company', () => {
  it('are valid and refer to what exists [M1.sample-resources]', () => {
    for (const { kind, name, spec } of resources) {
      const outcome = resourceKinds[kind].safeParse(spec)
      expect(outcome.error?.issues, `${kind} ${name}`).toBeUndefined()
    }
    const names = (kind: string) => resources.filter((r) => r.kind === kind).map((r) => r.name)
    const bases = names('KnowledgeBase')
    for (const { kind, name, spec } of resources) {
      if (kind === 'Source') {
        expect(bases, name).toContain(resourceKinds.Source.parse(spec).knowledgeBase)
      }
      if (kind === 'Assistant') {
        const assistant = resourceKinds.Assistant.parse(spec)
        for (const base of assistant.knowledgeBases) expect(bases, name).toContain(base)
        expect(names('Route')).toContain(assistant.route)
        expect(names('Prompt')).toContain(assistant.prompt)
        expect(names('Guardrail')).toContain(assistant.guardrail)
      }
    }
  })

  it('give every document to exactly one source, and no restricted one to everyone', () => {
    const sources = resources
      .filter((r) => r.kind === 'Source')
      .map((r) => resourceKinds.Source.parse(r.spec))
    const groups = new Set(people.flatMap((p) => p.groups.map((group) => `group:${group}`)))
    for (const path of documents) {
      const owners = sources.filter((s) =>
        s.folder?.include.some((glob) => matchesGlob(path, glob)),
      )
      expect(owners.length, path).toBe(1)
      const rule = owners[0]?.access.find((access) => matchesGlob(path, access.path))
      const readers = rule?.readers ?? owners[0]?.readers ?? []
      const restricted = /^restricted\/|claim-file/.test(path)
      expect(readers.includes('everyone'), path).toBe(!restricted)
      for (const reader of readers) {
        if (reader !== 'everyone') expect(groups, path).toContain(reader)
      }
    }
  })
})

describe('the questions about the sample company', () => {
  it('are 40: 8 without an answer, 6 for some users only [M1.sample-questions]', () => {
    expect(questions.length).toBe(40)
    expect(new Set(questions.map((q) => q.id)).size).toBe(40)
    expect(questions.filter((q) => !q.answerable).length).toBe(8)
    expect(questions.filter((q) => q.asUser !== null).length).toBe(6)
    expect(questions.some((q) => q.forbid !== undefined)).toBe(true)
    const assistants = resources.filter((r) => r.kind === 'Assistant').map((r) => r.name)
    const emails = people.map((p) => p.email)
    for (const q of questions) {
      expect(assistants, q.id).toContain(q.assistant)
      expect(q.answerable, q.id).toBe(q.gold.length > 0 && q.expect.length > 0)
      expect(q.asUser !== null, q.id).toBe(q.deniedTo !== undefined)
      for (const email of [q.asUser ?? [], q.deniedTo ?? []].flat()) expect(emails).toContain(email)
      expect(q.deniedTo ?? [], q.id).not.toContain(q.asUser)
    }
  })

  it('quote gold passages verbatim; each expected fact stands in a gold document', async () => {
    for (const q of questions) {
      const texts = new Map<string, string>()
      for (const { document, quote } of q.gold) {
        const text = flat(await textOf(document))
        texts.set(document, text)
        expect(text.includes(flat(quote)), `${q.id}: ${document}: ${quote}`).toBe(true)
      }
      // Numbers are not strings in a sheet; the test with the parsers checks them.
      if (q.gold.some((gold) => gold.document.endsWith('.xlsx'))) continue
      const all = [...texts.values()].join('\n')
      for (const fact of q.expect) {
        const found = fact.split('|').some((spelling) => all.includes(spelling))
        expect(found, `${q.id}: ${fact}`).toBe(true)
      }
    }
  })

  it('find every gold passage and fact in what the parsers store [M1.sample-parsed]', async () => {
    for (const q of questions) {
      const texts: string[] = []
      for (const { document, quote } of q.gold) {
        const bytes = new Uint8Array(readFileSync(`${samples}documents/${document}`))
        const parsed = await parseAny({ bytes, name: document.split('/').at(-1) ?? document })
        texts.push(parsed.document.text)
        expect(flat(parsed.document.text), `${q.id}: ${document}`).toContain(flat(quote))
      }
      for (const fact of q.expect) {
        const found = fact.split('|').some((spelling) => texts.join('\n').includes(spelling))
        expect(found, `${q.id}: ${fact}`).toBe(true)
      }
    }
  })
})
