/**
 * Every error a caller can meet, in one table: its HTTP status, what usually causes it and how to mend it.
 * `docs/errors.md` explains each code; `test/tidy.test.ts` fails when table and page differ.
 */
export const errorTable = {
  INVALID_INPUT: {
    status: 400,
    title: 'The request is not valid',
    remedy: 'Correct the field that the detail names and send the request again.',
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Nobody is signed in',
    remedy: 'Send an API key as a bearer token, or sign in.',
  },
  FORBIDDEN: {
    status: 403,
    title: 'This principal may not do that',
    remedy: 'Ask an owner of the organization for the permission that the detail names.',
  },
  NOT_FOUND: {
    status: 404,
    title: 'There is no such thing, or it may not be seen',
    remedy: 'Check the name or id; list what exists; ask for access if it should exist.',
  },
  CONFLICT: {
    status: 409,
    title: 'Somebody else changed it first',
    remedy: 'Read the current version, apply the change to it and send it again.',
  },
  TOO_LARGE: {
    status: 413,
    title: 'The input is over a limit',
    remedy: 'Send less at once; the detail names the limit and its setting.',
  },
  UNSUPPORTED: {
    status: 415,
    title: 'This is not supported',
    remedy: 'Use one of the formats or capabilities that the detail lists.',
  },
  UNPARSABLE: {
    status: 422,
    title: 'A document could not be read',
    remedy: 'Open the file in its own program and save it again, or remove its password.',
  },
  PARSER_LIMIT: {
    status: 422,
    title: 'A document exceeded a parser limit',
    remedy: 'Split the document, or raise the limit that the detail names.',
  },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait for the time in Retry-After, then send the request again.',
  },
  BUDGET_EXCEEDED: {
    status: 429,
    title: 'A budget is used up',
    remedy: 'Wait for the budget’s next window, or ask its owner for more.',
  },
  CANCELLED: {
    status: 499,
    title: 'The caller cancelled',
    remedy: 'Nothing to mend; start it again if it is still wanted.',
  },
  INTERNAL: {
    status: 500,
    title: 'Plinth failed',
    remedy: 'Give the trace id to whoever runs this server; its log names the cause.',
  },
  UPSTREAM_FAILED: {
    status: 502,
    title: 'A model endpoint or another outside system failed',
    remedy: 'Check the provider with `plinth doctor`; the detail holds what it answered.',
  },
  UPSTREAM_BLOCKED: {
    status: 502,
    title: 'An outside address is not allowed',
    remedy: 'Use a public address, or allow the private one in PLINTH_ALLOWED_PRIVATE_HOSTS.',
  },
  UNAVAILABLE: {
    status: 503,
    title: 'Plinth cannot serve this now',
    remedy: 'Wait and try again; `plinth doctor` says what is missing.',
  },
  UPSTREAM_TIMEOUT: {
    status: 504,
    title: 'A model endpoint or another outside system took too long',
    remedy: 'Try again, or raise the time-out of the Provider resource.',
  },
  DATA_DIRECTORY_LOCKED: {
    status: 503,
    title: 'Another process uses this data directory',
    remedy: 'Stop the process that the detail names, or set PLINTH_DATA_DIR to another folder.',
  },
  INTEGRITY: {
    status: 500,
    title: 'Stored data does not match its checksum or key',
    remedy:
      'Stop writing, run `plinth doctor --fsck`, restore from a backup if it confirms damage.',
  },
} as const satisfies Record<string, { status: number; title: string; remedy: string }>

export type ErrorCode = keyof typeof errorTable

export interface ErrorDetails {
  /** What was wrong, in one sentence that names the offending value. */
  detail: string
  /** Where: a file with line, a JSON pointer, a page. */
  where?: string
  /** How to mend it, where the table's general remedy can be more exact. */
  remedy?: string
  /** Where waiting mends it: for how long. */
  retryAfterSeconds?: number
  /** All findings where there were several; `detail` then tells the first. */
  problems?: readonly ErrorProblem[]
  cause?: unknown
  /** The status that an outside system answered with, where it answered. */
  upstreamStatus?: number
}

/** One finding among several. */
export interface ErrorProblem {
  where: string
  detail: string
  remedy: string
}

/** The only error type that crosses a module boundary on purpose; anything else is a fault (500). */
export class PlinthError extends Error {
  readonly code: ErrorCode
  readonly where: string | undefined
  readonly remedy: string
  readonly problems: readonly ErrorProblem[]
  readonly retryAfterSeconds: number | undefined
  readonly upstreamStatus: number | undefined

  constructor(code: ErrorCode, details: string | ErrorDetails) {
    const d = typeof details === 'string' ? { detail: details } : details
    super(d.detail, d.cause === undefined ? undefined : { cause: d.cause })
    this.name = 'PlinthError'
    this.code = code
    this.where = d.where
    this.remedy = d.remedy ?? errorTable[code].remedy
    this.problems = d.problems ?? []
    this.retryAfterSeconds = d.retryAfterSeconds
    this.upstreamStatus = d.upstreamStatus
  }

  get status(): number {
    return errorTable[this.code].status
  }
}

/** Any thrown value as a PlinthError: known ones unchanged, faults as INTERNAL with the cause kept. */
export function toPlinthError(error: unknown): PlinthError {
  if (error instanceof PlinthError) return error
  if (error instanceof Error && error.name === 'AbortError') {
    return new PlinthError('CANCELLED', { detail: 'The operation was cancelled.', cause: error })
  }
  const detail = error instanceof Error ? error.message : String(error)
  return new PlinthError('INTERNAL', { detail, cause: error })
}
