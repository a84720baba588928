import { type Bytes, fromBase64, type Sha256, sameBytes, utf8, webSha256 } from './bytes.ts'
import {
  type Checkpoint,
  notesIn,
  openCheckpoint,
  parseVerifierKey,
  type VerifierKey,
} from './checkpoint.ts'
import { type ExportSource, LineTooLong, linesOf } from './lines.ts'
import {
  appendLeaves,
  emptyFrontier,
  type Frontier,
  frontierLength,
  leafHash,
  rootOf,
} from './merkle.ts'
import {
  type AuditProblem,
  type AuditReport,
  describeRoot,
  type ExportHeader,
  eventsBetween,
  maxProblems,
  remedies,
  unprovenBy,
} from './report.ts'

export interface VerifyOptions {
  /**
   * Verifier keys that the caller trusts; without, the key in the export is used and the report
   * says so.
   */
  vkey?: string | readonly string[]
  /** Checkpoints kept elsewhere: one note, several, or the text of the server's checkpoint file. */
  earlierCheckpoint?: string | readonly string[]
  /** Called now and then with the number of events checked so far. */
  onProgress?: (events: number) => void
  /** A faster SHA-256 than WebCrypto's, where there is one. */
  sha256?: Sha256
}

/** Leaves hashed at once. */
const batchSize = 1024
/** The newest are compared; each covers what the older ones cover. */
const maxKept = 10_000

/**
 * Verifies an export of the audit log without the server: every event, in order, against the signed
 * checkpoints in the export and those that the caller kept. Streams: memory does not grow with the
 * log. Never throws for what an export may contain.
 */
export async function verifyExport(
  source: ExportSource,
  options: VerifyOptions = {},
): Promise<AuditReport> {
  const check = new ExportCheck(options)
  try {
    let lineNumber = 0
    for await (const line of linesOf(source)) {
      lineNumber++
      if (lineNumber === 1) await check.start(line)
      else await check.line(line, lineNumber)
      if (check.stopped) break
    }
  } catch (error) {
    if (!(error instanceof LineTooLong)) throw error
    check.problem(check.next, error.message, remedies.format)
  }
  return check.finish()
}

class ExportCheck {
  /** The header cannot be read: nothing further can be said. */
  stopped = false
  /** Sequence number that the next event must have. */
  next = 0
  private readonly options: VerifyOptions
  private readonly sha256: Sha256
  private header: ExportHeader | undefined
  private keys: VerifierKey[] = []
  private keyFrom: 'caller' | 'export' = 'export'
  private frontier: Frontier = emptyFrontier
  private pending: Bytes[] = []
  /** Kept checkpoints still to be met, largest first. */
  private kept: Checkpoint[] = []
  private keptBefore = 0
  private keptAgreed = 0
  private keptUnread = 0
  private events = 0
  private checkpoints = 0
  private lastGood: { size: number; root: Bytes } | undefined
  private lastSeen = -1
  private diverged = false
  private readonly problems: AuditProblem[] = []
  private problemCount = 0

  constructor(options: VerifyOptions) {
    this.options = options
    this.sha256 = options.sha256 ?? webSha256
  }

  problem(seq: number | null, what: string, remedy: string): void {
    this.problemCount++
    if (this.problems.length < maxProblems) this.problems.push({ seq, what, remedy })
  }

  /** The first line. */
  async start(line: string): Promise<void> {
    const header = readHeader(line)
    if (typeof header === 'string') {
      this.problem(null, `This is not an audit export: ${header}.`, remedies.format)
      this.stopped = true
      return
    }
    this.header = header
    this.next = header.from
    this.frontier = {
      size: header.from,
      hashes: header.frontier.map((hash) => fromBase64(hash)!),
    }
    await this.readKeys(header)
    await this.readKept(header)
    await this.compareKept()
  }

  private async readKeys(header: ExportHeader): Promise<void> {
    const given = this.options.vkey
    const texts = given === undefined ? [header.vkey] : typeof given === 'string' ? [given] : given
    this.keyFrom = given === undefined ? 'export' : 'caller'
    for (const text of texts) {
      const key = await parseVerifierKey(text)
      if (key) this.keys.push(key)
      else this.problem(null, `The verifier key "${text}" is malformed.`, remedies.key)
    }
  }

