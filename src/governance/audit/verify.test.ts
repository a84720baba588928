import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifyExport } from '../../../sdk/src/audit/index.ts'
import { canonicalRecord, recordOf } from './events.ts'
import { auditOrigin, CheckpointKey } from './signing-key.ts'
import { appendLeaves, leafHash, type Tree } from './tree.ts'

const organization = 'org_test'
const origin = auditOrigin(organization)
const key = new CheckpointKey(Buffer.alloc(32, 7))
const vkey = key.vkey(origin)

interface Log {
  lines: string[]
  /** Signed notes by size. */
  notes: Map<number, string>
}

function eventText(seq: number, text: string): string {
  const place = { seq, at: new Date(1_700_000_000_000 + seq), organization }
  const actor = { kind: 'user', id: 'usr_1' } as const
  return canonicalRecord(
    recordOf({ kind: 'question.answered', actor, details: { text } }, place, undefined),
  )
}

/**
 * An honest export of events with these texts, a checkpoint after each of these sizes and at the
 * end.
 */
function honest(texts: readonly string[], points: readonly number[]): Log {
  const signing = new Set([...points.map((p) => p % (texts.length + 1)), texts.length])
  const header = { format: 'plinth-audit/1', organization, origin, vkey, from: 0, to: texts.length }
  const lines = [JSON.stringify({ ...header, frontier: [] })]
  const notes = new Map<number, string>()
  let tree: Tree = { size: 0, frontier: [] }
  const sign = () => {
    if (!signing.has(tree.size)) return
    const note = key.signCheckpoint(origin, tree)
    notes.set(tree.size, note)
    lines.push(JSON.stringify({ checkpoint: note }))
  }
  sign()
  for (const [seq, text] of texts.entries()) {
    const leaf = eventText(seq, text)
    lines.push(JSON.stringify({ seq, leaf }))
    tree = appendLeaves(tree, [leafHash(leaf)])
    sign()
  }
  return { lines, notes }
}

const logs = fc
  .tuple(
    fc.array(fc.string({ maxLength: 30 }), { minLength: 2, maxLength: 25 }),
    fc.array(fc.nat(1000), { maxLength: 5 }),
  )
  .map(([texts, points]) => ({ texts, points, ...honest(texts, points) }))

const eventLines = (log: Log) =>
  log.lines.flatMap((line, i) => (line.startsWith('{"seq"') ? [i] : []))
const verify = (lines: readonly string[], kept?: string) =>
  verifyExport(lines.map((line) => `${line}\n`).join(''), {
    vkey,
    ...(kept !== undefined && { earlierCheckpoint: kept }),
  })

async function expectDetected(lines: readonly string[], kept?: string): Promise<void> {
  const report = await verify(lines, kept)
  expect(report.ok).toBe(false)
  expect(report.problems.length).toBeGreaterThan(0)
  for (const problem of report.problems) expect(problem.remedy.length).toBeGreaterThan(10)
}

