/**
 * How a number format shows a value: as a date, or with decimals, grouping, percent and a literal
 * around it.
 */
export interface NumberFormat {
  date?: 'date' | 'time' | 'both'
  decimals?: number
  grouped?: boolean
  percent?: boolean
  prefix?: string
  suffix?: string
}

/** Built-in formats by id (ECMA-376 part 1, 18.8.30); others are written out in the styles part. */
const builtIn: Record<number, string> = {
  1: '0',
  2: '0.00',
  3: '#,##0',
  4: '#,##0.00',
  9: '0%',
  10: '0.00%',
  14: 'yyyy-mm-dd',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm',
  19: 'h:mm:ss',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'yyyy-mm-dd h:mm',
  37: '#,##0',
  38: '#,##0',
  39: '#,##0.00',
  40: '#,##0.00',
  45: 'mm:ss',
  46: 'h:mm:ss',
  47: 'mm:ss',
}

export function formatOf(id: number, custom: ReadonlyMap<number, string>): NumberFormat {
  const code = custom.get(id) ?? builtIn[id] ?? (isDateId(id) ? 'yyyy-mm-dd' : '')
  return readFormat(code)
}

/** East Asian built-in dates. */
function isDateId(id: number): boolean {
  return (id >= 27 && id <= 36) || (id >= 50 && id <= 58)
}

/** Reads what matters of a format code; what is not understood shows the plain number. */
export function readFormat(code: string): NumberFormat {
  const positive = code.split(';')[0] ?? ''
  const bare = positive.replace(/"[^"]*"|\\.|_.|\*./g, '').replace(/\[[^\]]*\]/g, bracket)
  const hasDate = /[yd]/i.test(bare) || /m{3,}/i.test(bare)
  const hasTime = /[hs]/i.test(bare)
  if (!/general/i.test(bare) && (hasDate || hasTime)) {
    return { date: hasDate ? (hasTime ? 'both' : 'date') : 'time' }
  }
  const digits = /[#0?][#0?,]*(?:\.([0#?]+))?/.exec(bare)
  if (!digits || /e[+-]/i.test(bare) || bare.includes('/')) return {}
  const format: NumberFormat = {}
  format.decimals = (digits[1] ?? '').replace(/[#?]/g, '').length
  if (/[#?]/.test(digits[1] ?? '')) delete format.decimals
  if (/[#0?],[#0?]/.test(bare)) format.grouped = true
  if (bare.includes('%')) format.percent = true
  const literal = literals(positive)
  if (literal.prefix) format.prefix = literal.prefix
  if (literal.suffix) format.suffix = literal.suffix
  return format
}

/** `[h]` counts hours, `[$€-407]` is a currency, colours and conditions are nothing. */
function bracket(part: string): string {
  return /^\[(h+|m+|s+)\]$/i.test(part) ? 'h' : ''
}

function literals(code: string): { prefix: string; suffix: string } {
  const shown = code
    .replace(/\[\$([^\]-]*)[^\]]*\]/g, '"$1"')
    .replace(/\[[^\]]*\]/g, '')
    .replace(/_.|\*./g, '')
  const at = /[#0?][#0?,.]*/.exec(shown.replace(/"[^"]*"/g, (q) => ' '.repeat(q.length)))
  if (!at) return { prefix: '', suffix: '' }
  const plain = (text: string) => text.replace(/["\\]/g, '').replace(/[%()]/g, '')
  const prefix = plain(shown.slice(0, at.index)).trimStart()
  const suffix = plain(shown.slice(at.index + at[0].length)).trimEnd()
  return { prefix: prefix.length <= 8 ? prefix : '', suffix: suffix.length <= 8 ? suffix : '' }
}

/** A number as its format shows it; dates as ISO 8601. `date1904`: days count from 1904. */
export function showNumber(value: number, format: NumberFormat, date1904: boolean): string {
  if (format.date && value >= 0 && value < 2_958_466) return showDate(value, format.date, date1904)
  const scaled = format.percent ? value * 100 : value
  const text = format.decimals === undefined ? plainNumber(scaled) : fixed(scaled, format)
  return `${format.prefix ?? ''}${text}${format.percent ? '%' : ''}${format.suffix ?? ''}`
}

/** Without the noise of binary fractions: 15 digits, as spreadsheet programs keep. */
export function plainNumber(value: number): string {
  return String(Number(value.toPrecision(15)))
}

function fixed(value: number, format: NumberFormat): string {
  const text = Number(value.toPrecision(15)).toFixed(Math.min(20, format.decimals ?? 0))
  if (!format.grouped || Math.abs(value) >= 1e21) return text
  const [whole, fraction] = text.split('.') as [string, string?]
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** Serial days since 1899-12-30 (the 1900 leap-year error makes day 60 a date that never was). */
function showDate(serial: number, kind: 'date' | 'time' | 'both', date1904: boolean): string {
  const days = date1904 ? serial + 1_462 : serial < 60 ? serial + 1 : serial
  const milliseconds = Math.round((days - 25_569) * 86_400) * 1_000
  const iso = new Date(milliseconds).toISOString()
  const time = iso.slice(11, 19)
  if (kind === 'time' && serial < 1) return time
  // Midnight is how a date looks in a format that could show a time.
  return time === '00:00:00' ? iso.slice(0, 10) : iso.slice(0, 19)
}
