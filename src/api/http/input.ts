import type { z } from 'zod'
import { limits, PlinthError } from '#kernel'

/** Validates one part of a request. Throws INVALID_INPUT that names every offending field. */
export function valid(schema: z.ZodType | undefined, value: unknown, part: string): unknown {
  if (!schema) return undefined
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.slice(0, 50).map((issue) => ({
    where: `${part}${pointer(issue.path)}`,
    detail: issue.message,
    remedy: 'Correct this field.',
  }))
  const first = problems[0]
  throw new PlinthError('INVALID_INPUT', {
    detail: `${first?.where ?? part}: ${first?.detail ?? 'not valid'}`,
    where: first?.where ?? part,
    problems,
  })
}

function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * JSON in UTF-8 with a bound on nesting, counted without recursion. Throws INVALID_INPUT where it is malformed. Text
 * that no database keeps does not come further: NUL is refused, halves of surrogate pairs become U+FFFD.
 */
export function parseJson(bytes: Uint8Array): unknown {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch (error) {
    const detail = 'The body is not valid UTF-8.'
    throw new PlinthError('INVALID_INPUT', { detail, where: 'body', cause: error })
  }
  checkDepth(text)
  try {
    return JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : kept(value, key)))
  } catch (error) {
    if (error instanceof PlinthError) throw error
    throw new PlinthError('INVALID_INPUT', {
      detail: `The body is not JSON: ${(error as Error).message}`,
      where: 'body',
    })
  }
}

function kept(value: unknown, key: string): unknown {
  if (key.includes('\0') || !key.isWellFormed()) throw nulIn('body', key)
  if (typeof value !== 'string') return value
  if (value.includes('\0')) throw nulIn('body', key)
  return value.toWellFormed()
}

/** Path and query parameters as they may go on: without NUL. Throws INVALID_INPUT. */
export function withoutNul<T>(parameters: T, part: string): T {
  for (const [key, value] of Object.entries(parameters ?? {})) {
    if (`${key}${value}`.includes('\0')) throw nulIn(part, key)
  }
  return parameters
}

function nulIn(part: string, key: string): PlinthError {
  return new PlinthError('INVALID_INPUT', {
    detail: 'A text or key holds NUL (U+0000), or a key half a character.',
    where: `${part}/${key.replaceAll('\0', '').toWellFormed()}`,
    remedy: 'Leave the character out.',
  })
}

function checkDepth(text: string): void {
  let depth = 0
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (inString) {
      if (c === 92) i++
      else if (c === 34) inString = false
    } else if (c === 34) inString = true
    else if (c === 123 || c === 91) {
      if (++depth > limits.jsonDepth) {
        throw new PlinthError('INVALID_INPUT', {
          detail: `The body is nested deeper than ${limits.jsonDepth} levels.`,
          where: 'body',
        })
      }
    } else if (c === 125 || c === 93) depth--
  }
}
