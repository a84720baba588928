import {
  allSame,
  mod11And10,
  mod97,
  plausibleDate,
  verhoeff,
  weightedSum,
} from '../check-digits.ts'
import { wordsPattern } from '../context.ts'
import type { Kind } from '../kinds.ts'

export interface IdRule {
  kind: Kind
  /** Candidates in running text; every repetition is bounded. */
  pattern: RegExp
  /** The compact form: upper case, no separators. */
  shape: RegExp
  /** Structure and check digits of a compact candidate. */
  check: (compact: string) => boolean
  /** Score without supporting words, from how the number is written. */
  score: (written: string, compact: string) => number
  words: RegExp
}

const gap = '[ \\u00a0\\u202f\\-]'
const notBefore = '(?<![\\p{L}\\p{N}_]|\\d[.,\\-/]|[+$€£¥#])'
const notAfter = '(?![\\p{L}\\p{N}_]|[\\-/]\\d|[.,]\\d)'
const candidates = (body: string) => new RegExp(`${notBefore}(?:${body})${notAfter}`, 'giu')

const weak = 0.1
const bareOrGrouped = (bare: number, grouped: number) => (written: string) =>
  /^\d+$/.test(written) ? bare : grouped

/**
 * Social Security Administration: areas 000, 666 and 9xx, group 00 and serial 0000 are never
 * issued.
 */
function isSsn(id: string): boolean {
  if (id === '078051120' || id === '219099999') return false
  const area = id.slice(0, 3)
  return (
    area !== '000' &&
    area !== '666' &&
    area[0] !== '9' &&
    id.slice(3, 5) !== '00' &&
    id.slice(5) !== '0000'
  )
}

/**
 * NHS Data Dictionary: weights 10 to 2, modulus 11; a remainder that would need the digit 10 is not
 * issued.
 */
function isNhs(id: string): boolean {
  const check = 11 - (weightedSum(id, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11)
  return check !== 10 && check % 11 === Number(id[9]) && !allSame(id)
}

/**
 * §139b AO: of the first ten digits exactly one occurs twice or three times; ISO 7064 MOD 11,10.
 */
function isSteuerId(id: string): boolean {
  if (id[0] === '0') return false
  const counts = new Array<number>(10).fill(0)
  for (const digit of id.slice(0, 10)) counts[Number(digit)]!++
  const repeated = counts.filter((count) => count > 1)
  if (repeated.length !== 1 || repeated[0]! > 3) return false
  return !/(\d)\1\1/.test(id.slice(0, 10)) && mod11And10(id)
}

/**
 * INSEE: sex, year, month, department (2A and 2B in Corsica), commune, order, key = 97 - number mod
 * 97.
 */
function isNir(id: string): boolean {
  const month = Number(id.slice(3, 5))
  if (!((month >= 1 && month <= 12) || month === 20 || (month >= 30 && month <= 42) || month >= 50))
    return false
  const department = id.slice(5, 7)
  if (department === '00' || department === '96') return false
  const corsica = department === '2A' ? '19' : department === '2B' ? '18' : department
  if (!/^\d\d$/.test(corsica)) return false
  const key = Number(id.slice(13))
  return key === 97 - mod97(id.slice(0, 5) + corsica + id.slice(7, 13))
}

const omocodia = 'LMNPQRSTUV'
/**
 * D.M. 12 March 1974: values of characters in odd places (counted from 1); digits stand for A to J.
 */
const oddValues = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
]

function isCodiceFiscale(id: string): boolean {
  let sum = 0
  for (let i = 0; i < 15; i++) {
    const code = id.charCodeAt(i)
    const value = code <= 57 ? code - 48 : code - 65
    sum += i % 2 === 0 ? oddValues[value]! : value
  }
  if (String.fromCharCode(65 + (sum % 26)) !== id[15]) return false
  const day = Number(
    [...id.slice(9, 11)].map((c) => (omocodia.includes(c) ? omocodia.indexOf(c) : c)).join(''),
  )
  return (day >= 1 && day <= 31) || (day >= 41 && day <= 71)
}

const dniLetters = 'TRWAGMYFPDXBNJZSQVHLCKE'
const isDni = (id: string) => dniLetters[Number(id.slice(0, 8)) % 23] === id[8] && !/^0+.$/.test(id)
const isNie = (id: string) =>
  dniLetters[Number('XYZ'.indexOf(id[0]!) + id.slice(1, 8)) % 23] === id[8]

