import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Store } from '#store'
import { notesIn, verifyExport } from '../../../sdk/src/audit/index.ts'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { appendAuditAll } from './append.ts'
import { checkAudit } from './check.ts'
import { CheckpointFile } from './checkpoint-file.ts'
import { exportAudit } from './export.ts'
import { treeAt } from './proofs.ts'
import { CheckpointSigner, type SignerOptions } from './signer.ts'
import { CheckpointKey, loadSigningSeed } from './signing-key.ts'
import { rootOf } from './tree.ts'

let test: TestStore
let org: string
let folder: string
let key: CheckpointKey

beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  org = await addOrganization(test.store)
  folder = mkdtempSync(join(tmpdir(), 'plinth-signer-'))
  key = new CheckpointKey(randomBytes(32))
})

const newSigner = (options: Partial<SignerOptions> = {}) =>
  new CheckpointSigner({ store: test.store, key, folder, ...options })
const append = (count: number) =>
  test.store.within(org, (tx) =>
    appendAuditAll(
      tx,
      Array.from({ length: count }, () => ({
        kind: 'question.answered' as const,
        actor: { kind: 'user' as const, id: 'usr_1' },
      })),
    ),
  )
const fileText = () => readFileSync(join(folder, `${org}.checkpoints`), 'utf8')
const storedNotes = () =>
  test.store.within(org, async (tx) =>
    (await tx.selectFrom('audit_checkpoint').select('note').orderBy('size').execute()).map(
      (row) => row.note,
    ),
  )
/** Exports with a signer and verifies against everything in the checkpoint file. */
async function verifyAll(signer: CheckpointSigner) {
  const lines: string[] = []
  for await (const line of exportAudit(test.store, org, { signer })) lines.push(line)
  return verifyExport(lines, { vkey: signer.vkey(org), earlierCheckpoint: fileText() })
}
/** Changes rows as somebody with the database's superuser can: with the triggers off. */
const tamper = (statement: string) =>
  test.store.system(async (tx) => {
    for (const table of ['audit_event', 'audit_tree', 'audit_checkpoint', 'audit_subtree']) {
      await sql.raw(`alter table ${table} disable trigger user`).execute(tx)
    }
    await sql.raw(statement).execute(tx)
    for (const table of ['audit_event', 'audit_tree', 'audit_checkpoint', 'audit_subtree']) {
      await sql.raw(`alter table ${table} enable trigger user`).execute(tx)
    }
  })

/**
 * A store whose k-th unit of work is the last: the process dies before it, or right after it
 * committed.
 */
function dyingStore(calls: number, after: boolean): Store {
  let left = calls
  const mortal = async <T>(work: () => Promise<T>): Promise<T> => {
    if (--left < 0) throw new Error('killed')
    if (left > 0) return work()
    if (after) await work()
    throw new Error('killed')
  }
  return {
    engine: test.store.engine,
    within: (id, work) => mortal(() => test.store.within(id, work)),
    read: (id, work) => mortal(() => test.store.read(id, work)),
    system: (work) => mortal(() => test.store.system(work)),
    epochs: (id) => test.store.epochs(id),
    close: () => Promise.resolve(),
  }
}

