/** Exit codes of every verb. `docs/use/cli.md` has the same table; a test compares the two. */
export const exits = {
  ok: { code: 0, means: 'Done; `ask`: answered' },
  failed: { code: 1, means: 'It failed; the message says what and how to mend it' },
  usage: { code: 2, means: 'The command line, or what it was given, is not valid' },
  notFound: { code: 3, means: 'There is no such thing, or you may not see it' },
  denied: { code: 4, means: 'Not signed in, or a permission is missing' },
  unavailable: { code: 5, means: 'No server, or something it needs, answers; try again later' },
  unverified: { code: 6, means: 'A verification failed: audit log, backup, checksum, `doctor`' },
  conflict: { code: 7, means: 'Somebody else changed it first, or it exists already' },
  differs: { code: 8, means: '`diff --exit-code`: there are differences' },
  partly: { code: 9, means: 'Done, but some documents or files failed' },
  ungrounded: { code: 10, means: '`ask`: the documents that you may read do not say it' },
  refused: { code: 11, means: '`ask`: you may not ask this assistant' },
  withheld: { code: 12, means: '`ask`: the answer was withheld by a guardrail' },
  interrupted: { code: 130, means: 'Interrupted by Ctrl-C' },
} as const

export type ExitName = keyof typeof exits

const byErrorCode: Readonly<Record<string, ExitName>> = {
  INVALID_INPUT: 'usage',
  TOO_LARGE: 'usage',
  UNSUPPORTED: 'usage',
  NOT_FOUND: 'notFound',
  UNAUTHENTICATED: 'denied',
  FORBIDDEN: 'denied',
  CONFLICT: 'conflict',
  INTEGRITY: 'unverified',
  UNREACHABLE: 'unavailable',
  UNAVAILABLE: 'unavailable',
  STREAM_CUT: 'unavailable',
  TOO_MANY_REQUESTS: 'unavailable',
  UPSTREAM_FAILED: 'unavailable',
  UPSTREAM_BLOCKED: 'unavailable',
  UPSTREAM_TIMEOUT: 'unavailable',
  UNEXPECTED_RESPONSE: 'unavailable',
  DATA_DIRECTORY_LOCKED: 'unavailable',
  CANCELLED: 'interrupted',
}

/** How a verb ends that met an error with this code. */
export function exitOf(errorCode: string): ExitName {
  return byErrorCode[errorCode] ?? 'failed'
}