/** "Elfproef" of the burgerservicenummer: weights 9 to 2, the last digit counts -1. */
const isBsn = (id: string) =>
  weightedSum(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && !allSame(id)

/**
 * Date of birth (month raised by 20 or 40 for bis numbers), serial, 97 - number mod 97; a 2 in
 * front from 2000.
 */
function isBelgian(id: string): boolean {
  const month = Number(id.slice(2, 4)) % 20
  const day = Number(id.slice(4, 6))
  if (Number(id.slice(2, 4)) > 52 || month > 12 || day > 31) return false
  if (month > 0 && day > 0 && !plausibleDate(month, day)) return false
  if (id.slice(6, 9) === '000' || id.slice(6, 9) === '999') return false
  const check = Number(id.slice(9))
  return check === 97 - mod97(id.slice(0, 9)) || check === 97 - mod97(`2${id.slice(0, 9)}`)
}

/** Date of birth with the century in the month (80 for 1800s, 0, 20, 40, 60), weights 1 3 7 9. */
function isPesel(id: string): boolean {
  if (!plausibleDate(Number(id.slice(2, 4)) % 20, Number(id.slice(4, 6)))) return false
  return weightedSum(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0
}

const isAadhaar = (id: string) => /^[2-9]/.test(id) && verhoeff(id) && !allSame(id)
const looksLikeYears = (id: string) => /^(?:(?:19|20)\d\d){2,3}/.test(id)

/** Receita Federal: two digits, each modulus 11 over all before it. */
function isCpf(id: string): boolean {
  if (allSame(id)) return false
  const digit = (count: number) => {
    const weights = Array.from({ length: count }, (_, i) => count + 1 - i)
    return ((weightedSum(id, weights) * 10) % 11) % 10
  }
  return digit(9) === Number(id[9]) && digit(10) === Number(id[10])
}

export const idRules: readonly IdRule[] = [
  {
    kind: 'US_SSN',
    pattern: candidates(
      '\\d{3}([ -])\\d{2}\\1\\d{4}|\\d{3}[\\u2010\\u2011\\u2013]\\d{2}[\\u2010\\u2011\\u2013]\\d{4}|\\d{9}',
    ),
    shape: /^\d{9}$/,
    check: isSsn,
    score: (written) => (/^\d+$/.test(written) ? weak : written.includes(' ') ? 0.4 : 0.85),
    words: wordsPattern([
      'ssn',
      'ssns',
      'social security',
      'soc sec',
      'social sec',
      'ss#',
      'itin',
      'taxpayer id',
    ]),
  },
  {
    kind: 'UK_NHS',
    pattern: candidates(`\\d{3}${gap}?\\d{3}${gap}?\\d{4}`),
    shape: /^\d{10}$/,
    check: isNhs,
    score: bareOrGrouped(weak, 0.15),
    words: wordsPattern([
      'nhs',
      'national health',
      'patient number',
      'patient no',
      'health service number',
      'chi number',
    ]),
  },
  {
    kind: 'DE_STEUER_ID',
    pattern: candidates(
      '\\d{2}[ \\u00a0\\u202f]\\d{3}[ \\u00a0\\u202f]\\d{3}[ \\u00a0\\u202f]\\d{3}|\\d{11}',
    ),
    shape: /^\d{11}$/,
    check: isSteuerId,
    score: bareOrGrouped(0.3, 0.6),
    words: wordsPattern([
      'steuer-id',
      'steuerid',
      'steuer id',
      'idnr',
      'id-nr',
      'steueridentifikationsnummer',
      'steuerliche identifikationsnummer',
      'identifikationsnummer',
      'steuernummer',
      'steuer-identifikationsnummer',
      'steuer-idnr',
      'tin',
      'tax id',
      'tax identification',
      'tax number',
    ]),
  },
  {
    kind: 'FR_NIR',
    pattern: candidates(
      `[1-478]${gap}?\\d{2}${gap}?\\d{2}${gap}?(?:\\d{2}|2[ab])${gap}?\\d{3}${gap}?\\d{3}${gap}?\\d{2}`,
    ),
    shape: /^[1-478]\d{4}(?:\d{2}|2[AB])\d{8}$/,
    check: isNir,
    score: (_written, compact) => (/^[12]/.test(compact) ? 0.8 : 0.4),
    words: wordsPattern([
      'nir',
      'sécurité sociale',
      'securite sociale',
      'sécu',
      'secu',
      'insee',
      'numéro de sécurité',
      'carte vitale',
      'assuré',
      'social security',
    ]),
  },
  {
    kind: 'IT_CODICE_FISCALE',
    pattern: candidates(
      '[a-z]{3} ?[a-z]{3} ?[\\dlmnpqrstuv]{2}[abcdehlmprst][\\dlmnpqrstuv]{2} ?[a-z][\\dlmnpqrstuv]{3}[a-z]',
    ),
    shape: /^[A-Z]{6}[\dLMNPQRSTUV]{2}[ABCDEHLMPRST][\dLMNPQRSTUV]{2}[A-Z][\dLMNPQRSTUV]{3}[A-Z]$/,
    check: isCodiceFiscale,
    score: (written) => (/\d/.test(written) ? 0.9 : 0.3),
    words: wordsPattern([
      'codice fiscale',
      'cod. fisc.',
      'cod fisc',
      'c.f.',
      'cf',
      'fiscal code',
      'tax code',
    ]),
  },
  {
    kind: 'ES_DNI',
    pattern: candidates('\\d{8}[ -]?[a-z]|\\d{2}\\.\\d{3}\\.\\d{3}[ -]?[a-z]'),
    shape: /^\d{8}[A-Z]$/,
    check: isDni,
    score: (written) => (/^[\d.]+-?[A-Z]$/.test(written) ? 0.6 : 0.3),
    words: wordsPattern([
      'dni',
      'nif',
      'documento nacional',
      'd.n.i.',
      'n.i.f.',
      'identidad',
      'identity number',
      'id number',
    ]),
  },
  {
    kind: 'ES_NIE',
    pattern: candidates('[xyz][ -]?\\d{7}[ -]?[a-z]|[xyz]-?\\d\\.\\d{3}\\.\\d{3}-?[a-z]'),
    shape: /^[XYZ]\d{7}[A-Z]$/,
    check: isNie,
    score: (written) => (/^[XYZ]/.test(written) ? 0.75 : 0.4),
    words: wordsPattern(['nie', 'nif', 'n.i.e.', 'extranjero', 'foreigner', 'identidad']),
  },
  {
    kind: 'NL_BSN',
    pattern: candidates('\\d{9}|\\d{3}[. ]\\d{3}[. ]\\d{3}|\\d{4}[. ]\\d{2}[. ]\\d{3}'),
    shape: /^\d{9}$/,
    check: isBsn,
    score: () => weak,
    words: wordsPattern([
      'bsn',
      'burgerservicenummer',
      'burger service nummer',
      'sofinummer',
      'sofi-nummer',
      'sofi',
      'citizen service number',
      'persoonsnummer',
      'dutch id',
    ]),
  },
  {
    kind: 'BE_NN',
    pattern: candidates(
      '\\d{2}[. ]\\d{2}[. ]\\d{2}[ -]\\d{3}[. ]\\d{2}|\\d{6}[ -]\\d{3}[ .\\-]?\\d{2}|\\d{11}',
    ),
    shape: /^\d{11}$/,
    check: isBelgian,
    score: (written) =>
      /^\d+$/.test(written) ? 0.3 : /^\d\d\.\d\d\.\d\d-\d{3}\.\d\d$/.test(written) ? 0.95 : 0.6,
    words: wordsPattern([
      'rijksregisternummer',
      'rijksregister',
      'numéro national',
      'numero national',
      'registre national',
      'national number',
      'nationaal nummer',
      'insz',
      'niss',
      'nn',
      'rrn',
      'bis-nummer',
      'nationalregister',
    ]),
  },
  {
    kind: 'PL_PESEL',
    pattern: candidates('\\d{11}'),
    shape: /^\d{11}$/,
    check: isPesel,
    score: () => weak,
    words: wordsPattern(['pesel', 'pesel:', 'numer ewidencyjny', 'polish id', 'nr pesel']),
  },
  {
    kind: 'IN_AADHAAR',
    pattern: candidates('\\d{4}([ \\u00a0\\-]?)\\d{4}\\1\\d{4}'),
    shape: /^\d{12}$/,
    check: isAadhaar,
    score: (written, compact) =>
      /^\d+$/.test(written) ? weak : looksLikeYears(compact) ? weak : 0.5,
    words: wordsPattern(['aadhaar', 'aadhar', 'adhaar', 'adhar', 'uidai', 'uid', 'आधार']),
  },
  {
    kind: 'BR_CPF',
    pattern: candidates(
      '\\d{3}\\.\\d{3}\\.\\d{3}[\\-/]\\d{2}|\\d{3} \\d{3} \\d{3} \\d{2}|\\d{9}-?\\d{2}',
    ),
    shape: /^\d{11}$/,
    check: isCpf,
    score: (written) => (/^\d+$/.test(written) ? 0.3 : /\./.test(written) ? 0.95 : 0.55),
    words: wordsPattern([
      'cpf',
      'c.p.f.',
      'cadastro de pessoa',
      'cadastro de pessoas físicas',
      'receita federal',
      'contribuinte',
    ]),
  },
]