  private async readKept(header: ExportHeader): Promise<void> {
    const given = this.options.earlierCheckpoint
    if (given === undefined) return
    const texts = typeof given === 'string' ? [given] : given
    const notes = texts.flatMap(notesIn)
    if (notes.length === 0) {
      this.problem(null, 'No checkpoint can be read from what was kept.', remedies.format)
    }
    this.keptUnread = Math.max(0, notes.length - maxKept)
    const size = (note: string) => Number(note.split('\n', 2)[1])
    for (const note of notes.toSorted((a, b) => size(a) - size(b)).slice(-maxKept)) {
      const opened = await openCheckpoint(note, this.keys)
      if (!opened.ok) {
        this.problem(null, `A kept checkpoint cannot be believed: ${opened.what}.`, remedies.key)
      } else if (opened.checkpoint.origin !== header.origin) {
        const what = `A kept checkpoint is of the log ${opened.checkpoint.origin}, this is ${header.origin}.`
        this.problem(null, what, 'Compare each log with its own checkpoints.')
      } else if (opened.checkpoint.size < header.from) this.keptBefore++
      else this.kept.push(opened.checkpoint)
    }
    this.kept.sort((a, b) => b.size - a.size)
  }

  /** Any line but the first. */
  async line(line: string, lineNumber: number): Promise<void> {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      const what = `Line ${lineNumber} is not JSON: the file is damaged or was cut off.`
      return this.problem(this.next, what, remedies.download)
    }
    const entry = value as { seq?: unknown; leaf?: unknown; checkpoint?: unknown } | null
    if (typeof entry?.checkpoint === 'string') await this.checkpoint(entry.checkpoint)
    else if (typeof entry?.seq === 'number' && typeof entry.leaf === 'string') {
      await this.event(entry.seq, entry.leaf)
    } else {
      const what = `Line ${lineNumber} is neither an event nor a checkpoint.`
      this.problem(this.next, what, remedies.format)
    }
  }

  private async event(seq: number, leaf: string): Promise<void> {
    if (seq > this.next) {
      const gone = eventsBetween(this.next, seq)
      this.problem(this.next, `The log jumps to ${seq}: ${gone} missing.`, remedies.restore)
    } else if (seq < this.next) {
      const what = `Event ${seq} stands where ${this.next} belongs: repeated, inserted or out of order.`
      this.problem(seq, what, remedies.restore)
    }
    const wrong = wrongWith(leaf, seq, this.header!.organization)
    if (wrong) this.problem(seq, wrong, remedies.restore)
    this.next = seq + 1
    this.events++
    this.pending.push(utf8(leaf))
    const size = this.frontier.size + this.pending.length
    if (size === this.kept.at(-1)?.size) {
      await this.flush()
      await this.compareKept()
    } else if (this.pending.length >= batchSize) await this.flush()
  }

  private async flush(): Promise<void> {
    if (this.pending.length === 0) return
    const leaves = await Promise.all(this.pending.map((leaf) => leafHash(leaf, this.sha256)))
    this.pending = []
    this.frontier = await appendLeaves(this.frontier, leaves, this.sha256)
    this.options.onProgress?.(this.events)
  }

  /** Compares the tree so far with the kept checkpoints of its size. */
  private async compareKept(): Promise<void> {
    let root: Bytes | undefined
    while (this.kept.length > 0 && this.kept.at(-1)!.size === this.frontier.size) {
      const checkpoint = this.kept.pop()!
      root ??= await rootOf(this.frontier, this.sha256)
      if (sameBytes(root, checkpoint.root)) this.keptAgreed++
      else {
        const what = `The log forked: a kept checkpoint of the first ${checkpoint.size} events has another root than this export.`
        this.problem(checkpoint.size > 0 ? checkpoint.size - 1 : null, what, remedies.compare)
      }
    }
  }

  private async checkpoint(note: string): Promise<void> {
    await this.flush()
    const size = this.frontier.size
    const at = size > 0 ? size - 1 : null
    const opened = await openCheckpoint(note, this.keys)
    if (!opened.ok) {
      const what = `The checkpoint after ${size} events cannot be believed: ${opened.what}.`
      return this.problem(at, what, remedies.key)
    }
    const { checkpoint } = opened
    if (checkpoint.origin !== this.header!.origin) {
      const what = `A checkpoint is of another log: ${checkpoint.origin}.`
      return this.problem(at, what, remedies.restore)
    }
    if (checkpoint.size < this.lastSeen) {
      const what = `The checkpoint of ${checkpoint.size} events stands after the one of ${this.lastSeen}.`
      this.problem(at, what, remedies.format)
    }
    this.lastSeen = Math.max(this.lastSeen, checkpoint.size)
    if (checkpoint.size > size) return this.tooFew(checkpoint.size, size)
    if (checkpoint.size < size) {
      const what = `The checkpoint of ${checkpoint.size} events stands after ${size}: events were inserted, or it was moved.`
      return this.problem(at, what, remedies.restore)
    }
    await this.compareRoot(checkpoint)
  }

  private tooFew(signed: number, size: number): void {
    const what = `A signed checkpoint states ${signed} events, here are ${size}: ${signed - size} deleted or cut off.`
    this.problem(size, what, remedies.restore)
  }

  private async compareRoot(checkpoint: Checkpoint): Promise<void> {
    const root = await rootOf(this.frontier, this.sha256)
    if (sameBytes(root, checkpoint.root)) {
      this.lastGood = { size: checkpoint.size, root }
      this.checkpoints++
    } else if (!this.diverged) {
      // Every later root differs too; the first difference says where.
      this.diverged = true
      const from = this.lastGood?.size ?? this.header!.from
      const where =
        checkpoint.size > from
          ? eventsBetween(from, checkpoint.size)
          : 'what comes before the export'
      const what = `The root after ${checkpoint.size} events is not the signed one: in ${where} something was edited, deleted, inserted or reordered.`
      this.problem(from, what, remedies.restore)
    }
  }

  /** After the last line. */
  async finish(): Promise<AuditReport> {
    if (this.header) {
      await this.flush()
      this.checkEnd(this.header, this.frontier.size)
    } else if (!this.stopped) {
      this.problem(null, 'The export is empty.', remedies.download)
    }
    const from = this.header?.from ?? 0
    return {
      ok: this.problemCount === 0,
      organization: this.header?.organization ?? '',
      origin: this.header?.origin ?? '',
      from,
      events: this.events,
      size: this.lastGood?.size ?? null,
      root: this.lastGood ? describeRoot(this.lastGood.root) : null,
      checkpoints: this.checkpoints,
      kept: this.keptAgreed,
      keyFrom: this.keyFrom,
      problems: this.problems,
      problemCount: this.problemCount,
      unproven: unprovenBy({
        keyFrom: this.keyFrom,
        keptGiven: this.options.earlierCheckpoint !== undefined,
        keptBefore: this.keptBefore,
        keptUnread: this.keptUnread,
        from,
      }),
    }
  }

  private checkEnd(header: ExportHeader, size: number): void {
    if (size < header.to) {
      const what = `The header promises events up to ${header.to - 1}, the file ends after ${size}.`
      this.problem(size, what, remedies.download)
    }
    for (const checkpoint of this.kept.toReversed()) {
      const what = `The log was truncated: a kept checkpoint states ${checkpoint.size} events, here are ${size}.`
      this.problem(size, what, remedies.compare)
    }
    const covered = this.lastGood?.size
    if (covered === undefined) {
      this.problem(null, 'No checkpoint in the export could be verified.', remedies.download)
    } else if (covered < size && !this.diverged) {
      const what = `No signed checkpoint covers ${eventsBetween(covered, size)} at the end: forged, or the end was cut off.`
      this.problem(covered, what, remedies.download)
    }
  }
}

