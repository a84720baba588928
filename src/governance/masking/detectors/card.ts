import { allSame, luhn } from '../check-digits.ts'
import type { Finding, View } from '../finding.ts'

/**
 * Issuer identification ranges (ISO/IEC 7812) as prefix patterns, with the lengths they are issued
 * in.
 */
const issuers: readonly { name: string; prefix: RegExp; lengths: readonly number[] }[] = [
  { name: 'visa', prefix: /^4/, lengths: [13, 16, 19] },
  { name: 'mastercard', prefix: /^(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)/, lengths: [16] },
  { name: 'amex', prefix: /^3[47]/, lengths: [15] },
  { name: 'discover', prefix: /^(?:6011|64[4-9]|65)/, lengths: [16, 19] },
  { name: 'diners', prefix: /^(?:30[0-5]|309|36|3[89])/, lengths: [14, 16] },
  { name: 'jcb', prefix: /^35/, lengths: [16] },
  { name: 'jcb', prefix: /^(?:1800|2131)/, lengths: [15] },
  { name: 'unionpay', prefix: /^(?:62|81)/, lengths: [16, 17, 18, 19] },
  { name: 'maestro', prefix: /^(?:5[678]|0604|6390|67)/, lengths: [12, 13, 14, 15, 16] },
  {
    name: 'maestro',
    prefix: /^(?:5018|5020|5038|5893|6304|6759|676[1-3])/,
    lengths: [12, 13, 14, 15, 16, 18, 19],
  },
  { name: 'mir', prefix: /^220[0-4]/, lengths: [16, 19] },
  { name: 'rupay', prefix: /^(?:508|60|6521|6522)/, lengths: [16] },
  { name: 'verve', prefix: /^(?:506[01]|507[89]|6500)/, lengths: [16, 18, 19] },
  {
    name: 'elo',
    prefix: /^(?:4011|4312|4389|4514|4573|5041|5066|5067|509|6277|6362|6363|650|6516|6550)/,
    lengths: [16],
  },
  { name: 'troy', prefix: /^(?:65|9792)/, lengths: [16] },
]

const separator = '(?:[ \\t\\u00a0\\u2007\\u202f.\\-\\u2010\\u2011\\u2013]|\\r?\\n)'
const groupings = [
  `\\d{4}${separator}\\d{4}${separator}\\d{4}${separator}\\d{4}(?:${separator}\\d{3})?`,
  `\\d{4}${separator}\\d{4}${separator}\\d{4}${separator}\\d{4}`,
  `\\d{4}${separator}\\d{6}${separator}\\d{5}`,
  `\\d{4}${separator}\\d{6}${separator}\\d{4}`,
  `\\d{4}${separator}\\d{3}${separator}\\d{3}${separator}\\d{3}`,
  `\\d{6}${separator}\\d{10,13}`,
  `\\d{8}${separator}\\d{8}`,
  '\\d{12,19}',
].map((grouping) => new RegExp(`${grouping}(?!\\d)`, 'y'))

/** Where a number can start: not inside a longer one, a decimal fraction or an identifier. */
const starts = /(?<![\p{L}\p{N}_]|\d[.,])\d{4}/gu

/** Payment card numbers: an issuer's prefix and length, and the Luhn digit. */
export function findCards({ text }: View): Finding[] {
  const found: Finding[] = []
  starts.lastIndex = 0
  for (let match = starts.exec(text); match; match = starts.exec(text)) {
    const card = cardAt(text, match.index)
    if (card) {
      found.push(card)
      starts.lastIndex = card.end
    }
  }
  return found
}

function cardAt(text: string, start: number): Finding | undefined {
  for (const grouping of groupings) {
    grouping.lastIndex = start
    const match = grouping.exec(text)
    if (
      !match ||
      /^[\p{L}_]/u.test(text.slice(start + match[0].length, start + match[0].length + 2))
    )
      continue
    const digits = match[0].replace(/\D/g, '')
    const issuer = cardIssuer(digits)
    if (!issuer) continue
    return {
      kind: 'CREDIT_CARD',
      start,
      end: start + match[0].length,
      score: 0.95,
      rule: `card.luhn.${issuer}`,
    }
  }
  return undefined
}

/**
 * The issuer of a valid card number (digits only), or undefined where prefix, length or check digit
 * is wrong.
 */
export function cardIssuer(digits: string): string | undefined {
  if (allSame(digits) || !luhn(digits)) return undefined
  return issuers.find(
    (issuer) => issuer.lengths.includes(digits.length) && issuer.prefix.test(digits),
  )?.name
}
