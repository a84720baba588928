const written: Record<string, string> = {
  one: '1',
  two: '2',
  three: '3',
  four: '4',
  five: '5',
  six: '6',
  seven: '7',
  eight: '8',
  nine: '9',
  ten: '10',
  eleven: '11',
  twelve: '12',
  thirteen: '13',
  fourteen: '14',
  fifteen: '15',
  sixteen: '16',
  eighteen: '18',
  twenty: '20',
  thirty: '30',
  forty: '40',
  fifty: '50',
  sixty: '60',
  seventy: '70',
  eighty: '80',
  ninety: '90',
  zwei: '2',
  drei: '3',
  vier: '4',
  fünf: '5',
  sechs: '6',
  sieben: '7',
  acht: '8',
  neun: '9',
  zehn: '10',
  elf: '11',
  zwölf: '12',
  vierzehn: '14',
  zwanzig: '20',
  dreißig: '30',
  vierzig: '40',
  fünfzig: '50',
  sechzig: '60',
  neunzig: '90',
  一: '1',
  二: '2',
  两: '2',
  三: '3',
  四: '4',
  五: '5',
  六: '6',
  七: '7',
  八: '8',
  九: '9',
  十: '10',
}

const digits = /\p{Nd}+(?:[.,'’\u00a0\u202f]\p{Nd}+)*/gu
const words = /[\p{L}]+/gu

/**
 * The numbers that a text states in digits, in one notation for comparison: full-width digits folded, grouping removed
 * (`1,000`, `1.000` and `1'000` are `1000`), decimals with a point, leading zeros dropped.
 */
export function numbersIn(text: string): string[] {
  return [...text.normalize('NFKC').matchAll(digits)].map((match) => canonical(match[0]))
}

/** The numbers of a text as digits or as words (English, German, Chinese up to ninety), for looking one up. */
export function statedNumbers(text: string): Set<string> {
  const found = new Set(numbersIn(text))
  const folded = text.normalize('NFKC').toLowerCase()
  for (const [word] of folded.matchAll(words)) {
    const value = written[word]
    if (value) found.add(value)
  }
  for (const sign of folded.match(/[一二两三四五六七八九十]/gu) ?? []) found.add(written[sign]!)
  return found
}

function canonical(written: string): string {
  const parts = written.split(/[.,'’\u00a0\u202f]/u)
  const grouped =
    parts.length > 1 && parts[0]!.length <= 3 && parts.slice(1).every((p) => p.length === 3)
  // A date or a version (three parts or more, not grouped) stays as it is, with points.
  const text = grouped ? parts.join('') : parts.join('.')
  return text.replace(/^0+(?=\d)/, '')
}
