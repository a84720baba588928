import { toBase64 } from './bytes.ts'

export interface AuditProblem {
  /** Sequence number of the event where it shows; null where no event can be named. */
  seq: number | null
  what: string
  remedy: string
}

export interface AuditReport {
  /** No problem was found, and the export ends with a checkpoint that a key signed. */
  ok: boolean
  organization: string
  origin: string
  /** First sequence number in the export; 0 for a whole log. */
  from: number
  /** Events read. */
  events: number
  /** Size of the log as the last verified checkpoint states it; null when there is none. */
  size: number | null
  /** Root at that size, base 64; null when there is none. */
  root: string | null
  /** Checkpoints whose signature and root are right. */
  checkpoints: number
  /** Kept checkpoints that the export agrees with. */
  kept: number
  /**
   * Where the key came from: the caller (trusted), or the export itself (then it proves consistency
   * only).
   */
  keyFrom: 'caller' | 'export'
  /** At most `maxProblems`; `problemCount` counts all. */
  problems: AuditProblem[]
  problemCount: number
  /** What this verification could not prove, and what would. */
  unproven: string[]
}

export const maxProblems = 100

const restore =
  'Treat the server and its database as compromised: secure both, compare with a backup or an older export, and find who could write to the database.'

/** The problems an export can have, in words. */
export const remedies = {
  restore,
  download: `Export again and compare; if it stays so, treat the log as truncated. ${restore}`,
  format:
    'Export again with `plinth audit export`; a file edited or converted by hand cannot be verified.',
  key: 'Pass the verifier key that you noted when the server was set up, with every former key too (`--vkey`).',
  compare:
    'Somebody was shown another history. Keep both files and the checkpoint as evidence. ' +
    restore,
} as const

/** What no verifier can prove from these inputs, in words. */
export function unprovenBy(input: {
  keyFrom: 'caller' | 'export'
  keptGiven: boolean
  keptBefore: number
  keptUnread: number
  from: number
}): string[] {
  const list: string[] = []
  if (input.keyFrom === 'export') {
    list.push(
      'Whose log this is: the key was read from the export itself, so whoever made the file could have made the key. ' +
        'Note the verifier key once over another channel (`plinth audit key` on the server) and pass it.',
    )
  }
  if (!input.keptGiven) {
    list.push(
      'That nothing newer was cut off and that everybody is shown the same log: keep checkpoints outside the server ' +
        'and pass one that is at least as new as what you expect to find.',
    )
  }
  if (input.keptBefore > 0) {
    list.push(
      `That ${input.keptBefore} kept checkpoint(s) older than the first event of this part agree: export the whole log.`,
    )
  }
  if (input.keptUnread > 0) {
    list.push(
      `That ${input.keptUnread} older kept checkpoint(s) agree: only the newest were compared.`,
    )
  }
  if (input.from > 0) {
    list.push(`What the events before ${input.from} say: only their hashes are in this part.`)
  }
  list.push('That what was recorded is true, or that everything that happened was recorded.')
  return list
}

/** The root of a verified tree as the report shows it. */
export function describeRoot(root: Uint8Array): string {
  return toBase64(root)
}

/** A range of events in words. */
export function eventsBetween(from: number, to: number): string {
  if (to - from === 1) return `event ${from}`
  return `events ${from} to ${to - 1}`
}

/** What the first line of an export says. */
export interface ExportHeader {
  format: 'plinth-audit/1'
  organization: string
  origin: string
  vkey: string
  /** Number of the first event after the header. */
  from: number
  /** Number after the last event. */
  to: number
  /**
   * Roots of the complete subtrees of what comes before `from`, base 64, largest first; empty for a
   * whole log.
   */
  frontier: string[]
}
