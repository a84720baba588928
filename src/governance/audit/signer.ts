import { PlinthError, toPlinthError } from '#kernel'
import type { Store, Tx } from '#store'
import { CheckpointFile } from './checkpoint-file.ts'
import { treeAt } from './proofs.ts'
import { auditOrigin, type CheckpointKey } from './signing-key.ts'
import { appendLeaves, leafHash, rootOf, splitFrontier, type Tree } from './tree.ts'

export interface SignerOptions {
  store: Store
  key: CheckpointKey
  /** Folder of the checkpoint files, `<data>/audit`. */
  folder: string
  /** Name of this server in front of each log's origin; default `plinth`. */
  server?: string
  /** Milliseconds after which new events get a checkpoint; default 1,000. */
  everyMs?: number
  /** Told once about each refusal to sign; `problems()` has them all. */
  onProblem?: (organizationId: string, error: PlinthError) => void
}

/** Over so many new events a checkpoint is due at once. */
const eventsPerCheckpoint = 1_000
const looksPerPeriod = 4
const eventPage = 2_000
const notePage = 1_000
const organizationsPerLook = 1_000

export interface SignedCheckpoint {
  size: number
  note: string
}

/**
 * Signs checkpoints of every organization's log. It signs only what appends to what it signed
 * before: it re-hashes the new events' canonical texts onto its own copy of the last signed tree
 * and compares the root with the stored one; after a restart it takes up the last checkpoint of
 * database and file. Order of steps: compare, sign, store (unique by size), file. A kill between
 * any two leaves a log that verifies, and the next look completes the rest.
 */
export class CheckpointSigner {
  readonly #options: SignerOptions
  readonly #signed = new Map<string, Tree>()
  readonly #files = new Map<string, CheckpointFile>()
  readonly #turns = new Map<string, Promise<unknown>>()
  readonly #problems = new Map<string, PlinthError>()
  readonly #dueSince = new Map<string, number>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #stopped = true

  constructor(options: SignerOptions) {
    this.#options = options
  }

