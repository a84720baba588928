/** Check-digit arithmetic. Every function takes a string of ASCII digits without separators. */

/** ISO/IEC 7812-1 Annex B (Luhn). */
export function luhn(digits: string): boolean {
  let sum = 0
  for (let i = 0; i < digits.length; i++) {
    let digit = digits.charCodeAt(digits.length - 1 - i) - 48
    if (i % 2 === 1) digit = digit > 4 ? digit * 2 - 9 : digit * 2
    sum += digit
  }
  return sum % 10 === 0
}

/** Sum of digit times weight; digits beyond the weights do not count. */
export function weightedSum(digits: string, weights: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < weights.length; i++) sum += (digits.charCodeAt(i) - 48) * weights[i]!
  return sum
}

/** ISO/IEC 7064 MOD 11,10 over all digits, the last one being the check digit. */
export function mod11And10(digits: string): boolean {
  let product = 10
  for (let i = 0; i < digits.length - 1; i++) {
    const sum = (digits.charCodeAt(i) - 48 + product) % 10 || 10
    product = (sum * 2) % 11
  }
  return (11 - product) % 10 === digits.charCodeAt(digits.length - 1) - 48
}

/** The number modulo 97, for any length. */
export function mod97(digits: string): number {
  let rest = 0
  for (let i = 0; i < digits.length; i++) rest = (rest * 10 + digits.charCodeAt(i) - 48) % 97
  return rest
}

/** Multiplication in the dihedral group D5: Verhoeff, "Error Detecting Decimal Codes" (1969). */
function dihedral(a: number, b: number): number {
  if (a < 5) return b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)
  return b < 5 ? 5 + ((((a - b) % 5) + 5) % 5) : (((a - b) % 5) + 5) % 5
}

/**
 * Verhoeff's permutation (15)(2 8 9 7 0)… applied once; the i-th digit from the right takes it i
 * times.
 */
const permutation = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
const permutations = powersOf(permutation, 8)

function powersOf(step: readonly number[], count: number): number[][] {
  const rows = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]]
  while (rows.length < count) rows.push(rows.at(-1)!.map((digit) => step[digit]!))
  return rows
}

export function verhoeff(digits: string): boolean {
  let check = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    check = dihedral(check, permutations[i % 8]![digit]!)
  }
  return check === 0
}

/** Whether all digits are the same, which passes many check sums and is nobody's number. */
export function allSame(digits: string): boolean {
  return digits === digits[0]!.repeat(digits.length)
}

/** Whether year (two digits), month and day can be a date; a leap day is allowed in any year. */
export function plausibleDate(month: number, day: number): boolean {
  const days = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
  return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1]!
}
