/**
 * Makes the binary documents of the sample company from their sources and writes a manifest of both
 * digests. A source is named after what it becomes: `sources/legal/x.pdf.md` makes `legal/x.pdf`.
 * With `--check` nothing is written; the exit status says whether everything is up to date.
 */
import { createHash } from 'node:crypto'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parse } from 'yaml'
import { makeDocx } from './make-samples/docx.ts'
import { makePdf } from './make-samples/pdf.ts'
import { makePptx } from './make-samples/pptx.ts'
import { makeXlsx } from './make-samples/xlsx.ts'

const samples = fileURLToPath(new URL('../samples/', import.meta.url))
const manifestFile = join(samples, 'sources/manifest.json')

/** One line of `samples/sources/manifest.json`. Digests are SHA-256 in hexadecimal. */
export interface Made {
  source: string
  sourceSha256: string
  document: string
  documentSha256: string
}

const makers: Record<string, (source: string) => Promise<Uint8Array>> = {
  docx: makeDocx,
  pdf: makePdf,
  pptx: (source) => makePptx(parse(source)),
  xlsx: (source) => makeXlsx(parse(source)),
}

/** Builds every document in memory, in the order of the names. */
export async function makeAll(): Promise<(Made & { bytes: Uint8Array })[]> {
  const sources = globSync('**/*.{md,yaml}', { cwd: join(samples, 'sources') })
    .map((name) => name.replaceAll('\\', '/'))
    .sort()
  return Promise.all(sources.map(make))
}

async function make(name: string): Promise<Made & { bytes: Uint8Array }> {
  const document = name.replace(/\.(md|yaml)$/, '')
  const maker = makers[document.slice(document.lastIndexOf('.') + 1)]
  if (maker === undefined) throw new Error(`${name}: no way to make ${document}`)
  const source = readFileSync(join(samples, 'sources', name), 'utf8')
  const bytes = await maker(source)
  const made = { source: name, sourceSha256: sha256(source), document }
  return { ...made, documentSha256: sha256(bytes), bytes }
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

async function main(): Promise<void> {
  const made = await makeAll()
  const manifest = `${JSON.stringify(
    made.map(({ bytes: _, ...entry }) => entry),
    null,
    2,
  )}\n`
  if (process.argv.includes('--check')) {
    process.exitCode = manifest === readFileSync(manifestFile, 'utf8') ? 0 : 1
    return
  }
  for (const { document, bytes } of made) {
    writeFileSync(join(samples, 'documents', document), bytes)
    console.log(`${document}: ${(bytes.length / 1024).toFixed(1)} KiB`)
  }
  writeFileSync(manifestFile, manifest)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
