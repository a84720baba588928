import { describe, expect, it } from 'vitest'
import { mod97, verhoeff } from '../check-digits.ts'
import type { Kind } from '../kinds.ts'
import { cardIssuer } from './card.ts'
import { isNationalId } from './national-ids.ts'

/** Published specimen numbers and numbers made by each rule; nobody's. */
const valid: Partial<Record<Kind, string[]>> = {
  UK_NHS: ['943 476 5919', '4010232137', '987-654-3210'],
  DE_STEUER_ID: ['86095742719', '47 036 892 816', '65929970489', '57549285017', '25768131411'],
  FR_NIR: ['1 85 05 78 006 084 91', '2 69 05 2A 588 157 17', '255081416802538'],
  IT_CODICE_FISCALE: ['RSSMRA85T10A562S', 'MRTMTT91D08F205J', 'rss mra 85t10 a562s'],
  ES_DNI: ['12345678Z', '00000001-R', '99999999R', '12.345.678-Z'],
  ES_NIE: ['X1234567L', 'Y-0123456-Y', 'Z 7654321 H'],
  NL_BSN: ['111222333', '123456782', '1112.22.333'],
  BE_NN: ['85.07.30-033.28', '17073003384', '85073003328'],
  PL_PESEL: ['44051401359', '02070803628'],
  IN_AADHAAR: ['2341 2341 2346', '999941057058'],
  BR_CPF: ['529.982.247-25', '11144477735'],
}

const cards = [
  '4111111111111111',
  '4222222222222',
  '5555555555554444',
  '2223003122003222',
  '378282246310005',
  '6011111111111117',
  '30569309025904',
  '38520000023237',
  '3530111333300000',
  '6200000000000005',
  '6759649826438453',
  '2200000000000053',
]

function* oneOff(number: string): Generator<string> {
  for (let i = 0; i < number.length; i++) {
    const char = number[i]!
    if (!/\d/.test(char)) continue
    for (let digit = 0; digit < 10; digit++) {
      if (String(digit) !== char) yield number.slice(0, i) + digit + number.slice(i + 1)
    }
  }
}

describe('check digits', () => {
  for (const [kind, numbers] of Object.entries(valid) as [Kind, string[]][]) {
    it(`accepts true numbers and refuses every wrong digit: ${kind} [M11.check-digits]`, () => {
      for (const number of numbers) {
        expect(isNationalId(kind, number), number).toBe(true)
        for (const wrong of oneOff(number)) expect(isNationalId(kind, wrong), wrong).toBe(false)
      }
    })
  }

  it('refuses a wrong check letter [M11.check-digits]', () => {
    for (const letter of 'ABCDEFGHIJKLMNOPQRTUVWXYZ') {
      expect(isNationalId('IT_CODICE_FISCALE', `RSSMRA85T10A562${letter}`), letter).toBe(false)
    }
    for (const letter of 'ABCDEFGHIJKLMNOPQRSTUVWXY') {
      expect(isNationalId('ES_DNI', `12345678${letter}`), letter).toBe(false)
    }
  })

  it('knows the tax codes that replace digits by letters (omocodia) [M11.check-digits]', () => {
    expect(isNationalId('IT_CODICE_FISCALE', 'RSSMRA85T10A56NH')).toBe(true)
  })

  it('follows the rules of the Social Security Administration [M11.ssn]', () => {
    for (const good of ['536-90-4399', '816-25-1400', '001-01-0001'])
      expect(isNationalId('US_SSN', good), good).toBe(true)
    for (const bad of [
      '000-12-3456',
      '666-12-3456',
      '900-12-3456',
      '123-00-4567',
      '123-45-0000',
      '078-05-1120',
      '219-09-9999',
    ]) {
      expect(isNationalId('US_SSN', bad), bad).toBe(false)
    }
  })

  it('accepts cards of each issuer and refuses every wrong digit, length and prefix [M11.card]', () => {
    for (const card of cards) {
      expect(cardIssuer(card), card).toBeDefined()
      for (const wrong of oneOff(card)) expect(cardIssuer(wrong), wrong).toBeUndefined()
    }
    expect(cardIssuer('1111111111111117')).toBeUndefined()
    expect(cardIssuer('0000000000000000')).toBeUndefined()
    expect(cardIssuer('41111111111111')).toBeUndefined()
  })

  it('detects every swap of neighbours that Verhoeff promises to detect [M11.check-digits]', () => {
    const number = '234123412346'
    expect(verhoeff(number)).toBe(true)
    for (let i = 0; i + 1 < number.length; i++) {
      const swapped = number.slice(0, i) + number[i + 1] + number[i] + number.slice(i + 2)
      if (swapped !== number) expect(verhoeff(swapped), swapped).toBe(false)
    }
  })

  it('takes the rest of long numbers without rounding [M11.check-digits]', () => {
    expect(mod97('3214282912345698765432161182')).toBe(1)
  })
})
