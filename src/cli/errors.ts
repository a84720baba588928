import { PlinthProblem } from '@plinth/sdk'
import { CommanderError } from 'commander'
import { PlinthError } from '#kernel'
import { type ExitName, exitOf } from './exits.ts'
import { jsonLine, printable } from './text.ts'

/** A failure as it is shown: what, where, how to mend it, code. */
export interface Shown {
  code: string
  detail: string
  where?: string
  remedy: string
  requestId?: string
  problems?: { where: string; detail: string; remedy: string }[]
}

/** Ends a verb with an exit code where everything has been said already. */
export class Ended extends Error {
  readonly exit: ExitName

  constructor(exit: ExitName) {
    super(exit)
    this.exit = exit
  }
}

/** The command line is wrong. */
export function usage(detail: string, remedy: string): PlinthError {
  return new PlinthError('INVALID_INPUT', { detail, where: 'command line', remedy })
}

export function shownOf(thrown: unknown): Shown {
  if (thrown instanceof PlinthProblem) {
    const { code, detail, where, remedy, requestId, problems } = thrown
    return {
      code,
      detail,
      ...(where ? { where } : {}),
      remedy,
      ...(requestId ? { requestId } : {}),
      ...(problems.length > 1 ? { problems } : {}),
    }
  }
  if (thrown instanceof PlinthError) {
    const { code, message, where, remedy, problems } = thrown
    return {
      code,
      detail: message,
      ...(where ? { where } : {}),
      remedy,
      ...(problems.length > 1 ? { problems: [...problems] } : {}),
    }
  }
  if (thrown instanceof CommanderError) {
    return {
      code: 'INVALID_INPUT',
      detail: thrown.message.replace(/^error: /, ''),
      where: 'command line',
      remedy: 'See `plinth help`, or `plinth help VERB`.',
    }
  }
  if (thrown instanceof Error && thrown.name === 'AbortError') {
    return { code: 'CANCELLED', detail: 'Interrupted.', remedy: 'Run it again to go on.' }
  }
  return fileErrorOf(thrown)
}

const fileErrors: Readonly<Record<string, [code: string, remedy: string]>> = {
  ENOENT: ['NOT_FOUND', 'Check the path.'],
  EISDIR: ['INVALID_INPUT', 'Name a file, not a folder.'],
  ENOTDIR: ['INVALID_INPUT', 'Check the path.'],
  EEXIST: ['CONFLICT', 'Choose another name, or remove what is there.'],
  EACCES: ['FORBIDDEN', 'Run it as a user who may read or write this file.'],
  EPERM: ['FORBIDDEN', 'Run it as a user who may read or write this file.'],
  ENOSPC: ['UNAVAILABLE', 'Free space on that disk and run it again.'],
  EROFS: ['UNAVAILABLE', 'Write to a folder that is not read-only.'],
}

function fileErrorOf(thrown: unknown): Shown {
  const error = thrown as NodeJS.ErrnoException
  const known = typeof error?.code === 'string' ? fileErrors[error.code] : undefined
  if (known) {
    const where = error.path ? { where: error.path } : {}
    return { code: known[0], detail: error.message, ...where, remedy: known[1] }
  }
  return {
    code: 'INTERNAL',
    detail: error instanceof Error ? error.message : String(thrown),
    remedy:
      'This is a fault of Plinth: run it with PLINTH_LOG_LEVEL=debug and report what it says.',
  }
}

/** The failure as text for people, or as one JSON object. */
export function errorText(shown: Shown, json: boolean): string {
  if (json) return jsonLine({ error: shown })
  const { problems } = shown
  const lines = [`error: ${problems ? `${problems.length} things are wrong.` : shown.detail}`]
  if (shown.where && !problems) lines.push(`  where: ${shown.where}`)
  for (const { where, detail, remedy } of problems ?? []) {
    lines.push(`  ${lineOf(where)}: ${detail}`, `    ${remedy}`)
  }
  if (!shown.problems) lines.push(`  mend:  ${shown.remedy}`)
  const request = shown.requestId ? `  (request ${shown.requestId})` : ''
  lines.push(`  code:  ${shown.code}${request}`)
  return `${printable(lines.join('\n'))}\n`
}

/** `a.yaml:4:3` of `a.yaml:4:3 spec.system`: the sentence beside it names the key again. */
function lineOf(where: string): string {
  return /^(.+?:\d+:\d+) \S+$/.exec(where)?.[1] ?? where
}

export function exitFor(thrown: unknown): ExitName {
  return thrown instanceof Ended ? thrown.exit : exitOf(shownOf(thrown).code)
}