  /** The name of an organization's log. */
  origin(organizationId: string): string {
    return auditOrigin(organizationId, this.#options.server)
  }

  /** What auditors note to verify this organization's log. */
  vkey(organizationId: string): string {
    return this.#options.key.vkey(this.origin(organizationId))
  }

  /** Whether this signer's key signed a stored note. */
  signed(organizationId: string, note: string): boolean {
    return this.#options.key.signed(this.origin(organizationId), note)
  }

  /** Logs it refuses to sign, with the reason: for `doctor` and the health page. */
  problems(): ReadonlyMap<string, PlinthError> {
    return this.#problems
  }

  /** Completes the files of all logs, then looks for new events until `stop`. An outage is told, and passes. */
  start(): Promise<void> {
    this.#stopped = false
    this.#looking = this.#complete()
      .catch((error: unknown) => this.#note('*', toPlinthError(error)))
      .finally(() => this.#plan())
    return this.#looking
  }

  async #complete(): Promise<void> {
    const all = await this.#options.store.system((tx) =>
      tx.selectFrom('audit_tree').select('organization_id').limit(organizationsPerLook).execute(),
    )
    for (const { organization_id } of all) {
      if (!this.#stopped) await this.#attempt(organization_id)
    }
  }

  /** Signs what is still open and ends. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.#looking
    await this.look(true).catch((error: unknown) => this.#note('*', toPlinthError(error)))
  }

  #plan(): void {
    if (this.#stopped) return
    const every = this.#options.everyMs ?? 1_000
    this.#timer = setTimeout(() => {
      this.#looking = this.look()
        .catch((error: unknown) => this.#note('*', toPlinthError(error)))
        .finally(() => this.#plan())
    }, every / looksPerPeriod)
    this.#timer.unref()
  }

  /** One look at all logs: signs those that are due, or all with new events when `everything`. */
  async look(everything = false): Promise<void> {
    const now = performance.now()
    const every = this.#options.everyMs ?? 1_000
    const open = await this.#options.store.system(openLogs)
    this.#problems.delete('*')
    for (const { organization_id, fresh } of open) {
      const since = this.#dueSince.get(organization_id) ?? now
      this.#dueSince.set(organization_id, since)
      // One look early rather than one late.
      const due = now - since >= every - every / looksPerPeriod
      if (everything || due || fresh >= eventsPerCheckpoint) await this.#attempt(organization_id)
    }
  }

  async #attempt(organizationId: string): Promise<void> {
    try {
      await this.checkpointNow(organizationId)
    } catch (error) {
      this.#note(organizationId, toPlinthError(error))
    }
  }

  #note(organizationId: string, error: PlinthError): void {
    if (this.#problems.get(organizationId)?.message === error.message) return
    this.#problems.set(organizationId, error)
    this.#options.onProblem?.(organizationId, error)
  }

  /**
   * A checkpoint over everything committed so far; signs one when there is none of this size yet.
   * @throws INTEGRITY when the log is not an append to what was signed before: it is never signed
   * then.
   */
  checkpointNow(organizationId: string): Promise<SignedCheckpoint> {
    const before = this.#turns.get(organizationId) ?? Promise.resolve()
    const turn = before.then(
      () => this.#checkpoint(organizationId),
      () => this.#checkpoint(organizationId),
    )
    this.#turns.set(organizationId, turn)
    const done = () => {
      if (this.#turns.get(organizationId) === turn) this.#turns.delete(organizationId)
    }
    turn.then(done, done)
    return turn
  }

  async #checkpoint(organizationId: string): Promise<SignedCheckpoint> {
    const { store } = this.#options
    const file = this.#fileOf(organizationId)
    const before = this.#signed.get(organizationId) ?? (await this.#recover(organizationId, file))
    const now = await store.read(organizationId, currentTree)
    demand(now.size >= before.size, organizationId, {
      what: `it has ${now.size} events, but ${before.size} were signed`,
      file: file.path,
    })
    const tree = await this.#grow(organizationId, before, now)
    const root = rootOf(tree)
    const note = this.#options.key.signCheckpoint(this.origin(organizationId), tree)
    const stored = await store.within(organizationId, (tx) =>
      storeCheckpoint(tx, tree.size, { root, note }),
    )
    demand(sameBytes(stored.root, root), organizationId, {
      what: `another checkpoint of ${tree.size} events has another root`,
      file: file.path,
    })
    this.#signed.set(organizationId, tree)
    await this.#fillFile(organizationId, file)
    this.#problems.delete(organizationId)
    this.#dueSince.delete(organizationId)
    return { size: tree.size, note }
  }

  /**
   * The last signed tree, rebuilt from stored hashes and compared with what database and file say
   * was signed.
   */
  async #recover(organizationId: string, file: CheckpointFile): Promise<Tree> {
    const { store } = this.#options
    const filed = await file.last()
    return store.within(organizationId, async (tx) => {
      const stored = await newestCheckpoint(tx)
      const claims = [
        ...(filed ? [{ size: filed.size, root: Buffer.from(filed.root, 'base64') }] : []),
        ...(stored ? [{ size: Number(stored.size), root: stored.root, note: stored.note }] : []),
      ]
      const { size } = await currentTree(tx)
      let newest: Tree = { size: 0, frontier: [] }
      for (const claim of claims) {
        demand(claim.size <= size, organizationId, {
          what: `it has ${size} events, but ${claim.size} were signed`,
          file: file.path,
        })
        const tree = await treeAt(tx, claim.size)
        demand(sameBytes(rootOf(tree), claim.root), organizationId, {
          what: `its first ${claim.size} events have another root than the one that was signed`,
          file: file.path,
        })
        // Ed25519 is deterministic: signing again must give the stored note.
        const note = 'note' in claim && this.signed(organizationId, claim.note) && claim.note
        const origin = this.origin(organizationId)
        demand(!note || note === this.#options.key.signCheckpoint(origin, tree), organizationId, {
          what: `the stored checkpoint of ${claim.size} events does not fit its signature`,
          file: file.path,
        })
        if (tree.size >= newest.size) newest = tree
      }
      return newest
    })
  }

  /** Hashes the events since `before` and compares the outcome with the stored tree. */
  async #grow(organizationId: string, before: Tree, now: Tree): Promise<Tree> {
    let tree = before
    while (tree.size < now.size) {
      const page = await this.#options.store.read(organizationId, (db) =>
        db
          .selectFrom('audit_event')
          .select(['seq', 'canonical'])
          .where('seq', '>=', tree.size)
          .where('seq', '<', Math.min(tree.size + eventPage, now.size))
          .orderBy('seq')
          .execute(),
      )
      const whole = page.length > 0 && Number(page[0]!.seq) === tree.size
      demand(whole, organizationId, { what: `event ${tree.size} is missing` })
      const { size, frontier } = appendLeaves(
        tree,
        page.map((row) => leafHash(row.canonical)),
      )
      tree = { size, frontier }
    }
    demand(sameBytes(rootOf(tree), rootOf(now)), organizationId, {
      what: `the events from ${before.size} to ${now.size - 1} do not hash to its stored root`,
    })
    return tree
  }

  /**
   * Appends to the file what is stored and not yet in it: this signer's checkpoints and other
   * replicas'.
   */
  async #fillFile(organizationId: string, file: CheckpointFile): Promise<void> {
    let last = (await file.last())?.size ?? -1
    for (;;) {
      const rows = await this.#options.store.read(organizationId, (db) =>
        db
          .selectFrom('audit_checkpoint')
          .select(['size', 'note'])
          .where('size', '>', last)
          .orderBy('size')
          .limit(notePage)
          .execute(),
      )
      if (rows.length === 0) return
      await file.append(rows.map((row) => row.note))
      last = Number(rows.at(-1)!.size)
    }
  }

  #fileOf(organizationId: string): CheckpointFile {
    let file = this.#files.get(organizationId)
    if (!file) {
      file = new CheckpointFile(this.#options.folder, organizationId)
      this.#files.set(organizationId, file)
    }
    return file
  }
}