/** The header, or what is wrong with it. */
function readHeader(line: string): ExportHeader | string {
  let value: Partial<ExportHeader> | null
  try {
    value = JSON.parse(line) as Partial<ExportHeader> | null
  } catch {
    return 'its first line is not JSON'
  }
  if (value?.format !== 'plinth-audit/1') return 'its first line does not say "plinth-audit/1"'
  const { organization, origin, vkey, from, to, frontier } = value
  if (typeof organization !== 'string' || typeof origin !== 'string' || typeof vkey !== 'string') {
    return 'its header lacks organization, origin or vkey'
  }
  if (!isCount(from) || !isCount(to) || from > to) return 'its header lacks a range'
  if (!Array.isArray(frontier) || frontier.length !== frontierLength(from)) {
    return `its frontier does not fit a tree of ${from} events`
  }
  for (const hash of frontier) {
    if (typeof hash !== 'string' || fromBase64(hash)?.length !== 32)
      return 'its frontier is malformed'
  }
  return { format: value.format, organization, origin, vkey, from, to, frontier }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** What is wrong with an event by itself; undefined when nothing is. */
function wrongWith(leaf: string, seq: number, organization: string): string | undefined {
  // UTF-8 writes every lone surrogate as the same three bytes: two texts would share a hash.
  if (!leaf.isWellFormed()) return `Event ${seq} is not well-formed text.`
  let event: { v?: unknown; seq?: unknown; organization?: unknown } | null
  try {
    event = JSON.parse(leaf)
  } catch {
    return `Event ${seq} is not JSON.`
  }
  if (event?.v !== 1) return `Event ${seq} has the unknown version ${String(event?.v)}.`
  if (event.seq !== seq) return `Event ${seq} says of itself that it is ${String(event.seq)}.`
  if (event.organization !== organization) {
    return `Event ${seq} belongs to the organization ${String(event.organization)}.`
  }
  return undefined
}
