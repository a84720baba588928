import { describe, expect, it } from 'vitest'
import type { ParsedDocument, Parser } from '../../src/ports/index.ts'
import { checkParsed } from './check.ts'

export interface ParserSample {
  name: string
  bytes: () => Uint8Array
  /** Words that must stand in the text, in this order. */
  words?: readonly string[]
}

export interface ParserKitOptions {
  open: () => Promise<Parser>
  /** Files that it must read. */
  samples: readonly ParserSample[]
  /**
   * Broken files of its own kind, beside those that the kit makes by cutting and flipping samples.
   */
  broken?: readonly ParserSample[]
}

const refusals = ['UNPARSABLE', 'PARSER_LIMIT', 'UNSUPPORTED']

/** What every parser must do, whatever it reads. */
export function parserKit(name: string, { open, samples, broken = [] }: ParserKitOptions): void {
  describe(`parser kit: ${name}`, () => {
    it('says who it is [M1.parser-identity]', async () => {
      const parser = await open()
      expect(parser.version).toBe('parser/1')
      expect(parser.id).toMatch(/^[a-z][a-z0-9-]*\/\d+$/)
      expect(parser.mediaTypes.length).toBeGreaterThan(0)
    })

    it.each(samples)(
      'reads $name into a correct document [M1.parser-invariants]',
      async (sample) => {
        const parser = await open()
        const document = await parser.parse({ name: sample.name, bytes: sample.bytes() })
        expect(checkParsed(document)).toEqual([])
        expect(parser.mediaTypes).toContain(document.mediaType)
        expectWords(document, sample.words ?? [])
      },
    )

    it('gives the same document for the same bytes [M1.parser-deterministic]', async () => {
      const parser = await open()
      const sample = samples[0]!
      const once = await parser.parse({ name: sample.name, bytes: sample.bytes() })
      expect(await parser.parse({ name: 'renamed', bytes: sample.bytes() })).toEqual(once)
    })

    it('reads damaged files correctly or refuses them by name [M1.parser-damage]', async () => {
      const parser = await open()
      for (const sample of samples.slice(0, 6)) {
        for (const bytes of damaged(sample.bytes())) await readOrRefuse(parser, sample.name, bytes)
      }
    })

    it('refuses what is broken with a reason and a remedy [M1.parser-refuses]', async () => {
      const parser = await open()
      for (const sample of broken) {
        const error = await parser
          .parse({ name: sample.name, bytes: sample.bytes() })
          .catch((e) => e)
        expect(refusals, sample.name).toContain(error.code)
        expect(error.where, sample.name).toContain(sample.name)
        expect(error.remedy.length, sample.name).toBeGreaterThan(10)
      }
    })
  })
}

function expectWords(document: ParsedDocument, words: readonly string[]): void {
  let at = 0
  for (const word of words) {
    const found = document.text.indexOf(word, at)
    expect(
      found,
      `${word} after ${JSON.stringify(document.text.slice(Math.max(0, at - 40), at))}`,
    ).toBeGreaterThanOrEqual(0)
    at = found + word.length
  }
}

/** Cut at three places, and with bytes changed at fixed places: the same damage in every run. */
function* damaged(bytes: Uint8Array): Generator<Uint8Array> {
  for (const share of [0.1, 0.5, 0.95]) yield bytes.slice(0, Math.floor(bytes.length * share))
  for (let seed = 1; seed <= 4; seed++) {
    const changed = bytes.slice()
    for (let i = 0; i < 20; i++) {
      const at = Math.floor(Math.abs(Math.sin(seed * 100 + i)) * changed.length)
      changed[at] = ((changed[at] ?? 0) + seed * 37 + i) & 0xff
    }
    yield changed
  }
}

async function readOrRefuse(parser: Parser, name: string, bytes: Uint8Array): Promise<void> {
  try {
    expect(checkParsed(await parser.parse({ name, bytes })), name).toEqual([])
  } catch (error) {
    if ((error as { code?: string }).code === undefined) throw error
    expect(refusals, name).toContain((error as { code: string }).code)
  }
}