describe('verifying an export', () => {
  it('accepts every honest export, cut into chunks anywhere [M28.verify-honest]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.integer({ min: 1, max: 40 }), async (log, chunk) => {
        const bytes = Buffer.from(log.lines.join('\n'))
        async function* chunks() {
          for (let i = 0; i < bytes.length; i += chunk)
            yield new Uint8Array(bytes.subarray(i, i + chunk))
        }
        const kept = [...log.notes.values()].join('\n')
        const report = await verifyExport(chunks(), { vkey, earlierCheckpoint: kept })
        expect(report.problems).toEqual([])
        expect(report).toMatchObject({
          ok: true,
          organization,
          events: log.texts.length,
          size: log.texts.length,
          checkpoints: log.notes.size,
          kept: log.notes.size,
          keyFrom: 'caller',
        })
      }),
      { numRuns: 40 },
    )
  })

  it('detects a deleted event [M28.verify-deleted]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(1000), async (log, pick) => {
        const events = eventLines(log)
        await expectDetected(log.lines.toSpliced(events[pick % events.length]!, 1))
      }),
      { numRuns: 40 },
    )
  })

  it('detects a deleted event whose followers were renumbered [M28.verify-deleted]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(1000), async (log, pick) => {
        const gone = pick % log.texts.length
        const renumbered = honest(log.texts.toSpliced(gone, 1), []).lines.slice(1, -1)
        const last = log.lines.at(-1)!
        await expectDetected([log.lines[0]!, ...renumbered, last])
      }),
      { numRuns: 40 },
    )
  })

  it('detects an edited event, one character anywhere in its line [M28.verify-edited]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(1000), fc.nat(10_000), async (log, pick, at) => {
        const events = eventLines(log)
        const line = log.lines[events[pick % events.length]!]!
        const where = at % line.length
        const edited = `${line.slice(0, where)}${line[where] === '~' ? '!' : '~'}${line.slice(where + 1)}`
        await expectDetected(log.lines.with(events[pick % events.length]!, edited))
      }),
      { numRuns: 100 },
    )
  })

  it('detects two events that changed places, numbers and all [M28.verify-reordered]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(1000), fc.boolean(), async (log, pick, renumber) => {
        const [a, b] = [pick % log.texts.length, (pick + 1) % log.texts.length]
        fc.pre(log.texts[a] !== log.texts[b])
        const events = eventLines(log)
        const line = (seq: number, from: number) =>
          renumber
            ? JSON.stringify({ seq, leaf: eventText(seq, log.texts[from]!) })
            : log.lines[events[from]!]!
        const swapped = log.lines.with(events[a]!, line(a, b)).with(events[b]!, line(b, a))
        await expectDetected(swapped)
      }),
      { numRuns: 60 },
    )
  })

  it('detects a cut at any line, and at any character [M28.verify-truncated]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(100_000), async (log, cut) => {
        await expectDetected(log.lines.slice(0, cut % log.lines.length))
        const text = log.lines.join('\n')
        const report = await verifyExport(text.slice(0, cut % text.length), { vkey })
        expect(report.ok).toBe(false)
      }),
      { numRuns: 60 },
    )
  })

  it('detects a log cut back to an older checkpoint by one that was kept [M28.verify-truncated]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(1000), async (log, pick) => {
        const fewer = pick % log.texts.length
        const shorter = honest(log.texts.slice(0, fewer), [])
        // Made whole again by somebody who holds the signing key: the file alone cannot show it …
        expect((await verify(shorter.lines)).ok).toBe(true)
        // … a checkpoint kept elsewhere does.
        await expectDetected(shorter.lines, log.notes.get(log.texts.length)!)
      }),
      { numRuns: 40 },
    )
  })

  it('detects a fork by a kept checkpoint, though the fork is signed [M28.verify-forked]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(1000), fc.string({ maxLength: 9 }), async (log, pick, text) => {
        const at = pick % log.texts.length
        fc.pre(log.texts[at] !== text)
        const other = honest([...log.texts.with(at, text), 'and one more'], [])
        expect((await verify(other.lines)).ok).toBe(true)
        await expectDetected(other.lines, log.notes.get(log.texts.length)!)
      }),
      { numRuns: 40 },
    )
  })

  it('detects forged events at the end, and forged checkpoints for them [M28.verify-forged]', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.string({ maxLength: 9 }), async (log, text) => {
        const n = log.texts.length
        const forged = JSON.stringify({ seq: n, leaf: eventText(n, text) })
        await expectDetected([...log.lines, forged])
        const thief = new CheckpointKey(Buffer.alloc(32, 8))
        const tree = [...log.texts, text].reduce<Tree>(
          (t, words, seq) => appendLeaves(t, [leafHash(eventText(seq, words))]),
          { size: 0, frontier: [] },
        )
        const checkpoint = thief.signCheckpoint(origin, tree)
        await expectDetected([...log.lines, forged, JSON.stringify({ checkpoint })])
        const own = log.lines.with(0, log.lines[0]!.replace(vkey, thief.vkey(origin)))
        await expectDetected([...own, forged, JSON.stringify({ checkpoint })])
      }),
      { numRuns: 30 },
    )
  })

  it('detects checkpoints that changed places, of another log, or under another key [M28.verify-swapped]', async () => {
    const log = honest(['a', 'b', 'c', 'd'], [2])
    const points = log.lines.flatMap((line, i) => (line.startsWith('{"checkpoint"') ? [i] : []))
    const [one, two] = [points[0]!, points.at(-1)!]
    expect(one).not.toBe(two)
    await expectDetected(log.lines.with(one, log.lines[two]!).with(two, log.lines[one]!))
    const other = honest(['a', 'b', 'c', 'e'], [2])
    await expectDetected(log.lines.with(two, other.lines.at(-1)!))
    const tree = appendLeaves(
      { size: 0, frontier: [] },
      ['a', 'b', 'c', 'd'].map((text, seq) => leafHash(eventText(seq, text))),
    )
    const elsewhere = key.signCheckpoint(auditOrigin('org_other'), tree)
    await expectDetected(log.lines.with(two, JSON.stringify({ checkpoint: elsewhere })))
    const thief = new CheckpointKey(Buffer.alloc(32, 8))
    const resigned = JSON.stringify({ checkpoint: thief.signCheckpoint(origin, tree) })
    const header = log.lines[0]!.replace(vkey, thief.vkey(origin))
    await expectDetected(log.lines.with(0, header).with(two, resigned))
  })

  it('says what it could not prove [M28.verify-honest]', async () => {
    const log = honest(['a', 'b'], [])
    const report = await verifyExport(log.lines.join('\n'))
    expect(report.ok).toBe(true)
    expect(report.keyFrom).toBe('export')
    expect(report.unproven.join(' ')).toMatch(
      /key was read from the export itself.*keep checkpoints/s,
    )
  })

  it.each([
    ['nothing', '', 'empty'],
    ['prose', 'not json', 'not an audit export'],
    ['another format', '{"format":"plinth-audit/2"}', 'plinth-audit/1'],
    ['null', 'null', 'plinth-audit/1'],
    ['an endless line', 'x'.repeat(5_000_000), 'longer than'],
  ])(
    'answers %s with a problem, not an exception [M28.verify-truncated]',
    async (_, text, what) => {
      const report = await verifyExport(text)
      expect(report.ok).toBe(false)
      expect(report.problems[0]!.what).toContain(what)
    },
  )

  it('keeps its report small for a log that is wrong everywhere [M28.verify-memory]', async () => {
    const log = honest(
      Array.from({ length: 300 }, (_, i) => `${i}`),
      [],
    )
    const report = await verify(log.lines.map((line) => line.replace('\\"v\\":1', '\\"v\\":2')))
    expect(report.problemCount).toBeGreaterThan(300)
    expect(report.problems.length).toBe(100)
  })
})
