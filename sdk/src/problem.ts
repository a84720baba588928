import type { Problem } from './types.ts'

/** What a caller can mend or show: a problem that the server described, or that the network caused. */
export class PlinthProblem extends Error {
  /** A code that `docs/errors.md` explains; `UNREACHABLE` and `STREAM_CUT` come from this client. */
  readonly code: string
  /** HTTP status; 0 where no response came. */
  readonly status: number
  readonly detail: string
  readonly remedy: string
  readonly where: string | undefined
  readonly requestId: string | undefined
  readonly problems: NonNullable<Problem['problems']>

  constructor(problem: Partial<Problem> & { code: string }, options?: ErrorOptions) {
    super(problem.detail ?? problem.title ?? problem.code, options)
    this.name = 'PlinthProblem'
    this.code = problem.code
    this.status = problem.status ?? 0
    this.detail = problem.detail ?? problem.title ?? ''
    this.remedy = problem.remedy ?? ''
    this.where = problem.where
    this.requestId = problem.requestId
    this.problems = problem.problems ?? []
  }
}

/** The response as a problem, also where a proxy answered with something that is not one. */
export async function problemFrom(response: Response): Promise<PlinthProblem> {
  const text = await response.text().catch(() => '')
  try {
    const body: unknown = JSON.parse(text)
    if (isProblem(body)) return new PlinthProblem({ ...body, status: response.status })
    const compatible = compatibleProblem(body)
    if (compatible) return new PlinthProblem({ ...compatible, status: response.status })
  } catch {
    // Not JSON: somebody in between answered.
  }
  const who = response.headers.get('server') ?? 'The server, or a proxy before it,'
  return new PlinthProblem({
    code: 'UNEXPECTED_RESPONSE',
    status: response.status,
    detail: `${who} answered ${response.status} ${response.statusText} without a problem description.`,
    remedy: 'Check that the address is a Plinth server and that no proxy changes its answers.',
  })
}

/** A failed fetch as a problem; an abort stays what it is. */
export function unreachable(cause: unknown, url: string): unknown {
  if (isAbort(cause)) return cause
  return new PlinthProblem(
    {
      code: 'UNREACHABLE',
      detail: `No answer from ${url}.`,
      remedy: 'Check the network and that the server runs, then try again.',
    },
    { cause },
  )
}

/** A stream that ended, or broke, before its last event. */
export function cut(what: string, cause?: unknown): PlinthProblem {
  return new PlinthProblem(
    {
      code: 'STREAM_CUT',
      detail: `The connection ended before ${what} was complete.`,
      remedy: 'Send the request again; what was received so far may be incomplete.',
    },
    { cause },
  )
}

export function isAbort(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'AbortError'
}

/** An error in the shape of OpenAI, as the compatible API gives it: whole, or as an event of a stream. */
export function compatibleProblem(
  body: unknown,
): (Partial<Problem> & { code: string }) | undefined {
  const error = typeof body === 'object' && body !== null ? Reflect.get(body, 'error') : undefined
  if (typeof error !== 'object' || error === null) return undefined
  const { message, code, type, param } = error as Record<string, unknown>
  if (typeof message !== 'string') return undefined
  const where = typeof param === 'string' ? { where: param } : {}
  return { code: String(code ?? type ?? 'INTERNAL'), detail: message, ...where }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && typeof Reflect.get(body, 'code') === 'string'
}