/** Logs with events that no checkpoint covers. */
async function openLogs(tx: Tx): Promise<{ organization_id: string; fresh: number }[]> {
  const rows = await tx
    .selectFrom('audit_tree as tree')
    .select(['tree.organization_id', 'tree.size'])
    .select((eb) =>
      eb
        .selectFrom('audit_checkpoint as point')
        .select((sub) => sub.fn.max('point.size').as('newest'))
        .whereRef('point.organization_id', '=', 'tree.organization_id')
        .as('newest'),
    )
    .where((eb) =>
      eb.not(
        eb.exists(
          eb
            .selectFrom('audit_checkpoint as same')
            .select('same.size')
            .whereRef('same.organization_id', '=', 'tree.organization_id')
            .whereRef('same.size', '=', 'tree.size'),
        ),
      ),
    )
    .where('tree.size', '>', 0)
    .limit(organizationsPerLook)
    .execute()
  return rows.map((row) => ({
    organization_id: row.organization_id,
    fresh: Number(row.size) - Number(row.newest ?? 0),
  }))
}

async function currentTree(tx: Tx): Promise<Tree> {
  const row = await tx.selectFrom('audit_tree').select(['size', 'frontier']).executeTakeFirst()
  return row
    ? { size: Number(row.size), frontier: splitFrontier(row.frontier) }
    : { size: 0, frontier: [] }
}

function newestCheckpoint(tx: Tx) {
  return tx
    .selectFrom('audit_checkpoint')
    .select(['size', 'root', 'note'])
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst()
}

/** Stores a checkpoint unless one of this size is there; returns the one that is there. */
async function storeCheckpoint(
  tx: Tx,
  size: number,
  { root, note }: { root: Uint8Array; note: string },
): Promise<{ root: Uint8Array; note: string }> {
  await tx
    .insertInto('audit_checkpoint')
    .values({ size, root, note })
    .onConflict((conflict) => conflict.columns(['organization_id', 'size']).doNothing())
    .execute()
  return tx
    .selectFrom('audit_checkpoint')
    .select(['root', 'note'])
    .where('size', '=', size)
    .executeTakeFirstOrThrow()
}

function demand(
  fits: boolean,
  organizationId: string,
  { what, file }: { what: string; file?: string },
): asserts fits {
  if (fits) return
  throw new PlinthError('INTEGRITY', {
    detail: `The audit log of ${organizationId} is not signed: ${what}.`,
    ...(file && { where: file }),
    remedy:
      'Treat the database as changed by hand until shown otherwise. If it was restored from an older backup on purpose, ' +
      'keep the checkpoint file elsewhere as evidence, remove it here, and tell whoever keeps checkpoints.',
  })
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
