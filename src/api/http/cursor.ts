import { PlinthError } from '#kernel'

/** An opaque cursor: the sort key of the last item, as base64url JSON. */
export function encodeCursor(key: readonly (string | number)[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

/** What a part of a cursor is: `integer` of 32 bits, `sequence` of 53, `time` an ISO date and time as a string. */
type CursorPart = 'string' | 'integer' | 'sequence' | 'time'

/** As `toISOString` writes the years that a database keeps. */
const isoTime = /^[1-9]\d{3}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/

/** Throws INVALID_INPUT on anything that `encodeCursor` did not make for this list. */
export function decodeCursor<K extends CursorPart[]>(
  cursor: string | undefined,
  ...types: K
): { [I in keyof K]: K[I] extends 'integer' | 'sequence' ? number : string } | undefined {
  if (cursor === undefined) return undefined
  let key: unknown
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    key = undefined
  }
  const fits =
    Array.isArray(key) &&
    key.length === types.length &&
    key.every((value, i) => fitsPart(value, types[i]))
  if (!fits) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'The cursor is not one that this list gave out.',
      where: 'query/cursor',
      remedy: 'Leave the cursor out to start at the first page.',
    })
  }
  return key as never
}

function fitsPart(value: unknown, part: CursorPart | undefined): boolean {
  if (part === 'integer')
    return Number.isInteger(value) && (value as number) === ((value as number) | 0)
  if (part === 'sequence') return Number.isSafeInteger(value)
  if (typeof value !== 'string' || value.includes('\0')) return false
  return part === 'string' || (isoTime.test(value) && !Number.isNaN(Date.parse(value)))
}

/** Cuts a list read with one row more than asked into a page. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  keyOf: (row: T) => readonly (string | number)[],
): { items: T[]; nextCursor: string | null } {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last ? encodeCursor(keyOf(last)) : null }
}
