import { randomBytes } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  leafHash as leafHashOf,
  verifyConsistency,
  verifyExport,
  verifyInclusion,
} from '../../../sdk/src/audit/index.ts'
import { addOrganization, openTestStore, type TestStore } from '../../../test/open-store.ts'
import { Sealer } from '../sealing.ts'
import { appendAudit, appendAuditAll, eraseSubject } from './append.ts'
import { checkAudit } from './check.ts'
import type { AuditEventInput } from './events.ts'
import { exportAudit } from './export.ts'
import { consistencyProof, inclusionProof, treeAt } from './proofs.ts'
import { auditState, listAudit, readEvent } from './read.ts'
import { CheckpointSigner } from './signer.ts'
import { CheckpointKey } from './signing-key.ts'
import { rootOf } from './tree.ts'

let test: TestStore
let org: string
let signer: CheckpointSigner
const sealer = new Sealer(randomBytes(32))
const actor = { kind: 'user', id: 'usr_ann' } as const

beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())
beforeEach(async () => {
  org = await addOrganization(test.store)
  const folder = mkdtempSync(join(tmpdir(), 'plinth-audit-'))
  signer = new CheckpointSigner({
    store: test.store,
    key: new CheckpointKey(randomBytes(32)),
    folder,
  })
})

const event = (n: number): AuditEventInput => ({
  kind: 'document.ingested',
  actor,
  target: { kind: 'document', id: `doc_${n}` },
  details: { n },
})
const append = (count: number, from = 0) =>
  test.store.within(org, (tx) =>
    appendAuditAll(
      tx,
      Array.from({ length: count }, (_, i) => event(from + i)),
    ),
  )
async function exported(options: { from?: number; to?: number } = {}): Promise<string[]> {
  const lines: string[] = []
  for await (const line of exportAudit(test.store, org, { signer, ...options })) lines.push(line)
  return lines
}
const verify = async (lines: string[], kept?: string) =>
  verifyExport(lines, { vkey: signer.vkey(org), ...(kept && { earlierCheckpoint: kept }) })
const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64'))

describe('appending', () => {
  it('gives two writers at once one gapless sequence [M28.gapless]', async () => {
    const writer = async (kind: 'key.created' | 'key.revoked') => {
      const seqs: number[] = []
      for (let i = 0; i < 25; i++) {
        const { seq } = await test.store.within(org, (tx) => appendAudit(tx, { kind, actor }))
        seqs.push(seq)
      }
      return seqs
    }
    const seqs = (await Promise.all([writer('key.created'), writer('key.revoked')])).flat()
    expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i))
    expect((await verify(await exported())).problems).toEqual([])
  })

  it('is undone with the transaction that it records [M28.same-transaction]', async () => {
    await append(2)
    await expect(
      test.store.within(org, async (tx) => {
        await appendAudit(tx, event(2))
        throw new Error('the change failed')
      }),
    ).rejects.toThrow('the change failed')
    const { seq } = await test.store.within(org, (tx) => appendAudit(tx, event(3)))
    expect(seq).toBe(2)
    expect((await verify(await exported())).ok).toBe(true)
  })

  it('refuses to write outside one organization, and events over the limit [M28.same-transaction]', async () => {
    await append(1)
    await addOrganization(test.store)
    await expect(test.store.system((tx) => appendAudit(tx, event(0)))).rejects.toThrow()
    const huge = { ...event(0), details: { text: 'x'.repeat(70_000) } }
    await expect(test.store.within(org, (tx) => appendAudit(tx, huge))).rejects.toThrow(
      'auditEventChars',
    )
  })

  it('lets the database refuse to change or remove what was written [M28.append-only]', async () => {
    await append(3)
    await signer.checkpointNow(org)
    const attempts = [
      `update audit_event set canonical = '' where organization_id = '${org}'`,
      `delete from audit_event where organization_id = '${org}'`,
      'truncate audit_event',
      `update audit_checkpoint set note = '' where organization_id = '${org}'`,
      `delete from audit_checkpoint where organization_id = '${org}'`,
      `update audit_tree set size = 1 where organization_id = '${org}'`,
      `delete from audit_tree where organization_id = '${org}'`,
    ]
    for (const statement of attempts) {
      await expect(test.store.system((tx) => sql.raw(statement).execute(tx))).rejects.toThrow(
        /append-only|never shrinks/,
      )
    }
  })
})

