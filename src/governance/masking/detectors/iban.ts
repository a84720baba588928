import { countrySpecs } from 'ibantools'
import { mod97 } from '../check-digits.ts'
import type { Finding, View } from '../finding.ts'

const starts = /(?<![\p{L}\p{N}_])[A-Za-z]{2}\d{2}/gu

/** IBANs (ISO 13616) in any case, closed up or in groups, also broken over two lines. */
export function findIbans({ text }: View): Finding[] {
  const found: Finding[] = []
  starts.lastIndex = 0
  for (let match = starts.exec(text); match; match = starts.exec(text)) {
    const end = ibanEnd(text, match.index)
    if (end < 0) continue
    found.push({ kind: 'IBAN', start: match.index, end, score: 0.99, rule: 'iban.mod97' })
    starts.lastIndex = end
  }
  return found
}

/**
 * End of the valid IBAN that starts here, or -1. The country code fixes how many characters to
 * gather.
 */
function ibanEnd(text: string, start: number): number {
  const country = text.slice(start, start + 2).toUpperCase()
  const spec = Object.hasOwn(countrySpecs, country) ? countrySpecs[country] : undefined
  const length = spec?.chars
  if (!length || !spec.IBANRegistry) return -1
  let compact = ''
  let at = start
  while (compact.length < length) {
    const char = text[at]
    if (char === undefined) return -1
    if (/[A-Za-z0-9]/.test(char)) compact += char
    else if (!isSeparator(text, at)) return -1
    at++
  }
  if (/^[\p{L}\p{N}_]/u.test(text.slice(at, at + 2))) return -1
  return spec.bban_regexp && isIban(compact.toUpperCase(), new RegExp(spec.bban_regexp)) ? at : -1
}

/**
 * The country's structure and ISO 7064 MOD 97-10. National check digits inside the account number
 * are not
 * asked for: a number that passes mod 97 is an account even where its bank miscounted.
 */
function isIban(iban: string, structure: RegExp): boolean {
  if (!structure.test(iban.slice(4))) return false
  const digits = [...iban.slice(4), ...iban.slice(0, 4)].map((char) => Number.parseInt(char, 36))
  return mod97(digits.join('')) === 1
}

/** One space, hyphen or line break between two groups. */
function isSeparator(text: string, at: number): boolean {
  if (text[at] === '\r') return text[at + 1] === '\n'
  if (!/[ \n\-\u00a0\u2007\u202f]/.test(text[at]!)) return false
  return (
    /[A-Za-z0-9]/.test(text[at + 1] ?? '') &&
    (text[at - 1] === '\r' || /[A-Za-z0-9]/.test(text[at - 1]!))
  )
}
