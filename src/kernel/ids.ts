import { randomFillSync } from 'node:crypto'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** What an id names; the prefix stands in every id, so that a pasted id explains itself. */
export type IdPrefix =
  | 'org'
  | 'prj'
  | 'usr'
  | 'grp'
  | 'key'
  | 'ses'
  | 'lnk'
  | 'doc'
  | 'ver'
  | 'pst'
  | 'job'
  | 'cnv'
  | 'msg'
  | 'trc'
  | 'fbk'
  | 'vlt'
  | 'upl'
  | 'req'
  | 'cal'
  | 'prm'

/**
 * A new id: prefix, then 10 characters of milliseconds and 16 random ones (80 bits) in Crockford's base 32,
 * so that ids sort by creation time and cannot be guessed.
 */
export function newId(prefix: IdPrefix, now: number = Date.now()): string {
  let time = ''
  let rest = now
  for (let i = 0; i < 10; i++) {
    time = alphabet[rest % 32] + time
    rest = Math.floor(rest / 32)
  }
  let random = ''
  for (const byte of randomBytes()) random += alphabet[byte & 31]
  return `${prefix}_${time}${random}`
}

/** Random bytes are drawn for many ids at once: a call of the generator costs more than all else here. */
const pool = Buffer.alloc(4_096)
let used = pool.length

function randomBytes(): Buffer {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += 16
  return pool.subarray(used - 16, used)
}

/** Whether a string has the shape of an id with this prefix (not whether such a thing exists). */
export function isId(prefix: IdPrefix, value: string): boolean {
  return (
    value.length === prefix.length + 27 &&
    value.startsWith(`${prefix}_`) &&
    /^[0-9a-hjkmnp-tv-z]+$/.test(value.slice(prefix.length + 1))
  )
}