describe('personal data', () => {
  it('is readable for those permitted until its subject is erased; the log verifies on [M28.erase]', async () => {
    const personal = { subjectId: 'sub_1', data: { email: 'ann@example.test', name: 'Ann Ä.' } }
    const other = { subjectId: 'sub_2', data: 'bob@example.test' }
    await test.store.within(org, (tx) =>
      appendAuditAll(
        tx,
        [
          { kind: 'user.created', actor, personal },
          { kind: 'user.created', actor, personal: other },
        ],
        { sealer },
      ),
    )
    const before = await signer.checkpointNow(org)
    const read = (seq: number, by?: Sealer) =>
      test.store.within(org, async (tx) => (await readEvent(tx, seq, by)).personal)
    expect(await read(0)).toEqual({ subject: 'sub_1', state: 'sealed' })
    expect(await read(0, sealer)).toEqual({ subject: 'sub_1', state: 'shown', data: personal.data })
    expect((await exported()).join('')).not.toContain('ann@example')

    await test.store.within(org, (tx) => eraseSubject(tx, 'sub_1', { actor, reason: 'asked' }))
    expect(await read(0)).toEqual({ subject: 'sub_1', state: 'erased' })
    expect(await read(0, sealer)).toEqual({ subject: 'sub_1', state: 'erased' })
    expect(await read(1, sealer)).toEqual({ subject: 'sub_2', state: 'shown', data: other.data })
    const report = await verify(await exported(), before.note)
    expect(report).toMatchObject({ ok: true, events: 3, kept: 1 })

    // What comes later for an erased subject is not written at all.
    await test.store.within(org, (tx) =>
      appendAudit(tx, { kind: 'user.changed', actor, personal }, { sealer }),
    )
    expect(await read(3, sealer)).toEqual({ subject: 'sub_1', state: 'erased' })
    const keys = await test.store.within(org, (tx) =>
      tx
        .selectFrom('audit_subject_key')
        .select(['subject_id', 'sealed_key'])
        .orderBy('subject_id')
        .execute(),
    )
    expect(keys[0]).toEqual({ subject_id: 'sub_1', sealed_key: null })
  })
})

describe('proofs from stored hashes', () => {
  it('verify for events and earlier sizes of a log with stored subtrees [M28.proofs-stored]', async () => {
    await append(700)
    await append(1, 700)
    await append(70, 701)
    const size = 771
    await test.store.within(org, async (tx) => {
      const rootAt = async (n: number) => new Uint8Array(rootOf(await treeAt(tx, n)))
      const root = await rootAt(size)
      for (const seq of [0, 1, 255, 256, 511, 512, 699, 700, 769, 770]) {
        const { hashes } = await inclusionProof(tx, seq, size)
        const { canonical } = await tx
          .selectFrom('audit_event')
          .select('canonical')
          .where('seq', '=', seq)
          .executeTakeFirstOrThrow()
        const leafHash = await leafHashOf(new TextEncoder().encode(canonical))
        const claim = { index: seq, size, leafHash, proof: hashes.map(bytes), root }
        expect(await verifyInclusion(claim)).toBe(true)
      }
      for (const from of [0, 1, 2, 255, 256, 257, 512, 700, 770, 771]) {
        const { hashes } = await consistencyProof(tx, from, size)
        const claim = {
          from,
          fromRoot: await rootAt(from),
          to: size,
          toRoot: root,
          proof: hashes.map(bytes),
        }
        expect(await verifyConsistency(claim)).toBe(true)
      }
      await expect(inclusionProof(tx, 771, 771)).rejects.toThrow('no event 771')
      await expect(inclusionProof(tx, 0, 772)).rejects.toThrow('has 771 events')
    })
    expect(await checkAudit(test.store, org)).toEqual({ events: size, checkpoints: 0, faults: [] })
  })
})

