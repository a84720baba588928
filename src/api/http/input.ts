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

/** JSON with a bound on nesting, counted without recursion. Throws INVALID_INPUT with the offset where it is malformed. */
export function parseJson(text: string): unknown {
  checkDepth(text)
  try {
    return JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value))
  } catch (error) {
    throw new PlinthError('INVALID_INPUT', {
      detail: `The body is not JSON: ${(error as Error).message}`,
      where: 'body',
    })
  }
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
