import { createHash } from 'node:crypto'
import canonicalize from 'canonicalize'
import { PlinthError } from './errors.ts'

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json }

/** RFC 8785 canonical JSON: the same value always gives the same bytes. Throws INVALID_INPUT on a value JSON cannot hold. */
export function canonicalJson(value: unknown): string {
  try {
    const text = canonicalize(value)
    if (typeof text === 'string') return text
  } catch (error) {
    throw new PlinthError('INVALID_INPUT', {
      detail: 'The value cannot be written as JSON.',
      cause: error,
    })
  }
  throw new PlinthError('INVALID_INPUT', 'The value cannot be written as JSON.')
}

/** Content digest of a JSON value: `sha256:` and 64 hexadecimal digits of its canonical form. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`
}

/** Digest of bytes in the same notation. */
export function digestOfBytes(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`
}