describe('exporting', () => {
  it('gives the whole log, and any part of it, so that each verifies [M28.export]', async () => {
    expect(await verify(await exported())).toMatchObject({ ok: true, events: 0, size: 0 })
    await append(40)
    const kept = await signer.checkpointNow(org)
    await append(1_500, 40)
    const whole = await verify(await exported(), kept.note)
    expect(whole).toMatchObject({ ok: true, events: 1_540, kept: 1, problems: [] })
    const part = await verify(await exported({ from: 30, to: 35 }))
    expect(part).toMatchObject({ ok: true, from: 30, events: 10, size: 40, problems: [] })
    const later = await exported({ from: 1_000 })
    expect(await verify(later)).toMatchObject({ ok: true, from: 1_000, events: 540, size: 1_540 })
    const bent = later.with(3, later[3]!.replace('doc_', 'dok_'))
    expect((await verify(bent)).ok).toBe(false)
    const otherPast = JSON.parse(later[0]!) as { frontier: string[] }
    otherPast.frontier[0] = base64(randomBytes(32))
    expect((await verify(later.with(0, `${JSON.stringify(otherPast)}\n`))).ok).toBe(false)
  })

  it('is not disturbed by what is written meanwhile [M28.export]', async () => {
    await append(1_200)
    const lines: string[] = []
    for await (const line of exportAudit(test.store, org, { signer })) {
      lines.push(line)
      if (lines.length === 100) {
        await append(5, 1_200)
        await signer.checkpointNow(org)
      }
    }
    expect(await verify(lines)).toMatchObject({ ok: true, events: 1_200, problems: [] })
  })
})

describe('reading', () => {
  it('filters and pages, newest first [M28.list]', async () => {
    await append(12)
    await test.store.within(org, (tx) =>
      appendAuditAll(tx, [
        {
          kind: 'access.denied',
          actor: { kind: 'service', id: 'key_1', userId: 'usr_bob' },
          outcome: 'denied',
          details: { rule: '100%_sure' },
        },
        { kind: 'key.created', actor, target: { kind: 'key', id: 'key_2' } },
      ]),
    )
    const list = (
      ...args: Parameters<typeof listAudit> extends [unknown, ...infer R] ? R : never
    ) =>
      test.store.within(org, async (tx) => {
        const page = await listAudit(tx, ...args)
        return { seqs: page.events.map((e) => e.seq), next: page.next }
      })
    expect(await list({}, { limit: 5 })).toEqual({ seqs: [13, 12, 11, 10, 9], next: 9 })
    expect(await list({}, { limit: 20, cursor: 3 })).toEqual({ seqs: [2, 1, 0], next: null })
    expect((await list({ kind: ['access.denied', 'key.created'] })).seqs).toEqual([13, 12])
    expect((await list({ actor: 'key_1' })).seqs).toEqual([12])
    expect((await list({ target: 'document:doc_4' })).seqs).toEqual([4])
    expect((await list({ text: '100%_SURE' })).seqs).toEqual([12])
    expect((await list({ text: '100x' })).seqs).toEqual([])
    expect((await list({ from: '2100-01-01' })).seqs).toEqual([])
    expect((await list({ to: '2100-01-01', kind: 'key.created' })).seqs).toEqual([13])
    await expect(list({ from: 'yesterday' })).rejects.toThrow('is not a time')
  })

  it('tells how long the log is and who signs it [M28.list]', async () => {
    await append(2)
    const state = () => test.store.within(org, (tx) => auditState(tx, org, signer))
    expect(await state()).toMatchObject({ size: 2, vkey: signer.vkey(org), checkpoint: null })
    const { note } = await signer.checkpointNow(org)
    expect(await state()).toMatchObject({ checkpoint: { size: 2, note } })
    const { leafHash } = await test.store.within(org, (tx) => readEvent(tx, 1))
    expect(leafHash).toMatch(/^[0-9a-f]{64}$/)
  })

  it('shows nothing of another organization [M27.tenant-scope]', async () => {
    await append(3)
    const other = await addOrganization(test.store)
    const seen = await test.store.within(other, (tx) => listAudit(tx))
    expect(seen).toEqual({ events: [], next: null })
    await expect(test.store.within(other, (tx) => readEvent(tx, 0))).rejects.toThrow(
      'no audit event',
    )
  })
})
