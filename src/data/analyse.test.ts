import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { analyse, analyseIn, analyseQuery, analyseUnicode } from './analyse.ts'
import { detectLanguage, type Language, languages } from './language.ts'

const anyLanguage = fc.constantFrom(...(Object.keys(languages) as Language[]))
const asciiText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'INV-2024-001',
        'v2.3.1',
        'a.b@c.org',
        "don't",
        "O'Brien's",
        'C++',
        'C#',
        '1,000.50',
        '3,5',
        'getUserName',
        'e-mail',
        'U.S.A.',
        'x_y',
        '10mg',
        '://',
        '--',
        "'",
        ' ',
      ),
      fc.string({ unit: 'grapheme-ascii', maxLength: 12 }),
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''))

describe('analyse', () => {
  it('reads ASCII text the quick way exactly as the Unicode way [M3.analyse-ascii]', () => {
    fc.assert(
      fc.property(asciiText, anyLanguage, (text, language) => {
        expect(analyse(text, language)).toEqual(analyseUnicode(text, language))
      }),
      { numRuns: 1_000 },
    )
  })

  it('gives tokens that can be joined by spaces and split again, for any text [M3.analyse-tokens]', () => {
    const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }))
    fc.assert(
      fc.property(text, anyLanguage, (any, language) => {
        const tokens = analyse(any, language)
        expect(tokens.join(' ').split(' ').filter(Boolean)).toEqual(tokens)
        for (const token of tokens) expect(token.length).toBeLessThanOrEqual(64)
      }),
      { numRuns: 1_000 },
    )
  })

  it.each([
    ['claims and claiming', 'en', ['claim', 'and', 'claim']],
    ['INV-2024-001', 'en', ['inv', '2024', '001', 'inv2024001']],
    ['v2.3.1', 'en', ['2.3.1']],
    ['anna.b@example.org', 'en', ['anna', 'b', 'exampl', 'org', 'anna.b@example.org']],
    ['COVID-19', 'en', ['covid', '19', 'covid19']],
    ['1,000.50 1.000,50 3,5', 'en', ['1000.50', '1000.50', '3.5']],
    ["don’t O'Brien's", 'en', ['dont', 'obrien']],
    ["l'école dell'anno", 'fr', ['ecol', 'del', 'anno']],
    ['C++ and C#', 'en', ['c++', 'and', 'c#']],
    ['U.S.A. e-mail', 'en', ['u', 's', 'a', 'usa', 'e', 'mail', 'email']],
    ['Straße STRASSE', 'de', ['strass', 'strass']],
    ['Ｆｕｌｌ　ｗｉｄｔｈ １２', 'en', ['full', 'width', '12']],
    ['١٢٣', 'ar', ['123']],
  ] as [string, Language, string[]][])(
    'reads %s in %s [M3.analyse-forms]',
    (text, language, tokens) => {
      expect(analyse(text, language)).toEqual(tokens)
    },
  )

  it('finds a question in its passage however it is written [M3.analyse-query]', () => {
    const pairs: [string, string][] = [
      ['invoice INV2024001', 'The invoice INV-2024-001 was paid.'],
      ['version 2.3.1', 'Released as v2.3.1.'],
      ['email address', 'your e-mail addresses'],
      ['user name', 'call getUserName()'],
      ['resume', 'Résumé'],
      ['10 mg', '10mg twice a day'],
      ['理赔', '保险理赔须知'],
    ]
    for (const [question, passage] of pairs) {
      const found = new Set(analyse(passage, 'en'))
      const terms = analyse(question, 'en').filter((term) => found.has(term))
      expect(terms.length, question).toBeGreaterThan(0)
    }
  })

  it('takes a language by its code, and detects one not given or known [M3.analyse-in]', () => {
    const german = 'Die Versicherungen zahlen nach einem Sturm für die Schäden an dem Haus.'
    for (const language of ['de', undefined, 'tlh', 'constructor']) {
      expect(analyseIn(german, language)).toEqual(analyse(german, 'de'))
    }
  })

  it('analyses a question in every language present, each term once [M3.analyse-languages]', () => {
    const terms = analyseQuery('Versicherungen claims', ['de', 'en'])
    expect(terms).toContain('versicher')
    expect(terms).toContain('claim')
    expect(new Set(terms).size).toBe(terms.length)
  })
})

describe('detectLanguage', () => {
  it('tells the languages of real paragraphs [M3.language]', () => {
    for (const language of ['en', 'de', 'zh'] as const) {
      const path = new URL(
        `../../../shared/data/xquad/beir/${language}/corpus.jsonl`,
        import.meta.url,
      )
      const lines = readFileSync(path, 'utf8').trim().split('\n')
      const right = lines.filter((line) => detectLanguage(JSON.parse(line).text) === language)
      expect(right.length / lines.length).toBeGreaterThan(0.98)
    }
  })

  it('takes what is too short or no language for English [M3.language-short]', () => {
    for (const text of ['', '1234 5678', 'Invoice', '\u{1F600}'])
      expect(detectLanguage(text)).toBe('en')
  })
})