describe('the checkpoint signer', () => {
  it('leaves a log that verifies, killed between any two steps [M28.signer-killed]', async () => {
    await append(3)
    await newSigner().checkpointNow(org)
    for (let calls = 1; calls <= 6; calls++) {
      for (const after of [false, true]) {
        await append(2)
        const dying = newSigner({ store: dyingStore(calls, after) })
        await dying.checkpointNow(org).catch((error: Error) => expect(error.message).toBe('killed'))
        const next = newSigner()
        await next.start()
        await next.stop()
        expect(notesIn(fileText())).toEqual(await storedNotes())
        expect((await verifyAll(next)).problems).toEqual([])
      }
    }
    expect((await checkAudit(test.store, org)).faults).toEqual([])
  })

  it('goes on after a write to its file that was torn at any byte [M28.signer-killed]', async () => {
    for (let i = 0; i < 3; i++) {
      await append(1)
      await newSigner().checkpointNow(org)
    }
    const whole = fileText()
    const size = Buffer.byteLength(whole)
    for (let cut = 0; cut < size; cut += 17) {
      writeFileSync(join(folder, `${org}.checkpoints`), whole)
      truncateSync(join(folder, `${org}.checkpoints`), cut)
      const signer = newSigner()
      await signer.checkpointNow(org)
      expect(fileText()).toBe(whole)
    }
  })

  it('signs new events within about a second while it runs, and the rest when it stops [M28.signer-pace]', async () => {
    const signer = newSigner()
    await signer.start()
    await append(1)
    await vi.waitFor(async () => expect(await storedNotes()).toHaveLength(1), { timeout: 60_000 })
    await append(1)
    await signer.stop()
    expect(await storedNotes()).toHaveLength(2)
    expect(signer.problems().get(org)).toBeUndefined()
    expect((await verifyAll(signer)).ok).toBe(true)
  })

  it('signs a thousand new events without waiting for the time [M28.signer-pace]', async () => {
    const signer = newSigner({ everyMs: 3_600_000 })
    await append(999)
    await signer.look()
    expect(await storedNotes()).toHaveLength(0)
    await append(1)
    await signer.look()
    expect(await storedNotes()).toHaveLength(1)
  })

  it('never forks with two replicas that sign the same log at once [M28.signer-replicas]', async () => {
    const other = mkdtempSync(join(tmpdir(), 'plinth-signer-'))
    const replicas = [newSigner(), newSigner({ folder: other })]
    for (let round = 0; round < 6; round++) {
      await append(2)
      await Promise.all([...replicas.map((r) => r.checkpointNow(org)), append(1)])
    }
    for (const replica of replicas) {
      await replica.checkpointNow(org)
      expect((await verifyAll(replica)).problems).toEqual([])
    }
    const theirs = new Set(notesIn(readFileSync(join(other, `${org}.checkpoints`), 'utf8')))
    for (const note of theirs) expect(await storedNotes()).toContain(note)
  })

  it.each([
    [
      'a stored hash changed after it was signed',
      'update audit_event set leaf_hash = sha256(leaf_hash) where seq = 1',
    ],
    [
      'an event edited before it was signed',
      "update audit_event set canonical = canonical || ' ' where seq = 4",
    ],
    ['an event deleted', 'delete from audit_event where seq = 4'],
    ['the log cut back', 'update audit_tree set size = 2'],
    [
      'a frontier of something else',
      'update audit_tree set frontier = sha256(frontier) || sha256(frontier)',
    ],
  ])('refuses to sign %s, and says so once [M28.signer-refuses]', async (_, statement) => {
    await append(3)
    await newSigner().checkpointNow(org)
    await append(2)
    await tamper(
      `${statement} ${statement.includes('where') ? 'and' : 'where'} organization_id = '${org}'`,
    )
    const told: string[] = []
    const signer = newSigner({ onProblem: (id, error) => told.push(`${id} ${error.code}`) })
    await signer.look(true)
    await signer.look(true)
    await expect(signer.checkpointNow(org)).rejects.toMatchObject({ code: 'INTEGRITY' })
    expect(told.filter((line) => line.startsWith(org))).toEqual([`${org} INTEGRITY`])
    expect(await storedNotes()).toHaveLength(1)
    const faults = (await checkAudit(test.store, org)).faults
    expect(faults.length).toBeGreaterThan(0)
  })

  it('goes on with a new key; exports verify with it alone, old checkpoints with both [M28.key-rotation]', async () => {
    await append(3)
    const before = newSigner()
    const old = await before.checkpointNow(org)
    const after = newSigner({ key: new CheckpointKey(randomBytes(32)) })
    for (const more of [0, 2]) {
      if (more > 0) await append(more)
      const lines: string[] = []
      for await (const line of exportAudit(test.store, org, { signer: after })) lines.push(line)
      const alone = await verifyExport(lines, { vkey: after.vkey(org) })
      expect(alone).toMatchObject({ ok: true, events: 3 + more, checkpoints: 1 })
      const vkey = [after.vkey(org), before.vkey(org)]
      const both = await verifyExport(lines, { vkey, earlierCheckpoint: old.note })
      expect(both).toMatchObject({ ok: true, kept: 1 })
    }
  })

  it('refuses a stored checkpoint whose root was exchanged beside its note [M28.signer-refuses]', async () => {
    await append(3)
    await newSigner().checkpointNow(org)
    // Everything in the database rewritten but what only the key can make.
    await tamper(
      `update audit_event set leaf_hash = sha256(leaf_hash) where organization_id = '${org}'`,
    )
    const forged = await test.store.within(org, async (tx) => rootOf(await treeAt(tx, 3)))
    const root = Buffer.from(forged).toString('hex')
    await tamper(`update audit_checkpoint set root = '\\x${root}' where organization_id = '${org}'`)
    const elsewhere = mkdtempSync(join(tmpdir(), 'plinth-signer-'))
    await expect(newSigner({ folder: elsewhere }).checkpointNow(org)).rejects.toThrow(
      'its signature',
    )
  })

  it('refuses a database older than its file, wholly rewritten [M28.signer-refuses]', async () => {
    await append(3)
    await newSigner().checkpointNow(org)
    const older = fileText()
    const twin = await addOrganization(test.store)
    const [first, second] = [org, twin]
    org = twin
    await append(3)
    // The file of one log beside the rows of another: every hash in the database is consistent in
    // itself.
    writeFileSync(join(folder, `${second}.checkpoints`), older.replaceAll(first, second))
    await expect(newSigner().checkpointNow(second)).rejects.toThrow('another root')
    expect(await storedNotes()).toEqual([])
  })
})

describe('the signing key', () => {
  it('is made once, readable by its owner only, by however many starters [M28.signing-key]', async () => {
    const file = join(folder, 'keys', 'audit.key')
    const seeds = await Promise.all(Array.from({ length: 8 }, () => loadSigningSeed(file)))
    for (const seed of seeds) expect(Buffer.from(seed)).toEqual(Buffer.from(seeds[0]!))
    expect(statSync(file).mode & 0o777).toBe(0o600)
    writeFileSync(file, 'damaged')
    await expect(loadSigningSeed(file)).rejects.toMatchObject({ code: 'INTEGRITY' })
  })

  it('signs as the Go reference implementation does, byte for byte [M28.signed-note-vectors]', () => {
    const peter = new CheckpointKey(
      Buffer.from('AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz', 'base64').subarray(1),
    )
    const text =
      "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    expect(peter.vkey('PeterNeumann')).toBe(
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
    )
    expect(peter.signNote('PeterNeumann', text)).toBe(
      `${text}\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`,
    )
    expect(() => peter.vkey('a name')).toThrow('cannot name a log')
  })
})

describe('the checkpoint file', () => {
  it('takes no name that leads elsewhere [M28.checkpoint-file]', () => {
    for (const id of ['../x', 'a/b', '.hidden', '']) {
      expect(() => new CheckpointFile(folder, id)).toThrow('cannot name a file')
    }
  })
})
