import {
  type CountryCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/min'
import { surroundings } from '../context.ts'
import { acceptScore, type Finding, type View } from '../finding.ts'
import { byScore, resolveOverlaps } from '../overlap.ts'
import { otherNumberWords, phoneWordsAfter, phoneWordsBefore } from './phone-words.ts'

/**
 * A run of digit groups with what people put between them. Each separator must be followed by a
 * digit, so
 * the match is linear; dates, decimals and codes are refused afterwards.
 */
const runs =
  /(?<![\p{L}\p{N}_@#$€£¥+]|\p{N}[.,:/-]|[\p{L}_][-/])(?:\+[ \u00a0]?|\(\+?)?\d+(?:[ \u00a0\u202f.\-/()\u2010\u2011\u2013]{1,3}\d+)*(?:[ ]?(?:x|ext\.?|extension|#)[ ]?\d{1,6})?(?![\p{L}\p{N}_@%$€£¥])/giu

const extension = /[ ]?(?:x|ext\.?|extension|#)[ ]?\d{1,6}$/i

/**
 * Sub-ranges of a run are tried up to this many groups: "53144 089 72 63 41" holds a number after a
 * postcode.
 */
const groupsMax = 7
/** Fifteen digits with brackets and separators, and an extension. */
const lengthMax = 48
const spaceInRun = /[ \u00a0\u202f](?=[ \u00a0\u202f]*[(+\d])/g
/**
 * More spaces than this between digits make a row of figures: there only the form counts, not the
 * plans.
 */
const tableSpaces = 12
/** A number this certain needs no look at its parts. */
const certain = 0.6
const minDigits = 6
const maxDigits = 15

interface Piece {
  start: number
  end: number
}

/**
 * Phone numbers: international ones by their plan, national ones by the plans of the given regions, and numbers of
 * plausible form where the words around say so. The library judges only what looks like a number.
 */
export function findPhones({ text, regions }: View): Finding[] {
  const plans = regions
    .map((region) => region.toUpperCase())
    .filter((region) => isSupportedCountry(region)) as CountryCode[]
  const found: Finding[] = []
  for (const match of text.matchAll(runs)) {
    const digits = countDigits(match[0])
    if (digits < minDigits) continue
    const candidates: Finding[] = []
    const isTable = (match[0].match(spaceInRun)?.length ?? 0) > tableSpaces
    for (const piece of pieces(match[0], match.index)) {
      const finding = judge(text, piece, isTable ? [] : plans)
      if (!finding) continue
      candidates.push(finding)
      if (finding.score >= certain && finding.end - finding.start === match[0].trimEnd().length)
        break
    }
    for (const finding of resolveOverlaps(candidates, byScore)) found.push(finding)
  }
  return found
}

/** The run itself, and where it holds spaces, its stretches between them: longer ones first. */
function* pieces(run: string, offset: number): Generator<Piece> {
  const starts = [0]
  for (const space of run.matchAll(spaceInRun)) starts.push(space.index + 1)
  for (let i = 0; i < starts.length; i++) {
    for (let j = Math.min(starts.length, i + groupsMax); j > i; j--) {
      const end = j === starts.length ? run.length : starts[j]! - 1
      if (end - starts[i]! > lengthMax) continue
      yield { start: offset + starts[i]!, end: offset + end }
    }
  }
}

function judge(text: string, piece: Piece, plans: readonly CountryCode[]): Finding | undefined {
  const end = trimEnd(text, piece)
  const written = text.slice(piece.start, end)
  const bare = written.replace(extension, '')
  const digits = countDigits(bare)
  if (digits < minDigits || digits > maxDigits || !balanced(bare) || isOther(bare)) return undefined
  const around = surroundings(text, piece.start, end)
  if (otherNumberWords.test(around.before) || /^ ?(?:[€$£¥%]|usd|eur|gbp)/.test(around.after))
    return undefined
  const named =
    phoneWordsBefore.test(around.before.slice(-48)) || phoneWordsAfter.test(around.after)
  if (!named && isAmount(bare)) return undefined
  const [form, rule] = formScore(bare, digits, plans)
  const extended = bare.length < written.length
  const score = Math.min(0.99, form + (named ? 0.4 : 0) + (extended ? 0.15 : 0))
  if (score < acceptScore) return undefined
  return {
    kind: 'PHONE',
    start: piece.start,
    end,
    score: Math.round(score * 100) / 100,
    rule: named ? `${rule}+context` : rule,
  }
}

/** How much the number's own form says. */
function formScore(bare: string, digits: number, plans: readonly CountryCode[]): [number, string] {
  const international = bare.replace(/^\((?=\+)/, '').replace(/^00(?=[1-9])/, '+')
  if (international.startsWith('+')) {
    const parsed = parsePhoneNumberFromString(international.replace(/\(0\)/, ''))
    if (parsed?.isValid()) return [0.9, 'phone.international']
    return digits >= 8 ? [0.6, 'phone.international-form'] : [0.2, 'phone.form']
  }
  const grouped = /\d[^\d]+\d/.test(bare)
  if (/^\(?\d{3}[)\-. ]{1,2}\d{3}[-. ]\d{4}$/.test(bare)) return [0.65, 'phone.nanp-form']
  const valid = plans.some((plan) => parsePhoneNumberFromString(bare, plan)?.isValid())
  if (valid && grouped && digits >= 7) return [startsNational(bare) ? 0.65 : 0.45, 'phone.region']
  if (valid) return [startsNational(bare) && digits >= 10 ? 0.5 : 0.35, 'phone.region']
  if (grouped && startsNational(bare) && digits >= 9) return [0.45, 'phone.national-form']
  return [grouped && digits >= 7 ? 0.3 : 0.15, 'phone.form']
}

/** A trunk prefix or an area code in brackets. */
const startsNational = (bare: string) => /^\(?0[1-9]|^\(\d{2,5}\)/.test(bare)

/** Dates, times, dotted addresses, version numbers, ranges of years and decimal fractions. */
function isOther(bare: string): boolean {
  if (/^(?:19|20)\d\d([-./ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?: \d{1,2})?$/.test(bare))
    return true
  if (
    /^(?:0?[1-9]|[12]\d|3[01])([-./ ])(?:0?[1-9]|[12]\d|3[01])\1(?:19|20)\d\d(?: \d{1,2})?$/.test(
      bare,
    )
  )
    return true
  if (/^(?:1\d|20)\d\d ?[-–/] ?(?:\d{1,2}|(?:1\d|20)\d\d)$/.test(bare)) return true
  // ISBN-13
  if (/^97[89][- ]?\d/.test(bare) && bare.replace(/\D/g, '').length === 13) return true
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(bare) && !/^0/.test(bare)) return true
  if (/^\d+\.\d+$/.test(bare) && !/^\d{3}\.\d{4}$/.test(bare)) return true
  if (/^\d{1,3} ?[-–/] ?\d{1,3}$|^\d+\.\d+ ?[-–/ ] ?\d+\.\d+$/.test(bare)) return true
  return (
    /^(\d)\1+$/.test(bare) ||
    (/^\d{1,2}(?: \d{1,2})+$/.test(bare) && !/^0[1-9]|^\d\d(?: \d\d){2,4}$/.test(bare))
  )
}

/** Thousands in groups: "12 345 678". */
const isAmount = (bare: string) => /^[1-9]\d{0,2}(?:[ .]\d{3})+$/.test(bare)

function trimEnd(text: string, { start, end }: Piece): number {
  let at = end
  while (at > start && !/\d/.test(text[at - 1]!)) at--
  return at
}

function balanced(bare: string): boolean {
  const open = bare.indexOf('(')
  const close = bare.indexOf(')')
  if (open < 0 && close < 0) return true
  return open >= 0 && close > open && (bare.match(/[()]/g)?.length ?? 0) <= 4
}

function countDigits(value: string): number {
  let count = 0
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if (code >= 48 && code <= 57) count++
  }
  return count
}
