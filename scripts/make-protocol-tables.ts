/** Writes the tables of `docs/use/protocols.md` from what the dialects do. With `--check` nothing is written. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { protocolMatrix } from '../conformance/dialect/index.ts'
import { createDialects } from '../src/adapters/dialects/index.ts'

const page = fileURLToPath(new URL('../docs/use/protocols.md', import.meta.url))
const begin = '<!-- made by scripts/make-protocol-tables.ts -->'
const end = '<!-- end -->'

/** The page as it is, and as it should be. */
export function protocolPage(): { found: string; made: string } {
  const found = readFileSync(page, 'utf8')
  const from = found.indexOf(begin) + begin.length
  const to = found.indexOf(end)
  if (from < begin.length || to < from) throw new Error('The page has no place for its tables.')
  const tables = protocolMatrix(Object.values(createDialects()))
  return { found, made: `${found.slice(0, from)}\n\n${tables}${found.slice(to)}` }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { found, made } = protocolPage()
  if (!process.argv.includes('--check')) writeFileSync(page, made)
  else if (found !== made) {
    process.stderr.write('docs/use/protocols.md is out of date: make-protocol-tables.ts\n')
    process.exitCode = 1
  }
}
