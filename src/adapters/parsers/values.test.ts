import { describe, expect, it } from 'vitest'
import { pdfDate } from './pdf/info.ts'
import { readFormat, showNumber } from './xlsx/number-format.ts'

describe('values as people see them', () => {
  it.each([
    [1234.5, '#,##0.00', '1,234.50'],
    [-1234567.891, '#,##0', '-1,234,568'],
    [0.125, '0.0%', '12.5%'],
    [0.1 + 0.2, 'General', '0.3'],
    [42, '[$€-407] #,##0.00', '€ 42.00'],
    [42, '0.00" EUR"', '42.00 EUR'],
    [45_292, 'dd/mm/yyyy', '2024-01-01'],
    [45_292.75, 'm/d/yy h:mm', '2024-01-01T18:00:00'],
    [0.5, 'h:mm AM/PM', '12:00:00'],
    [1, 'yyyy-mm-dd', '1900-01-01'],
    [12, '0.0E+00', '12'],
  ])('shows %d in the format %s as %s [M1.xlsx-numbers]', (value, code, shown) => {
    expect(showNumber(value, readFormat(code), false)).toBe(shown)
  })

  it('counts days from 1904 where the workbook says so [M1.xlsx-numbers]', () => {
    expect(showNumber(43_830, readFormat('yyyy-mm-dd'), true)).toBe('2024-01-01')
  })

  it('reads the dates of PDF files and nothing else [M1.pdf-dates]', () => {
    expect(pdfDate("D:20240131120000+01'00'")).toBe('2024-01-31T11:00:00.000Z')
    expect(pdfDate('D:2024')).toBe('2024-01-01T00:00:00.000Z')
    expect(pdfDate('yesterday')).toBeUndefined()
    expect(pdfDate(undefined)).toBeUndefined()
  })
})
